/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The symbols of a dead kernel, out of its own memory: the tables of kernel/kallsyms.c, whose addresses VMCOREINFO
 * has since 6.0 (5fd8fea935a1); before, they are searched for. Reads them as a stream, some KiB at a time.
 */
#ifndef KD_KERNEL_KALLSYMS_H
#define KD_KERNEL_KALLSYMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "kernel/kernel.h"

enum { KD_SYMBOL_NAME_BYTES = 512 }; /* KSYM_NAME_LEN, since 6.1; 128 before */

struct kd_kallsyms {
	struct kd_kernel *kernel; /* borrowed */
	uint64_t names_vaddr, offsets_vaddr;
	uint64_t relative_base;
	uint32_t count;
	bool has_addresses; /* offsets_vaddr is of addresses */
	bool absolute_percpu; /* offsets from 0 on are addresses themselves, those below it count down */
	uint16_t token_index[256];
	char tokens[16 << 10]; /* NUL-terminated, by token_index */
};

/*
 * KD_NOTFOUND when there are no such tables; KD_CORRUPT; or what reading memory says. A search takes as much memory
 * as the kernel's image for a moment.
 */
enum kd_status kd_kallsyms_init(struct kd_kallsyms *symbols, struct kd_kernel *kernel,
				struct kd_err *err);

/* Tells of each symbol, in order of the table: by address, but for absolute ones. False stops. */
typedef bool kd_kallsyms_take(void *opaque, uint32_t number, char type, const char *name);
enum kd_status kd_kallsyms_each(const struct kd_kallsyms *symbols, kd_kallsyms_take *take,
				void *opaque, struct kd_err *err);

/* The address of a symbol by its number. */
enum kd_status kd_kallsyms_address(const struct kd_kallsyms *symbols, uint32_t number,
				   uint64_t *vaddr, struct kd_err *err);
/* The addresses of `count` symbols from number `first` on, read at once. */
enum kd_status kd_kallsyms_addresses(const struct kd_kallsyms *symbols, uint32_t first,
				     uint32_t count, uint64_t *vaddrs, struct kd_err *err);
/* From the address of a symbol, by its number, to the next one behind it. KD_NOTFOUND for the last. */
enum kd_status kd_kallsyms_extent(const struct kd_kallsyms *symbols, uint32_t number,
				  uint64_t *bytes, struct kd_err *err);
/* By name: the number of the first of that name. */
enum kd_status kd_kallsyms_number(const struct kd_kallsyms *symbols, const char *name,
				  uint32_t *number, struct kd_err *err);
/* By name: the address of the first of that name. */
enum kd_status kd_kallsyms_find(const struct kd_kallsyms *symbols, const char *name,
				uint64_t *vaddr, struct kd_err *err);

#endif
