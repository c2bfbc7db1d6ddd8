/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A dead kernel's own types: its BTF, found by kallsyms, read into memory and indexed. */
#ifndef KD_KERNEL_TYPES_H
#define KD_KERNEL_TYPES_H

#include "kernel/btf.h"
#include "kernel/kernel.h"

enum { KD_BTF_BYTES_MOST = 64 << 20 };

struct kd_types {
	struct kd_btf btf;
	void *blob; /* some 5 MB */
	uint32_t *index;
};

/* Indexes a blob that was read; it becomes the types' own, also on failure. KD_CORRUPT, KD_NOMEM. */
enum kd_status kd_types_take(struct kd_types *types, void *blob, size_t bytes,
			     const struct kd_btf *base, struct kd_err *err);

/* The kernel's types, where they are known to lie. KD_NOMEM, KD_CORRUPT, or what reading memory says. */
enum kd_status kd_types_read(struct kd_types *types, struct kd_kernel *kernel, uint64_t start,
			     uint64_t stop, struct kd_err *err);

/*
 * The same, of a kernel whose symbols are not read yet: looks for theirs. KD_NOTFOUND for a kernel without BTF or whose symbols cannot be found, KD_NOMEM, KD_CORRUPT, or what reading
 * memory says.
 */
enum kd_status kd_types_init(struct kd_types *types, struct kd_kernel *kernel, struct kd_err *err);
void kd_types_deinit(struct kd_types *types);

#endif
