/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where a dead kernel's own page tables are, from what VMCOREINFO says, an architecture at a time. */
#ifndef KD_KERNEL_TABLES_H
#define KD_KERNEL_TABLES_H

#include <stdint.h>

#include "base/err.h"
#include "dump/dump.h"
#include "kernel/vmcoreinfo.h"
#include "memory/space.h"

/*
 * The page tables, and how far the kernel's image lies above its place in physical memory (modulo 2^64).
 * KD_NOTFOUND when VMCOREINFO does not say enough, KD_CORRUPT when what it says cannot be, KD_UNSUPPORTED
 * for an architecture without a page walk.
 */
enum kd_status kd_tables_find(struct kd_dump *dump, const struct kd_vmcoreinfo *info,
			      struct kd_tables *tables, uint64_t *image_offset, struct kd_err *err);

#endif
