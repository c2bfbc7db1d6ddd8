/* SPDX-License-Identifier: GPL-2.0-or-later */
/* All symbols of a dead kernel and its modules, by name and by address. */
#ifndef KD_INSPECT_SYMBOLS_H
#define KD_INSPECT_SYMBOLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "kernel/kernel.h"

enum { KD_KERNEL_ITSELF = 0 }; /* as the number of a module */

struct kd_symbol {
	uint64_t vaddr;
	uint32_t name;   /* kd_symbol_name() */
	uint16_t module; /* 1 + its rank among kd_system_modules(), or KD_KERNEL_ITSELF */
	char type;       /* as nm writes it: 'T' text, 'D' data … */
};

struct kd_symbols;

/* Those of the kernel itself. */
enum kd_status kd_symbols_open(struct kd_kernel *kernel, struct kd_symbols **symbols,
			       struct kd_err *err);
void kd_symbols_close(struct kd_symbols *symbols);

/* Those of a module; kd_symbols_sort() comes after the last. KD_NOMEM. */
enum kd_status kd_symbols_add(struct kd_symbols *symbols, uint64_t vaddr, char type,
			      unsigned int module, const char *name, struct kd_err *err);
/* A module's memory: addresses outside of any are no symbol's. */
enum kd_status kd_symbols_add_range(struct kd_symbols *symbols, uint64_t vaddr, uint64_t bytes,
				    unsigned int module, struct kd_err *err);
enum kd_status kd_symbols_sort(struct kd_symbols *symbols, struct kd_err *err);

size_t kd_symbols_count(const struct kd_symbols *symbols);
/* By rank; sorted by address. */
const struct kd_symbol *kd_symbols_get(const struct kd_symbols *symbols, size_t rank);
const char *kd_symbol_name(const struct kd_symbols *symbols, const struct kd_symbol *symbol);

/*
 * The first of that name; the kernel's own come before those of modules. With `after`, one that was found before,
 * the next of that name. NULL: there is none.
 */
const struct kd_symbol *kd_symbols_find(const struct kd_symbols *symbols, const char *name,
					const struct kd_symbol *after);
/*
 * The symbol that an address belongs to: the last that does not lie behind it, within the kernel image or the
 * module's memory; of several at one place the first. NULL: it belongs to none.
 */
const struct kd_symbol *kd_symbols_at(const struct kd_symbols *symbols, uint64_t vaddr);

#endif
