/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where a dump goes: rows of one table, a file or a piece of a block device. Writes come in rising
 * order; what was skipped reads as zeros afterwards.
 *
 * A second kernel has some 20 MiB in all. Written pages must therefore leave the page cache as fast as
 * they come: every few MiB the sink starts writing back what is new, waits for what is older, and
 * drops it. (O_DIRECT would need copies: from a mapping of /proc/vmcore it fails with EFAULT.)
 */
#ifndef KD_SAVE_SINK_H
#define KD_SAVE_SINK_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct kd_sink;

struct kd_sink_kind {
	const char *name;
	/* Makes `bytes` bytes at offset read as zeros. */
	enum kd_status (*zero)(struct kd_sink *sink, uint64_t offset, uint64_t bytes,
			       struct kd_err *err);
	/* All was written: sets the length, if there is one to set. */
	enum kd_status (*end)(struct kd_sink *sink, uint64_t total_bytes, struct kd_err *err);
};

struct kd_sink {
	const struct kd_sink_kind *kind;
	const char *path; /* borrowed */
	int fd;
	uint64_t base;          /* offset of byte 0 in fd */
	uint64_t limit_bytes;   /* room from base on; UINT64_MAX: the file system's business */
	uint64_t started_bytes; /* write-back of these was started, */
	uint64_t settled_bytes; /* and of these it is done */
};

/* Creates path (mode 0600), which must not exist. KD_SYSTEM. */
enum kd_status kd_sink_open_file(struct kd_sink *sink, const char *path, struct kd_err *err);
/* Opens a block device for writing from offset `base` to its end. */
enum kd_status kd_sink_open_device(struct kd_sink *sink, const char *path, uint64_t base,
				   struct kd_err *err);
void kd_sink_close(struct kd_sink *sink);

/* KD_SYSTEM; the message of a full target says how much of the dump was written. */
enum kd_status kd_sink_write(struct kd_sink *sink, uint64_t offset, const void *data, size_t bytes,
			     struct kd_err *err);
enum kd_status kd_sink_zero(struct kd_sink *sink, uint64_t offset, uint64_t bytes,
			    struct kd_err *err);
/* Ends a dump of total_bytes and puts it on stable storage. */
enum kd_status kd_sink_end(struct kd_sink *sink, uint64_t total_bytes, struct kd_err *err);

#endif
