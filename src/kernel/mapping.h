/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where a kernel maps all of memory, and where its own image: for dumps whose headers do not say. */
#ifndef KD_KERNEL_MAPPING_H
#define KD_KERNEL_MAPPING_H

#include "kernel/kernel.h"

/*
 * The virtual address at which physical address 0 is in the direct map. KD_NOTFOUND when nothing in
 * VMCOREINFO leads there.
 */
enum kd_status kd_kernel_direct_map(struct kd_kernel *kernel, uint64_t *vaddr, struct kd_err *err);

/*
 * The kernel's image as its page tables map it from _stext on: text, data, bss, as far as it lies together.
 * KD_NOTFOUND without SYMBOL(_stext), or what the page walk says.
 */
enum kd_status kd_kernel_image(struct kd_kernel *kernel, uint64_t *vaddr, uint64_t *paddr,
			       uint64_t *bytes, struct kd_err *err);

#endif
