/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What memory a kernel takes, from its file: before and after it has unpacked itself. */
#ifndef KD_ADVISE_KERNEL_MEMORY_H
#define KD_ADVISE_KERNEL_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct kd_kernel_memory {
	uint64_t load_bytes;       /* from where it is put, until it has unpacked itself */
	uint64_t resident_bytes;   /* from its text to the end of .bss, gaps included */
	uint64_t given_back_bytes; /* of them once it has booted: init sections and gaps */
	uint64_t code_bytes, rodata_bytes;
	uint64_t percpu_bytes; /* the template of each CPU's area */
	bool exact;            /* false: it could not be unpacked, and resident is load_bytes */
};

/*
 * From a bzImage, whose payload is unpacked for it, or a vmlinux. Fails as kd_kernel_image_read() does;
 * KD_CORRUPT where the payload is damaged.
 */
enum kd_status kd_kernel_memory_read(const char *path, struct kd_kernel_memory *memory,
				     struct kd_err *err);

/* The part that looks at the sections of an ELF kernel. KD_CORRUPT, KD_TRUNCATED. */
enum kd_status kd_kernel_memory_of_elf(const void *file, size_t bytes,
				       struct kd_kernel_memory *memory, struct kd_err *err);

#endif
