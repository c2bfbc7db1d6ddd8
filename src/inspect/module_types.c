/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel checks a module's BTF as it is loaded, and keeps a copy: struct btf. What the module itself has
 * (mod->btf_data) is gone by then since 6.10.
 */
#include "inspect/module_types.h"

#include <errno.h>
#include <stdlib.h>

#include "host/system.h"
#include "inspect/fields.h"
#include "inspect/lists.h"

/* 1 + the rank of a struct module; 0: it is none. */
static unsigned int number_of(struct kd_system *system, uint64_t vaddr)
{
	size_t count;
	const struct kd_module *modules = kd_system_modules(system, &count);

	for (size_t i = 0; i < count; i++)
		if (modules[i].vaddr == vaddr)
			return (unsigned int)i + 1;
	return 0;
}

static enum kd_status read_types(struct kd_system *system, uint64_t btf, struct kd_types *types,
				 struct kd_err *err)
{
	const struct kd_btf *base = kd_system_types(system, err);
	uint64_t data = 0, bytes = 0;
	enum kd_status status = kd_get(system, btf, "btf.data", &data, err);
	void *blob;

	if (!status)
		status = kd_get(system, btf, "btf.data_size", &bytes, err);
	if (!status && (!bytes || bytes > KD_BTF_BYTES_MOST))
		status = kd_fail(err, KD_CORRUPT, "BTF of %llu bytes", (unsigned long long)bytes);
	if (status)
		return status;
	blob = malloc((size_t)bytes);
	if (!blob)
		return kd_fail_errno(err, ENOMEM, "BTF of %llu bytes", (unsigned long long)bytes);
	status = kd_system_read(system, data, blob, (size_t)bytes, err);
	if (!status)
		return kd_types_take(types, blob, (size_t)bytes, base, err);
	free(blob);
	return status;
}

enum kd_status kd_module_types_read(struct kd_system *system, struct kd_module_types **list,
				    size_t *count, struct kd_err *err)
{
	uint64_t head = 0, offset = 0, node, module, btf;
	size_t modules;
	struct kd_module_types *made;
	struct kd_list walk;
	enum kd_status status = kd_system_symbol(system, "btf_modules", &head, err);

	*list = NULL;
	*count = 0;
	if (!status)
		status = kd_offset_of(system, "btf_module.list", &offset, err);
	if (status)
		return status;
	kd_system_modules(system, &modules);
	made = calloc(modules + 1, sizeof(*made));
	if (!made)
		return kd_fail_errno(err, ENOMEM, "%zu modules", modules);
	*list = made;
	kd_list_begin(&walk, system, head);
	while (*count < modules && kd_list_next(&walk, &node)) {
		struct kd_module_types *next = &made[*count];

		status = kd_get(system, node - offset, "btf_module.module", &module, err);
		if (!status)
			status = kd_get(system, node - offset, "btf_module.btf", &btf, err);
		if (status)
			return status;
		next->module = number_of(system, module);
		if (next->module && !read_types(system, btf, &next->types, NULL))
			++*count;
	}
	return kd_first_failure(status, &walk.err, err);
}

void kd_module_types_free(struct kd_module_types *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		kd_types_deinit(&list[i].types);
	free(list);
}
