/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Frames of the gdb remote serial protocol (gdb's manual, appendix "GDB Remote Serial Protocol", section
 * "Overview"): bytes to requests, replies to bytes. Pure: no I/O, no memory but the caller's.
 *
 *     $BODY#CC     CC: the sum of BODY's bytes as they travel, modulo 256, in hexadecimal
 *
 * In a body '#', '$', '}' and, in replies, '*' are written as '}' and the byte ^ 0x20: an unescaped '#' ends a frame
 * and an unescaped '$' begins one, wherever they come. Between frames '+' says that one came whole, '-' that it did not,
 * and the byte 3 asks what runs to stop. Replies are never run-length encoded: both sides may leave that away.
 */
#ifndef KD_GDB_PACKET_H
#define KD_GDB_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	KD_GDB_BODY_BYTES = 0x4000, /* of the longest body, as it travels: the PacketSize we tell */
	KD_GDB_FRAME_BYTES = KD_GDB_BODY_BYTES + 4,
};

enum kd_gdb_event {
	KD_GDB_MORE,      /* nothing is whole yet */
	KD_GDB_REQUEST,   /* a body is in the parser, until its next byte */
	KD_GDB_DAMAGED,   /* a frame whose sum is wrong, or that ends within an escape */
	KD_GDB_OVERLONG,  /* a frame that came whole, with more than KD_GDB_BODY_BYTES */
	KD_GDB_ACK,       /* '+' */
	KD_GDB_NAK,       /* '-' */
	KD_GDB_INTERRUPT, /* the byte 3 */
};

struct kd_gdb_parser {
	enum { KD_GDB_BETWEEN, KD_GDB_IN_BODY, KD_GDB_IN_SUM } state;
	bool escaped;
	uint8_t sum;
	unsigned int claimed, digits;     /* of the sum in the frame; above 0xff: no number */
	size_t travelled;                 /* bytes of the body so far, escapes included */
	size_t size;                      /* of the body, without its escapes */
	char body[KD_GDB_BODY_BYTES + 1]; /* has a NUL behind it when it is whole */
};

void kd_gdb_parser_init(struct kd_gdb_parser *parser);
/* Takes one byte. Noise between frames is KD_GDB_MORE. */
enum kd_gdb_event kd_gdb_parse(struct kd_gdb_parser *parser, uint8_t byte);

/* A reply that is being put together; kd_gdb_frame_begin() begins the next. */
struct kd_gdb_frame {
	uint8_t bytes[KD_GDB_FRAME_BYTES];
	size_t size; /* of the frame so far, whole after kd_gdb_frame_end() */
	bool full;   /* something did not fit, and was left away */
};

void kd_gdb_frame_begin(struct kd_gdb_frame *frame);
/* How many bytes kd_gdb_put_binary() surely has room for, and kd_gdb_put_hex() exactly: half of what is left. */
size_t kd_gdb_frame_room(const struct kd_gdb_frame *frame);
/* Bytes as they are, escaped; as two digits each; text as printf(3) formats it, of at most 255 bytes. */
void kd_gdb_put_binary(struct kd_gdb_frame *frame, const void *data, size_t bytes);
void kd_gdb_put_hex(struct kd_gdb_frame *frame, const void *data, size_t bytes);
void kd_gdb_put(struct kd_gdb_frame *frame, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void kd_gdb_frame_end(struct kd_gdb_frame *frame);

/* A hexadecimal number at *text, which moves behind it; false: there is none, or it needs more than 64 bits. */
bool kd_gdb_number(const char **text, uint64_t *value);
/* The bytes that pairs of digits stand for. False when they are none, or more than `most`. */
bool kd_gdb_from_hex(const char *digits, void *data, size_t most, size_t *bytes);

#endif
