/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One conversation with gdb: requests in, replies out, and who has acknowledged what. Knows no file descriptors: whoever
 * has one gives it the bytes that came, and writes those that it has to send.
 *
 * Until gdb turns it off (QStartNoAckMode), every frame waits for a '+' of the other side before the next is sent, and a
 * '-' sends it again. A request may have several replies (console output comes before the last), so they queue. A new
 * request means that what was sent for those before it is of no interest any more.
 */
#ifndef KD_GDB_LINK_H
#define KD_GDB_LINK_H

#include "base/err.h"
#include "gdb/packet.h"

struct kd_gdb_link;

enum kd_gdb_then { KD_GDB_GO_ON, KD_GDB_NO_MORE_ACKS, KD_GDB_OVER };

/*
 * Answers a request, a NUL-terminated body of that many bytes, with any number of kd_gdb_link_reply(). With NULL the
 * request was too long to be kept.
 */
typedef enum kd_gdb_then kd_gdb_answer(void *opaque, const char *request, size_t bytes,
				       struct kd_gdb_link *link);

struct kd_gdb_link {
	kd_gdb_answer *answer;
	void *opaque;
	struct kd_gdb_parser parser;
	struct kd_gdb_frame frame; /* for whoever answers: the reply in the making */
	bool no_acks, over;
	bool no_memory;    /* for replies: then the conversation is over */
	char acks[2];      /* to be sent before any frame */
	size_t ack_count;  /* of them */
	uint8_t *queue;    /* whole frames */
	size_t size, room; /* bytes */
	size_t first;      /* where the first begins that was not acknowledged */
	size_t sent;       /* up to here the queue was given to be sent */
};

void kd_gdb_link_init(struct kd_gdb_link *link, kd_gdb_answer *answer, void *opaque);
void kd_gdb_link_deinit(struct kd_gdb_link *link);

/* Takes bytes that came, up to the first that leaves something to send; returns how many. */
size_t kd_gdb_link_take(struct kd_gdb_link *link, const void *data, size_t bytes);
/* What is to be sent now, NULL: nothing. It counts as sent, and is valid until the next call. */
const void *kd_gdb_link_send(struct kd_gdb_link *link, size_t *bytes);
/*
 * Whether the conversation has ended, its last reply acknowledged where that is to be; what there is to send is still to
 * be sent.
 */
bool kd_gdb_link_is_over(const struct kd_gdb_link *link);

/* Queues link->frame, which has been begun and not ended. */
void kd_gdb_link_reply(struct kd_gdb_link *link);

#endif
