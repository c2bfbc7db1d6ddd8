/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "inspect/modules.h"

#include <ctype.h>
#include <elf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/file.h"
#include "host/system.h"
#include "inspect/exports.h"
#include "inspect/fields.h"
#include "inspect/lists.h"
#include "inspect/partial.h"

enum {
	MODULES_MOST = 4096,
	SECTIONS_MOST = 4096,
	SYMBOLS_MOST = 1 << 20,
	NAME_BYTES = 512, /* KSYM_NAME_LEN */
	MEMORY_KINDS = 4, /* enum mod_mem_type: text, data, rodata, ro_after_init come first */
};

static void add_range(struct kd_module *module, uint64_t vaddr, uint64_t bytes)
{
	if (!vaddr || !bytes || module->range_count == KD_MODULE_RANGES)
		return;
	module->ranges[module->range_count].vaddr = vaddr;
	module->ranges[module->range_count++].bytes = bytes;
	module->bytes += bytes;
}

/* mod->mem[] since 6.4 (ac3b43283923), mod->core_layout before. */
static enum kd_status read_ranges(struct kd_system *system, struct kd_module *module,
				  struct kd_err *err)
{
	uint64_t base, bytes;
	enum kd_status status =
		kd_get(system, module->vaddr, "module.core_layout.base", &base, NULL);

	if (!status) {
		status = kd_get(system, module->vaddr, "module.core_layout.size", &bytes, err);
		if (!status)
			add_range(module, base, bytes);
		return status;
	}
	for (int kind = 0; kind < MEMORY_KINDS; kind++) {
		char path[64];

		snprintf(path, sizeof(path), "module.mem[%d].base", kind);
		status = kd_get(system, module->vaddr, path, &base, err);
		snprintf(path, sizeof(path), "module.mem[%d].size", kind);
		if (!status)
			status = kd_get(system, module->vaddr, path, &bytes, err);
		if (status)
			return status;
		add_range(module, base, bytes);
	}
	return KD_OK;
}

static void read_string(struct kd_system *system, uint64_t module, const char *path, char *text,
			size_t bytes)
{
	uint64_t string;

	if (kd_get(system, module, path, &string, NULL) || !string ||
	    kd_read_text(system, string, text, bytes, NULL))
		*text = '\0';
}

static enum kd_status read_module(struct kd_system *system, uint64_t vaddr,
				  struct kd_module *module, struct kd_err *err)
{
	uint64_t references = 0, orcs = 0;
	enum kd_status status;

	*module = (struct kd_module){.vaddr = vaddr};
	status = kd_get_text(system, vaddr, "module.name", module->name, sizeof(module->name), err);
	if (!status)
		status = kd_get(system, vaddr, "module.state", &module->state, err);
	if (!status)
		status = read_ranges(system, module, err);
	if (status)
		return status;
	kd_get(system, vaddr, "module.taints", &module->taints, NULL);
	/* starts at one, MODULE_REF_BASE */
	if (!kd_get(system, vaddr, "module.refcnt.counter", &references, NULL))
		module->references = (int64_t)(int32_t)references - 1;
	read_string(system, vaddr, "module.version", module->version, sizeof(module->version));
	read_string(system, vaddr, "module.srcversion", module->source_version,
		    sizeof(module->source_version));
	if (!kd_get(system, vaddr, "module.arch.num_orcs", &orcs, NULL) &&
	    !kd_get(system, vaddr, "module.arch.orc_unwind_ip", &module->orc_ip_vaddr, NULL) &&
	    !kd_get(system, vaddr, "module.arch.orc_unwind", &module->orc_vaddr, NULL))
		module->orc_count = (uint32_t)orcs;
	return KD_OK;
}

enum kd_status kd_modules_read(struct kd_system *system, struct kd_module **list, size_t *count,
			       struct kd_err *err)
{
	struct kd_module *modules = NULL;
	uint64_t head = 0, offset = 0, node;
	size_t used = 0, room = 0;
	struct kd_partial partial = {0};
	struct kd_err why;
	struct kd_list walk;
	enum kd_status status = kd_system_symbol(system, "modules", &head, err);

	*list = NULL;
	*count = 0;
	if (!status)
		status = kd_offset_of(system, "module.list", &offset, err);
	if (status)
		return status;
	kd_list_begin(&walk, system, head);
	while (!status && kd_list_next(&walk, &node)) {
		if (used == MODULES_MOST) {
			status = kd_fail(err, KD_CORRUPT, "more than %d modules", MODULES_MOST);
			break;
		}
		if (used == room) {
			struct kd_module *grown;

			room = room ? 2 * room : 64;
			grown = realloc(modules, room * sizeof(*grown));
			if (!grown) {
				status = kd_fail_errno(err, ENOMEM, "%zu modules", room);
				break;
			}
			modules = grown;
		}
		if (read_module(system, node - offset, &modules[used], &why))
			kd_partial_skip(&partial, why.status, &why);
		else
			used++;
	}
	status = kd_partial_end(&partial, kd_first_failure(status, &walk.err, err), err);
	*list = modules;
	*count = used;
	return status ? kd_context(err, status, "modules") : KD_OK;
}

/* struct mod_kallsyms: symbols as in an ELF file, with the letters that nm has for them. */
struct tables {
	uint64_t symbols, strings, types;
	uint64_t count;
};

static enum kd_status find_tables(struct kd_system *system, const struct kd_module *module,
				  struct tables *tables, struct kd_err *err)
{
	uint64_t vaddr = 0;
	enum kd_status status = kd_get(system, module->vaddr, "module.kallsyms", &vaddr, err);

	if (!status)
		status = kd_get(system, vaddr, "mod_kallsyms.symtab", &tables->symbols, err);
	if (!status)
		status = kd_get(system, vaddr, "mod_kallsyms.strtab", &tables->strings, err);
	if (!status)
		status = kd_get(system, vaddr, "mod_kallsyms.num_symtab", &tables->count, err);
	/* since 5.2 (1c7651f43777); before, it stood in st_info */
	if (!status && kd_get(system, vaddr, "mod_kallsyms.typetab", &tables->types, NULL))
		tables->types = 0;
	if (!status && tables->count > SYMBOLS_MOST)
		status =
			kd_fail(err, KD_CORRUPT, "%llu symbols", (unsigned long long)tables->count);
	return status;
}

static enum kd_status add_module(struct kd_system *system, const struct kd_module *module,
				 unsigned int number, struct kd_err *err)
{
	struct kd_symbols *symbols = kd_system_symbols(system);
	KD_CLEANUP_FREE Elf64_Sym *list = NULL;
	struct kd_exports exports;
	struct tables tables;
	enum kd_status status = KD_OK;

	for (size_t i = 0; !status && i < module->range_count; i++)
		status = kd_symbols_add_range(symbols, module->ranges[i].vaddr,
					      module->ranges[i].bytes, number, err);
	if (!status)
		status = find_tables(system, module, &tables, err);
	if (status || !tables.count)
		return status;
	list = malloc((size_t)tables.count * sizeof(*list));
	if (!list)
		return kd_fail_errno(err, ENOMEM, "symbols");
	status = kd_system_read(system, tables.symbols, list, (size_t)tables.count * sizeof(*list),
				err);
	/* what is exported makes a letter large, and no more */
	kd_exports_read(system, module->vaddr, &exports, NULL);
	/* the first of an ELF symbol table is none */
	for (uint64_t i = 1; !status && i < tables.count; i++) {
		char name[NAME_BYTES], type = '?';

		if (list[i].st_shndx == SHN_UNDEF)
			continue;
		status = kd_read_text(system, tables.strings + list[i].st_name, name, sizeof(name),
				      err);
		if (!status && tables.types)
			status = kd_system_read(system, tables.types + i, &type, 1, err);
		else if (!status)
			type = (char)list[i].st_info;
		if (status || !*name)
			continue;
		if (kd_exports_has(&exports, system, list[i].st_value, name))
			type = (char)toupper((unsigned char)type);
		else
			type = (char)tolower((unsigned char)type);
		status = kd_symbols_add(symbols, list[i].st_value, type, number, name, err);
	}
	kd_exports_deinit(&exports);
	return status;
}

enum kd_status kd_modules_add_symbols(struct kd_system *system, const struct kd_module *list,
				      size_t count, struct kd_err *err)
{
	enum kd_status status = KD_OK, first = KD_OK;

	for (size_t i = 0; i < count; i++) {
		/* MODULE_STATE_UNFORMED: it has no symbols yet */
		if (list[i].state == 3)
			continue;
		/* one that is damaged does not take the others with it */
		status = add_module(system, &list[i], (unsigned int)i + 1, first ? NULL : err);
		if (status && !first)
			first = kd_context(err, status, "symbols of module %s", list[i].name);
	}
	status = kd_symbols_sort(kd_system_symbols(system), first ? NULL : err);
	return first ? first : status;
}

/* Where the name of a section and its address are; `list` is of pointers to them, else of them. */
struct section_list {
	const char *name, *address;
	uint64_t at, count, stride;
	bool of_pointers;
};

/*
 * kernel/module/sysfs.c: an array that says how many there are, up to 6.13, whose entries were other attributes before
 * 5.8; since 6.14 but the list of attributes that sysfs has.
 */
static enum kd_status find_sections(struct kd_system *system, uint64_t attributes,
				    struct section_list *list, struct kd_err *err)
{
	uint64_t offset = 0;
	enum kd_status status;

	*list = (struct section_list){
		.name = "module_sect_attr.battr.attr.name|module_sect_attr.name",
		.address = "module_sect_attr.address",
	};
	if (!kd_get(system, attributes, "module_sect_attrs.nsections", &list->count, NULL)) {
		status = kd_offset_of(system, "module_sect_attrs.attrs", &offset, err);
		list->at = attributes + offset;
		return status ? status : kd_size_of(system, "module_sect_attr", &list->stride, err);
	}
	*list = (struct section_list){
		.name = "bin_attribute.attr.name",
		.address = "bin_attribute.private",
		.count = SECTIONS_MOST,
		.stride = sizeof(uint64_t),
		.of_pointers = true,
	};
	return kd_get(system, attributes, "module_sect_attrs.grp.bin_attrs", &list->at, err);
}

enum kd_status kd_module_sections_each(struct kd_system *system, const struct kd_module *module,
				       kd_section_take *take, void *opaque, struct kd_err *err)
{
	struct section_list list;
	uint64_t attributes = 0;
	enum kd_status status =
		kd_get(system, module->vaddr, "module.sect_attrs", &attributes, err);

	if (!status && !attributes)
		return KD_OK;
	if (!status)
		status = find_sections(system, attributes, &list, err);
	if (!status && list.count > SECTIONS_MOST)
		status = kd_fail(err, KD_CORRUPT, "%llu sections", (unsigned long long)list.count);
	for (uint64_t i = 0; !status && i < list.count; i++) {
		uint64_t at = list.at + i * list.stride, name = 0, address = 0;
		const struct kd_wanted members[] = {{list.name, &name}, {list.address, &address}};
		char text[KD_MODULE_NAME_BYTES];

		if (list.of_pointers)
			status = kd_read_u64(system, at, &at, err);
		if (status || !at)
			break;
		status = kd_get_each(system, at, members, 2, err);
		if (!status)
			status = kd_read_text(system, name, text, sizeof(text), err);
		if (!status && !take(opaque, text, address))
			break;
	}
	return status ? kd_context(err, status, "sections of %s", module->name) : KD_OK;
}
