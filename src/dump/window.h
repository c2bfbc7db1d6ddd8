/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A file seen through a few mmap windows, reused in turn, so that neither address space nor page
 * tables grow with the file. Where mapping is refused, the same interface reads into a buffer.
 */
#ifndef KD_DUMP_WINDOW_H
#define KD_DUMP_WINDOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dump/medium.h"

/*
 * By reading, small: of what a window holds, mostly little is wanted, and it takes less to read more of such windows than
 * the rest of larger ones. Where one follows the other they grow, as a file's read-ahead does.
 */
enum {
	KD_WINDOWS = 8,
	KD_WINDOW_BYTES = 4 << 20,
	KD_READ_WINDOW_BYTES = 16 << 10,
	KD_READ_AHEAD_BYTES = 64 << 10,
};

struct kd_windows {
	const struct kd_medium *medium; /* borrowed */
	size_t window_bytes;
	bool by_read;     /* windows are filled by pread(2), not mapped */
	uint64_t sequel;  /* where the window that was read last ended; UINT64_MAX: none */
	size_t last_read; /* how long it was to be */
	uint64_t clock;
	struct kd_window_slot {
		uint8_t *data; /* NULL: unused; else buffer, or mapped */
		uint64_t offset;
		size_t bytes;
		uint64_t used;   /* clock of the last use */
		uint8_t *buffer; /* what is read; kept for the next. NULL: none yet */
		size_t room;     /* bytes of it */
	} slots[KD_WINDOWS];
};

/* window_bytes 0: a default. A flattened file is always read. */
void kd_windows_init(struct kd_windows *windows, const struct kd_medium *medium,
		     size_t window_bytes, bool by_read);
void kd_windows_deinit(struct kd_windows *windows);

/*
 * The bytes at offset in place: *bytes of them, at least one, up to the end of the window. Valid
 * until KD_WINDOWS - 1 further calls. KD_TRUNCATED past the end of the file, KD_SYSTEM, KD_NOMEM.
 */
enum kd_status kd_windows_at(struct kd_windows *windows, uint64_t offset, const uint8_t **data,
			     size_t *bytes, struct kd_err *err);

/* Copies bytes, which may cross windows. */
enum kd_status kd_windows_copy(struct kd_windows *windows, uint64_t offset, void *buffer,
			       size_t bytes, struct kd_err *err);

#endif
