/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Finding the tables of kallsyms by what they look like, for kernels before 6.0, whose VMCOREINFO does not have them. */
#ifndef KD_KERNEL_KALLSYMS_SEARCH_H
#define KD_KERNEL_KALLSYMS_SEARCH_H

#include "kernel/kernel.h"

/* Virtual addresses. */
struct kd_kallsyms_places {
	uint64_t names, count, tokens, index, offsets, relative_base;
};

enum { KD_KALLSYMS_ORDERS = 2 };

/*
 * Searches the kernel's image. Where offsets and their base are differs: places[0] has them before the names, as up
 * to 6.1, places[1] behind the tokens, as in 6.12. KD_NOTFOUND, KD_NOMEM, or what reading memory says.
 */
enum kd_status kd_kallsyms_search(struct kd_kernel *kernel,
				  struct kd_kallsyms_places places[KD_KALLSYMS_ORDERS],
				  struct kd_err *err);

#endif
