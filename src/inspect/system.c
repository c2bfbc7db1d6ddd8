/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "inspect/system.h"

#include <errno.h>
#include <stdlib.h>

#include "host/system.h"
#include "kernel/types.h"

struct kd_system {
	struct kd_kernel *kernel;
	struct kd_symbols *symbols;
	struct kd_types types;
	enum kd_status types_status, modules_status;
	struct kd_err types_error, modules_error;
	struct kd_module *modules;
	size_t module_count;
};

/* Where symbols are read already, to look for them once more would cost as much as to read the types. */
static enum kd_status read_types(struct kd_system *system, struct kd_err *err)
{
	const struct kd_symbol *start = kd_symbols_find(system->symbols, "__start_BTF", NULL);
	const struct kd_symbol *stop = kd_symbols_find(system->symbols, "__stop_BTF", NULL);

	if (!start || !stop)
		return kd_fail(err, KD_NOTFOUND, "this kernel has no types of its own (BTF)");
	return kd_types_read(&system->types, system->kernel, start->vaddr, stop->vaddr, err);
}

enum kd_status kd_system_open(struct kd_kernel *kernel, struct kd_system **system,
			      struct kd_err *err)
{
	struct kd_system *made = calloc(1, sizeof(*made));
	enum kd_status status;

	if (!made)
		return kd_fail_errno(err, ENOMEM, "the system");
	made->kernel = kernel;
	status = kd_symbols_open(kernel, &made->symbols, err);
	if (status) {
		kd_system_close(made);
		return kd_context(err, status, "symbols");
	}
	made->types_status = read_types(made, &made->types_error);
	made->modules_status =
		kd_modules_read(made, &made->modules, &made->module_count, &made->modules_error);
	/* those of the modules that could be read, whatever became of the others */
	status = kd_modules_add_symbols(made, made->modules, made->module_count,
					made->modules_status ? NULL : &made->modules_error);
	if (!made->modules_status)
		made->modules_status = status;
	*system = made;
	return KD_OK;
}

void kd_system_close(struct kd_system *system)
{
	if (!system)
		return;
	free(system->modules);
	kd_types_deinit(&system->types);
	kd_symbols_close(system->symbols);
	free(system);
}

struct kd_kernel *kd_system_kernel(const struct kd_system *system)
{
	return system->kernel;
}

struct kd_symbols *kd_system_symbols(struct kd_system *system)
{
	return system->symbols;
}

const struct kd_btf *kd_system_types(const struct kd_system *system, struct kd_err *err)
{
	if (!system->types_status)
		return &system->types.btf;
	if (err)
		*err = system->types_error;
	return NULL;
}

const struct kd_module *kd_system_modules(const struct kd_system *system, size_t *count)
{
	*count = system->module_count;
	return system->modules;
}

const struct kd_module *kd_system_module_of(const struct kd_system *system,
					    const struct kd_symbol *symbol)
{
	if (symbol->module == KD_KERNEL_ITSELF || symbol->module > system->module_count)
		return NULL;
	return &system->modules[symbol->module - 1];
}

enum kd_status kd_system_modules_status(const struct kd_system *system, struct kd_err *err)
{
	if (system->modules_status && err)
		*err = system->modules_error;
	return system->modules_status;
}

enum kd_status kd_system_symbol(struct kd_system *system, const char *name, uint64_t *vaddr,
				struct kd_err *err)
{
	const struct kd_symbol *symbol = kd_symbols_find(system->symbols, name, NULL);

	if (!symbol)
		return kd_fail(err, KD_NOTFOUND, "the kernel has no symbol %s", name);
	*vaddr = symbol->vaddr;
	return KD_OK;
}

enum kd_status kd_system_read(struct kd_system *system, uint64_t vaddr, void *buffer, size_t bytes,
			      struct kd_err *err)
{
	return kd_kernel_read(system->kernel, vaddr, buffer, bytes, err);
}
