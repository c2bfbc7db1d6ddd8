/* SPDX-License-Identifier: GPL-2.0-or-later */
/* VMCOREINFO of a dump that has no note of it, from the kernel's own memory. */
#ifndef KD_KERNEL_INFO_SEARCH_H
#define KD_KERNEL_INFO_SEARCH_H

#include <stdbool.h>

#include "dump/dump.h"

/* Whether a dump was taken from outside of a machine, and need not have a note: bare memory, and QEMU's cores. */
bool kd_dump_is_from_outside(const struct kd_dump *dump);

/*
 * Looks through all memory for the text, but not through that of /proc/vmcore: it has a note, or is none, and the
 * second kernel has no time. *text is the caller's to free, NUL-terminated. KD_NOTFOUND, KD_NOMEM.
 */
enum kd_status kd_vmcoreinfo_search(struct kd_dump *dump, char **text, size_t *bytes,
				    struct kd_err *err);

#endif
