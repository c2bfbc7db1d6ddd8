/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where a dump goes: rows of one table, a file, a piece of a block device, or a stream: flattened, as
 * makedumpfile -F does it (docs/format-kdump.md), or plain for what comes in order anyway. What was
 * skipped reads as zeros afterwards. A later write may overwrite an earlier one, but for a plain stream.
 *
 * A second kernel has some 20 MiB in all. Written pages must therefore leave the page cache as fast as
 * they come: every few MiB a paced sink starts writing back what is new, waits for what is older, and
 * drops it. (O_DIRECT would need copies: from a mapping of /proc/vmcore it fails with EFAULT.)
 */
#ifndef KD_SAVE_SINK_H
#define KD_SAVE_SINK_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct kd_sink;

struct kd_sink_kind {
	const char *name;
	bool in_order; /* writes must come in rising order, without overwriting */
	bool has_past; /* what is not written holds what was there before, another dump perhaps */
	enum kd_status (*begin)(struct kd_sink *sink, struct kd_err *err); /* NULL: nothing to do */
	enum kd_status (*write)(struct kd_sink *sink, uint64_t offset, const void *data,
				size_t bytes, struct kd_err *err);
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
	bool owns_file;       /* made by kd_sink_open_file(): can be emptied */
	uint64_t base;        /* offset of byte 0 in fd */
	uint64_t limit_bytes; /* room from base on; UINT64_MAX: the file system's business */
	uint64_t at;          /* of a stream: how much was written */
	uint64_t end_bytes;   /* of a flattened one: where its records end */
	/* borrowed; NULL: none. Once it is not 0, a write that waits for room ends with an error */
	const volatile sig_atomic_t *stop;
	bool pace;              /* keep the page cache small */
	bool full;              /* a write failed for lack of room */
	uint64_t started_bytes; /* write-back of these was started, */
	uint64_t settled_bytes; /* and of these it is done */
};

/* Creates path (mode 0600), which must not exist. KD_SYSTEM. */
enum kd_status kd_sink_open_file(struct kd_sink *sink, const char *path, struct kd_err *err);
/* Opens a block device for writing from offset `base` to its end. */
enum kd_status kd_sink_open_device(struct kd_sink *sink, const char *path, uint64_t base,
				   struct kd_err *err);
/* Writes into a descriptor, which stays the caller's: flattened, or plain. KD_SYSTEM. */
enum kd_status kd_sink_open_stream(struct kd_sink *sink, int fd, bool flattened,
				   struct kd_err *err);
/* Makes a file that is still empty a flattened one: the same bytes as into a stream. KD_SYSTEM. */
enum kd_status kd_sink_flatten(struct kd_sink *sink, struct kd_err *err);
void kd_sink_close(struct kd_sink *sink);

/* False for a stream: what was written is gone, and cannot be changed. */
bool kd_sink_can_rewrite(const struct kd_sink *sink);
/* False for what is no file or device: it cannot be begun again. A flattened file can. */
bool kd_sink_can_restart(const struct kd_sink *sink);
/* Throws away what was written. */
enum kd_status kd_sink_restart(struct kd_sink *sink, struct kd_err *err);

/*
 * Makes sure that so many bytes at offset can be written later whatever else comes, where the target
 * can do that; they read as zeros until then.
 */
enum kd_status kd_sink_reserve(struct kd_sink *sink, uint64_t offset, uint64_t bytes,
			       struct kd_err *err);

/* KD_SYSTEM; the message of a full target says how much of the dump was written, and sink->full is set. */
enum kd_status kd_sink_write(struct kd_sink *sink, uint64_t offset, const void *data, size_t bytes,
			     struct kd_err *err);
enum kd_status kd_sink_zero(struct kd_sink *sink, uint64_t offset, uint64_t bytes,
			    struct kd_err *err);
/* Throws away what was written behind total_bytes, where that can be done: of a file. */
enum kd_status kd_sink_cut(struct kd_sink *sink, uint64_t total_bytes, struct kd_err *err);
/* Puts what was written on stable storage; a stream has none. */
enum kd_status kd_sink_sync(struct kd_sink *sink, struct kd_err *err);
/* Ends a dump of total_bytes, and puts it on stable storage. */
enum kd_status kd_sink_end(struct kd_sink *sink, uint64_t total_bytes, struct kd_err *err);

#endif
