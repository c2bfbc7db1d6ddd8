/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whole small files, read and written so that a crash in between loses nothing. */
#ifndef KD_HOST_FILE_H
#define KD_HOST_FILE_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/sha256.h"

/*
 * Reads a whole file, sysfs and procfs included (their st_size is not believed). *data is allocated,
 * has a NUL after its *bytes bytes, and is the caller's to free. A file of more than limit_bytes
 * is KD_UNSUPPORTED. KD_NOTFOUND, KD_SYSTEM, KD_NOMEM. The message starts with the path.
 */
enum kd_status kd_file_read(const char *path, size_t limit_bytes, char **data, size_t *bytes,
			    struct kd_err *err);

/*
 * The one number that a file of sysfs holds, in that base (0: as its prefix says), with nothing but
 * white space behind it. KD_CORRUPT when it is something else; else as kd_file_read.
 */
enum kd_status kd_file_read_number(const char *path, int base, uint64_t *value, struct kd_err *err);

/*
 * Replaces path by these bytes: written beside it, synced, renamed, the folder synced. Either the old
 * or the new content is there afterwards. mode as in open(2). What is there and no file (a device, a pipe) stays, and is
 * written to.
 */
enum kd_status kd_file_replace(const char *path, const void *data, size_t bytes, unsigned int mode,
			       struct kd_err *err);

/* The digest of a file's content, read through once; *bytes (may be NULL) gets its size. */
enum kd_status kd_file_sha256(const char *path, uint8_t digest[KD_SHA256_BYTES], uint64_t *bytes,
			      struct kd_err *err);
/* The same of `bytes` bytes at offset, of a device for one. KD_TRUNCATED when it ends before. */
enum kd_status kd_file_sha256_range(const char *path, uint64_t offset, uint64_t bytes,
				    uint8_t digest[KD_SHA256_BYTES], struct kd_err *err);

/* Writes all of it, retrying short writes and EINTR. `what` names the file in the message. */
enum kd_status kd_write_all(int fd, const void *data, size_t bytes, const char *what,
			    struct kd_err *err);

/* mkdir -p with `mode` for what it makes. */
enum kd_status kd_make_folders(const char *path, unsigned int mode, struct kd_err *err);

/* Cleanup helpers: `__attribute__((cleanup(kd_free_p)))`, `KD_CLEANUP_FREE char *text = NULL;`. */
void kd_free_p(void *pointer);
void kd_close_p(int *fd);
#define KD_CLEANUP_FREE  __attribute__((cleanup(kd_free_p)))
#define KD_CLEANUP_CLOSE __attribute__((cleanup(kd_close_p)))

#endif
