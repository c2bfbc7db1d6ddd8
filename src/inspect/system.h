/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A dead system as one looks at it: the kernel with its symbols, types and modules, all out of its own memory.
 * What is below this layer reads single things; what is above asks here by name.
 */
#ifndef KD_INSPECT_SYSTEM_H
#define KD_INSPECT_SYSTEM_H

#include "base/err.h"
#include "inspect/modules.h"
#include "inspect/symbols.h"
#include "kernel/btf.h"
#include "kernel/kernel.h"

struct kd_system;

/*
 * Reads symbols, types and modules. The kernel is borrowed. Without symbols nothing can be found: that is the error
 * of kd_kallsyms_init(). Without types or modules the system opens all the same, and kd_system_types() tells why.
 */
enum kd_status kd_system_open(struct kd_kernel *kernel, struct kd_system **system,
			      struct kd_err *err);
void kd_system_close(struct kd_system *system);

struct kd_kernel *kd_system_kernel(const struct kd_system *system);
struct kd_symbols *kd_system_symbols(struct kd_system *system);
/* NULL: the kernel has no BTF, or it cannot be read; *err then says which. */
const struct kd_btf *kd_system_types(const struct kd_system *system, struct kd_err *err);
/* By address of their struct module; those that could be read before something was damaged. */
const struct kd_module *kd_system_modules(const struct kd_system *system, size_t *count);
/* The module that a symbol is of; NULL: it is the kernel's own. */
const struct kd_module *kd_system_module_of(const struct kd_system *system,
					    const struct kd_symbol *symbol);
/* KD_OK, or why there are none, or not all. */
enum kd_status kd_system_modules_status(const struct kd_system *system, struct kd_err *err);

/* The address of a symbol of the kernel. KD_NOTFOUND. */
enum kd_status kd_system_symbol(struct kd_system *system, const char *name, uint64_t *vaddr,
				struct kd_err *err);
/* kd_kernel_read(). */
enum kd_status kd_system_read(struct kd_system *system, uint64_t vaddr, void *buffer, size_t bytes,
			      struct kd_err *err);

#endif
