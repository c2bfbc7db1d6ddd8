/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Loading the second kernel, whichever way.
 *
 * Two halves, so that nothing that can be checked is found out after the old image is gone (the
 * system call frees it first): kd_load_prepare() reads, checks, places and digests everything;
 * kd_load_commit() only calls the kernel.
 */
#ifndef KD_LOAD_LOAD_H
#define KD_LOAD_LOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/log.h"
#include "host/paths.h"

enum kd_load_method { KD_LOAD_AUTO, KD_LOAD_FILE, KD_LOAD_SEGMENTS };
enum kd_backup { KD_BACKUP_AUTO, KD_BACKUP_ALWAYS, KD_BACKUP_NEVER };

struct kd_load_request {
	const struct kd_paths *paths;
	const char *kernel_path;
	const char *initrd_path;  /* NULL: none */
	const char *command_line; /* the base; NULL: empty */
	bool reuse_command_line;  /* start from the running kernel's instead */
	const char *append;       /* NULL: nothing */
	const char
		*remove;   /* names of parameters that are not passed, blanks between; NULL: none */
	unsigned int cpus; /* that the second kernel uses; 0: one */
	enum kd_load_method method;
	enum kd_backup backup;
	const struct kd_log *log;
};

/* One piece of what is loaded; addresses are physical. */
struct kd_load_segment {
	const char *name; /* "kernel", "initrd", "boot parameters", "elf core header", … */
	const void *data; /* borrowed from the image, data_bytes of it; the rest is zeros */
	uint64_t data_bytes;
	uint64_t paddr;        /* page aligned */
	uint64_t memory_bytes; /* whole pages */
	bool digested;         /* false: the kernel changes it on CPU or memory hotplug */
};

struct kd_load_image;

/* method must be FILE or SEGMENTS here; kd_load_choose_method() decides AUTO. */
enum kd_status kd_load_prepare(const struct kd_load_request *request, struct kd_load_image **image,
			       struct kd_err *err);
enum kd_status kd_load_commit(struct kd_load_image *image, struct kd_err *err);
void kd_load_image_free(struct kd_load_image *image);

const struct kd_load_segment *kd_load_segments(const struct kd_load_image *image, size_t *count);
const char *kd_load_command_line(const struct kd_load_image *image); /* the whole, as passed */
bool kd_load_backs_up(const struct kd_load_image *image);

#endif
