/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Finding the tables of kallsyms by what they look like, for kernels before 6.0, whose VMCOREINFO does not have them. */
#ifndef KD_KERNEL_KALLSYMS_SEARCH_H
#define KD_KERNEL_KALLSYMS_SEARCH_H

#include "kernel/kernel.h"

/* Virtual addresses. `offsets` is of addresses where there is no base, 0. */
struct kd_kallsyms_places {
	uint64_t names, count, tokens, index, offsets, relative_base;
};

enum { KD_KALLSYMS_ORDERS = 4, KD_KALLSYMS_LONG = 0x80 };

/* A length of a name: in one byte or, since 6.1 (73bbb94466fd), in two where the first has its high bit set. */
static inline size_t kd_kallsyms_length(uint8_t first, uint8_t second)
{
	if (!(first & KD_KALLSYMS_LONG))
		return first;
	return (first & ~(size_t)KD_KALLSYMS_LONG) | (size_t)second << 7;
}

/*
 * Searches the kernel's image. Where the addresses are differs: before the names, as up to 6.1, or behind the tokens, as
 * in 6.12; and whether they are offsets to a base. places[] has all of these. KD_NOTFOUND, KD_NOMEM, or what reading
 * memory says.
 */
enum kd_status kd_kallsyms_search(struct kd_kernel *kernel,
				  struct kd_kallsyms_places places[KD_KALLSYMS_ORDERS],
				  struct kd_err *err);

#endif
