/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What makes a kernel suspicious (Documentation/admin-guide/tainted-kernels.rst). */
#ifndef KD_INSPECT_TAINTS_H
#define KD_INSPECT_TAINTS_H

#include "inspect/system.h"

enum { KD_TAINT_LETTERS = 65 };

/* The letters that the kernel prints for a mask: "POE"; "" for none. */
void kd_taint_letters(uint64_t mask, char letters[KD_TAINT_LETTERS]);
/* What the bit of a mask means, in a few words; NULL for one that is not known. */
const char *kd_taint_meaning(unsigned int bit);
/* The kernel's own mask. */
enum kd_status kd_system_taints(struct kd_system *system, uint64_t *mask, struct kd_err *err);

#endif
