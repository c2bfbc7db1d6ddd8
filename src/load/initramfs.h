/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The capture image: the initramfs that the second kernel starts from.
 *
 * It holds kdump-capture as /init, the resolved configuration as /etc/kdump.conf, those modules
 * that reaching the targets needs, decompressed, with their load order in /etc/kdump/modules, how their devices are put
 * together, and the hooks. config/image.h has the places. The same inputs give the same bytes.
 *
 * Two halves: kd_initramfs_make() finds out everything and fails where the second kernel could not
 * reach the target; kd_initramfs_write() only writes.
 */
#ifndef KD_LOAD_INITRAMFS_H
#define KD_LOAD_INITRAMFS_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/log.h"
#include "config/config.h"
#include "host/paths.h"
#include "load/targets.h"

/* Static programs. */
struct kd_image_programs {
	const char *capture;        /* kdump-capture */
	const char *busybox, *view; /* for the rescue shell, when it is configured */
};

struct kd_initramfs_request {
	const struct kd_paths *paths;
	const char *kernel_version; /* a folder below paths->modules */
	struct kd_image_programs programs;
	const struct kd_config *config; /* a target's device may be NULL: found from its path */
	const struct kd_log *log;
};

/* A module of the image, in load order. Strings are the image's own. */
struct kd_initramfs_module {
	char *name;
	char *source;          /* the file on this system */
	char *path;            /* absolute path in the image */
	uint64_t stored_bytes; /* of the file on this system, perhaps compressed */
	uint64_t bytes;        /* in the image */
};

struct kd_initramfs;

/*
 * Finds the target and its modules and packs the image in memory. KD_NOTFOUND: no target, no such
 * kernel version, a module missing; KD_UNSUPPORTED: a target that the second kernel cannot reach;
 * KD_INVALID, KD_CORRUPT, KD_SYSTEM, KD_NOMEM.
 */
enum kd_status kd_initramfs_make(const struct kd_initramfs_request *request,
				 struct kd_initramfs **image, struct kd_err *err);
void kd_initramfs_free(struct kd_initramfs *image);

/* Replaces path by the image, atomically. */
enum kd_status kd_initramfs_write(const struct kd_initramfs *image, const char *path,
				  struct kd_err *err);

/* What the rescue shell costs, unpacked. */
struct kd_initramfs_rescue {
	uint64_t busybox_bytes, view_bytes, module_bytes;
};
/* NULL in an image without one. */
const struct kd_initramfs_rescue *kd_initramfs_rescue(const struct kd_initramfs *image);

const struct kd_initramfs_module *kd_initramfs_modules(const struct kd_initramfs *image,
						       size_t *count);
/* What /etc/kdump.conf of the image says: device as UUID=…, type and path resolved. */
const struct kd_config *kd_initramfs_config(const struct kd_initramfs *image);
/* The targets on this system, in the order of that configuration's. */
const struct kd_targets *kd_initramfs_targets(const struct kd_initramfs *image);
/* The block device of the first on this system, as its kernel name ("vda1"). */
const char *kd_initramfs_block_name(const struct kd_initramfs *image);
const char *kd_initramfs_compressor(const struct kd_initramfs *image);  /* "zstd", "gzip", "none" */
uint64_t kd_initramfs_bytes(const struct kd_initramfs *image);          /* as written */
uint64_t kd_initramfs_unpacked_bytes(const struct kd_initramfs *image); /* the cpio archive */
const void *kd_initramfs_data(const struct kd_initramfs *image);

struct kd_initramfs_entry {
	const char *path;  /* without leading slash */
	unsigned int mode; /* as st_mode */
	uint64_t bytes;
	struct archive *archive; /* for kd_initramfs_entry_read() */
};

/*
 * What an entry holds, with a NUL behind it, for the caller to free: to be asked for while it is shown. KD_CORRUPT;
 * KD_UNSUPPORTED: it is larger than limit_bytes; KD_NOMEM.
 */
enum kd_status kd_initramfs_entry_read(const struct kd_initramfs_entry *entry, size_t limit_bytes,
				       char **data, size_t *bytes, struct kd_err *err);

/* Calls `show` for every entry of an image file, in its order; damage is KD_CORRUPT. */
enum kd_status kd_initramfs_list(const char *path,
				 void (*show)(void *opaque, const struct kd_initramfs_entry *entry),
				 void *opaque, struct kd_err *err);

#endif
