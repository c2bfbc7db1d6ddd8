/* SPDX-License-Identifier: GPL-2.0-or-later */
/* VMCOREINFO of a dump that has no note of it, from the kernel's own memory. */
#ifndef KD_KERNEL_INFO_SEARCH_H
#define KD_KERNEL_INFO_SEARCH_H

#include "dump/dump.h"

/*
 * Looks through all memory for the text, in dumps that were taken from outside of a machine: bare memory, and QEMU's
 * of a guest without its vmcoreinfo device. A dump that a kernel took of another has a note, or is none; it is not
 * searched. *text is the caller's to free, NUL-terminated. KD_NOTFOUND, KD_NOMEM.
 */
enum kd_status kd_vmcoreinfo_search(struct kd_dump *dump, char **text, size_t *bytes,
				    struct kd_err *err);

#endif
