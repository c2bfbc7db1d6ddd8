/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A cpio archive ("newc", as Documentation/driver-api/early-userspace/buffer-format.rst describes
 * what the kernel unpacks) that depends on nothing but its content: sorted, owned by root, time 0.
 */
#ifndef KD_LOAD_CPIO_H
#define KD_LOAD_CPIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct kd_cpio_entry {
	char *path; /* without leading slash */
	unsigned int mode;
	unsigned int device_major, device_minor; /* of a device node */
	void *data;
	size_t bytes;
};

struct kd_cpio {
	struct kd_cpio_entry *entries;
	size_t count;
};

/*
 * Each adds one entry and the folders above it that are not there yet; a path may start with a
 * slash. kd_cpio_add_file takes over data (from malloc), also when it fails. KD_NOMEM, KD_INVALID
 * for a path that is there already.
 */
enum kd_status kd_cpio_add_folder(struct kd_cpio *cpio, const char *path, unsigned int mode,
				  struct kd_err *err);
enum kd_status kd_cpio_add_device(struct kd_cpio *cpio, const char *path, unsigned int mode,
				  unsigned int device_major, unsigned int device_minor,
				  struct kd_err *err);
enum kd_status kd_cpio_add_file(struct kd_cpio *cpio, const char *path, unsigned int mode,
				void *data, size_t bytes, struct kd_err *err);

/* Whether there is an entry of that path. */
bool kd_cpio_has(const struct kd_cpio *cpio, const char *path);

/* The archive, sorted by path: *data is the caller's to free. */
enum kd_status kd_cpio_pack(struct kd_cpio *cpio, char **data, size_t *bytes, struct kd_err *err);

void kd_cpio_deinit(struct kd_cpio *cpio);

#endif
