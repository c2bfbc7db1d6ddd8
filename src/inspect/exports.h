/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The symbols that a module exports to any other (EXPORT_SYMBOL): mod->syms, an array of struct kernel_symbol
 * (include/linux/export.h). /proc/kallsyms has capital letters for these, and only for these, of a module.
 */
#ifndef KD_INSPECT_EXPORTS_H
#define KD_INSPECT_EXPORTS_H

#include "inspect/system.h"

struct kd_export {
	uint64_t vaddr, name; /* both addresses */
};

struct kd_exports {
	struct kd_export *list; /* by address */
	size_t count;
};

/* Of the struct module at an address. KD_NOMEM; or why they cannot be read. */
enum kd_status kd_exports_read(struct kd_system *system, uint64_t module,
			       struct kd_exports *exports, struct kd_err *err);
void kd_exports_deinit(struct kd_exports *exports);

/* Whether a symbol is one of them: several may be at one address, of which not all are. */
bool kd_exports_has(const struct kd_exports *exports, struct kd_system *system, uint64_t vaddr,
		    const char *name);

#endif
