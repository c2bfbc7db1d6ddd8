/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kexec_load(2), which has no wrapper in the C library. */
#ifndef KD_LOAD_KEXEC_H
#define KD_LOAD_KEXEC_H

#include <stddef.h>

#include "base/err.h"
#include "load/load.h"

/* Flags beside KEXEC_ON_CRASH and the architecture. KEXEC_UPDATE_ELFCOREHDR since 6.6. */
enum { KD_KEXEC_UPDATE_ELFCOREHDR = 0x4 };

/*
 * Loads these segments for a panic; none unloads. KD_SYSTEM with what the kernel's errno means here,
 * KD_INVALID for more than 16 segments.
 */
enum kd_status kd_kexec_load(uint64_t entry, const struct kd_load_segment *segments, size_t count,
			     unsigned long flags, struct kd_err *err);

#endif
