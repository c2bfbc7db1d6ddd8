/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The bytes that a format reads: those of a file as they stand, or of a flattened file (dump/flattened.c)
 * put in their order without being written anywhere. Immutable once open, and so shared by threads.
 * Private to this layer.
 */
#ifndef KD_DUMP_MEDIUM_H
#define KD_DUMP_MEDIUM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct kd_extent {
	uint64_t offset;      /* in the order of the dump */
	uint64_t bytes;       /* never 0 */
	uint64_t file_offset; /* where they stand */
};

/* Which file it is, by whatever name: of a device, the device. */
struct kd_file_id {
	uint64_t device, inode;
};

struct kd_medium {
	int fd;
	struct kd_file_id id;
	uint64_t bytes;            /* of the dump, put in order */
	uint64_t file_bytes;       /* of the file */
	bool cut;                  /* the flattened file ends before its end mark */
	bool is_proc;              /* a file of the kernel's: reading costs more than mapping */
	bool is_file;              /* a regular file of a file system */
	struct kd_extent *extents; /* sorted, not overlapping; NULL: as they stand */
	size_t extent_count;
};

/*
 * Opens a file or a block device, and indexes it when it is flattened, unless it is to be taken as it stands.
 * KD_SYSTEM, KD_UNSUPPORTED …
 */
enum kd_status kd_medium_open(struct kd_medium *medium, const char *path, bool as_it_stands,
			      struct kd_err *err);
struct stat;
struct kd_file_id kd_file_id(const struct stat *st);
void kd_medium_close(struct kd_medium *medium);

/*
 * Reads up to `bytes` at offset, at least one: *got of them. What no record of a flattened file has is
 * zero. KD_TRUNCATED past the end, KD_SYSTEM.
 */
enum kd_status kd_medium_read(const struct kd_medium *medium, uint64_t offset, void *buffer,
			      size_t bytes, size_t *got, struct kd_err *err);

/* Reads all of the bytes. */
enum kd_status kd_medium_copy(const struct kd_medium *medium, uint64_t offset, void *buffer,
			      size_t bytes, struct kd_err *err);

/*
 * The first offset from `offset` on that may hold something else than zeros: further on where the file
 * system tells of a hole, else offset itself. At most the medium's size.
 */
uint64_t kd_medium_next_data(const struct kd_medium *medium, uint64_t offset);

/* True when the file starts as a flattened one does; then kd_flattened_index() fills the extents. */
bool kd_is_flattened(const void *magic, size_t bytes);
enum kd_status kd_flattened_index(struct kd_medium *medium, struct kd_err *err);

#endif
