/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A dead kernel's own types: its BTF, found by kallsyms and read into memory. */
#ifndef KD_KERNEL_KERNEL_BTF_H
#define KD_KERNEL_KERNEL_BTF_H

#include "kernel/btf.h"
#include "kernel/kernel.h"

enum { KD_BTF_BYTES_MOST = 64 << 20 };

/*
 * *blob is allocated, some 5 MB, and must live as long as btf is used; the caller frees it. KD_NOTFOUND for a kernel
 * without BTF or whose symbols cannot be found, KD_NOMEM, KD_CORRUPT, or what reading memory says.
 */
enum kd_status kd_kernel_btf(struct kd_kernel *kernel, struct kd_btf *btf, void **blob,
			     struct kd_err *err);

#endif
