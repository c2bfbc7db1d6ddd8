/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A second kernel as a file: a table of formats that know where their pieces go.
 */
#ifndef KD_LOAD_KERNEL_IMAGE_H
#define KD_LOAD_KERNEL_IMAGE_H

#include <asm/bootparam.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct kd_kernel_image {
	const char *format; /* "bzImage", "vmlinux" */
	/* The memory it takes, to be placed as one block at a multiple of alignment. */
	uint64_t memory_bytes;
	uint64_t alignment;
	bool fixed; /* only at fixed_paddr */
	uint64_t fixed_paddr;
	bool below_4g;                   /* cannot be entered above 4 GiB */
	size_t command_line_limit_bytes; /* the NUL not counted */
	uint64_t entry_offset;           /* of the 64-bit entry, from the start of the block */
	/* What goes into the block: allocated, the image's own, memory_bytes >= data_bytes. */
	uint8_t *data;
	uint64_t data_bytes;
	bool has_setup_header;
	struct setup_header setup_header; /* as the file has it */
};

/*
 * Recognises and reads a kernel out of a whole file. KD_UNSUPPORTED when it is no kernel that we can
 * enter (the message says what it is), KD_TRUNCATED, KD_CORRUPT, KD_NOMEM.
 */
enum kd_status kd_kernel_image_read(const void *file, size_t bytes, struct kd_kernel_image *image,
				    struct kd_err *err);
void kd_kernel_image_deinit(struct kd_kernel_image *image);

/* `uname -r` of the kernel in a bzImage, of which its first 66 KiB are enough; false where it does not tell. */
bool kd_kernel_bzimage_release(const uint8_t *file, size_t bytes, char release[65]);

/* The rows of the table: probe looks at the first bytes only. */
struct kd_kernel_format {
	const char *name;
	bool (*probe)(const uint8_t *file, size_t bytes);
	enum kd_status (*read)(const uint8_t *file, size_t bytes, struct kd_kernel_image *image,
			       struct kd_err *err);
};
extern const struct kd_kernel_format kd_kernel_bzimage;
extern const struct kd_kernel_format kd_kernel_vmlinux;

#endif
