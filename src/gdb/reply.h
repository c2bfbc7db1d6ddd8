/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Replies of the kinds that several requests have. */
#ifndef KD_GDB_REPLY_H
#define KD_GDB_REPLY_H

#include "gdb/link.h"

/*
 * Numbers of the error replies "E NN". gdb gives them no meaning; they are those of errno that come nearest, so that
 * a log of the protocol can be read.
 */
enum kd_gdb_error {
	KD_GDB_E_READ = 5,      /* EIO: the dump is damaged, or cannot be read */
	KD_GDB_E_HOLE = 6,      /* ENXIO: there was no RAM */
	KD_GDB_E_FAULT = 14,    /* EFAULT: not mapped */
	KD_GDB_E_INVALID = 22,  /* EINVAL: a request that makes no sense */
	KD_GDB_E_EXCLUDED = 61, /* ENODATA: left out of the dump */
};

enum kd_gdb_then kd_gdb_reply_text(struct kd_gdb_link *link, const char *text);
enum kd_gdb_then kd_gdb_reply_error(struct kd_gdb_link *link, enum kd_gdb_error error);
/* That the thread of that rank has stopped, by no signal. */
enum kd_gdb_then kd_gdb_reply_stopped(struct kd_gdb_link *link, size_t rank);
/* Of a document what "OFFSET,LENGTH" asks for. */
enum kd_gdb_then kd_gdb_reply_part(struct kd_gdb_link *link, const char *document,
				   const char *range);
/* Text for gdb's user, in as many frames as it takes; ahead of the reply itself. */
void kd_gdb_reply_console(struct kd_gdb_link *link, const char *text, size_t bytes);

/* "A,B" of a request: two numbers, and nothing behind them. */
bool kd_gdb_parse_range(const char *rest, uint64_t *first, uint64_t *second);

#endif
