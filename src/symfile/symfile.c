/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "symfile/symfile.h"

#include <errno.h>
#include <stdlib.h>

#include "arch/arch.h"
#include "symfile/dwarf.h"
#include "symfile/elf_file.h"
#include "symfile/frames.h"
#include "symfile/layout.h"
#include "inspect/module_types.h"
#include "symfile/stacks.h"
#include "symfile/symbol_table.h"
#include "host/system.h"

/* Everything that the file is put together from. */
struct parts {
	const struct kd_log *log;
	struct kd_layout layout;
	struct kd_elf elf;
	struct kd_buffer symbols, symbol_names;
	struct kd_cfi cfi;
	struct kd_stacks stacks;
	struct kd_dwarf dwarf;
	struct kd_buffer abbreviations;
	struct kd_module_types *module_types;
	size_t module_count;
	struct kd_unit *units; /* the kernel's first, then one for each of these */
	size_t unit_count;
};

static void parts_deinit(struct parts *parts)
{
	for (size_t i = 0; i < parts->unit_count; i++)
		free(parts->units[i].places);
	free(parts->units);
	kd_module_types_free(parts->module_types, parts->module_count);
	kd_buffer_deinit(&parts->abbreviations);
	kd_dwarf_deinit(&parts->dwarf);
	kd_stacks_deinit(&parts->stacks);
	kd_cfi_deinit(&parts->cfi);
	kd_buffer_deinit(&parts->symbols);
	kd_buffer_deinit(&parts->symbol_names);
	kd_elf_deinit(&parts->elf);
	kd_layout_deinit(&parts->layout);
}

static void add_buffer(struct parts *parts, const char *name, const struct kd_buffer *buffer)
{
	static const Elf64_Shdr header = {.sh_type = SHT_PROGBITS};

	parts->elf.failed |= buffer->failed;
	if (buffer->bytes)
		kd_elf_add(&parts->elf, name, &header, buffer->data, buffer->bytes);
}

/* The kernel's own code and data debuggers read in the dump; those of modules are in the file. */
static unsigned int add_sections(struct parts *parts)
{
	unsigned int first = parts->elf.count ? parts->elf.count : 1;

	for (size_t i = 0; i < parts->layout.count; i++) {
		const struct kd_section *section = &parts->layout.list[i];
		const Elf64_Shdr header = {
			.sh_type = section->memory ? SHT_PROGBITS : SHT_NOBITS,
			.sh_flags = section->flags,
			.sh_addr = section->vaddr,
		};

		kd_elf_add(&parts->elf, section->name, &header, section->memory, section->bytes);
	}
	return first;
}

static void add_symbols(struct parts *parts, unsigned int first_section)
{
	static const Elf64_Shdr names = {.sh_type = SHT_STRTAB};
	Elf64_Shdr table = {
		.sh_type = SHT_SYMTAB,
		.sh_link = parts->elf.count + 1,
		.sh_entsize = sizeof(Elf64_Sym),
		.sh_addralign = 8,
	};

	kd_symbol_table(&parts->layout, first_section, &parts->symbols, &parts->symbol_names,
			&table.sh_info);
	parts->elf.failed |= parts->symbols.failed || parts->symbol_names.failed;
	kd_elf_add(&parts->elf, ".symtab", &table, parts->symbols.data, parts->symbols.bytes);
	kd_elf_add(&parts->elf, ".strtab", &names, parts->symbol_names.data,
		   parts->symbol_names.bytes);
}

/* What the dump lacks is told, and left out; memory that we lack is not. */
static enum kd_status without(const struct parts *parts, enum kd_status status, const char *what,
			      const struct kd_err *why, struct kd_err *err)
{
	if (status == KD_NOMEM && err)
		*err = *why;
	if (!status || status == KD_NOMEM)
		return status;
	kd_log(parts->log, KD_LOG_WARNING, "no %s: %s", what, why->text);
	return KD_OK;
}

static enum kd_status write_units(struct parts *parts, const struct kd_btf *btf, struct kd_err *err)
{
	struct kd_system *system = parts->layout.system;
	struct kd_unit *units = calloc(1 + parts->module_count, sizeof(*units));
	size_t modules;
	const struct kd_module *list = kd_system_modules(system, &modules);
	enum kd_status status;

	if (!units)
		return kd_fail_errno(err, ENOMEM, "%zu modules", parts->module_count);
	parts->units = units;
	parts->unit_count = 1 + parts->module_count;
	units[0] = (struct kd_unit){.btf = btf, .module = KD_KERNEL_ITSELF, .name = "vmlinux"};
	status = kd_dwarf_units(&parts->dwarf, &units[0], err);
	for (size_t i = 0; !status && i < parts->module_count; i++) {
		const struct kd_module_types *own = &parts->module_types[i];

		units[1 + i] = (struct kd_unit){
			.btf = &own->types.btf,
			.module = own->module,
			.name = list[own->module - 1].name,
			.base = &units[0],
		};
		status = kd_dwarf_units(&parts->dwarf, &units[1 + i], err);
	}
	return status;
}

static enum kd_status add_types(struct parts *parts, struct kd_err *err)
{
	struct kd_system *system = parts->layout.system;
	struct kd_err why = {KD_OK, ""};
	const struct kd_btf *btf = kd_system_types(system, &why);
	enum kd_status status;

	/* who opened the system was told */
	if (!btf)
		return KD_OK;
	status = kd_module_types_read(system, &parts->module_types, &parts->module_count, &why);
	if (status == KD_NOTFOUND)
		status = KD_OK; /* before 5.11 modules have none */
	status = without(parts, status, "types of modules", &why, err);
	parts->dwarf.layout = &parts->layout;
	kd_put_u8(&parts->dwarf.texts, 0);
	parts->dwarf.producer = (uint32_t)kd_put_text(&parts->dwarf.texts, "kdump " KD_VERSION);
	if (!status)
		status = write_units(parts, btf, err);
	if (status)
		return status;
	parts->elf.failed |= parts->dwarf.uses.failed;
	kd_dies_abbreviations(&parts->dwarf.dies, &parts->abbreviations);
	add_buffer(parts, ".debug_info", &parts->dwarf.dies.info);
	add_buffer(parts, ".debug_abbrev", &parts->abbreviations);
	add_buffer(parts, ".debug_str", &parts->dwarf.texts);
	add_buffer(parts, ".debug_aranges", &parts->dwarf.addresses);
	return KD_OK;
}

static enum kd_status add_frames(struct parts *parts, struct kd_err *err)
{
	struct kd_err why = {KD_OK, ""};
	enum kd_status status;

	kd_cfi_init(&parts->cfi);
	status = kd_frames_write(&parts->layout, parts->log, &parts->cfi, &why);
	if (!status)
		add_buffer(parts, ".debug_frame", &parts->cfi.bytes);
	return without(parts, status, "unwind tables", &why, err);
}

static enum kd_status add_stacks(struct parts *parts, struct kd_err *err)
{
	struct kd_stacks *stacks = &parts->stacks;
	struct kd_err why = {KD_OK, ""};
	enum kd_status status = kd_stacks_init(stacks, &parts->layout, &why);

	parts->elf.failed |= stacks->memory.failed;
	for (size_t i = 0; i < stacks->count && !stacks->memory.failed; i++) {
		const Elf64_Shdr header = {
			.sh_type = SHT_PROGBITS,
			.sh_flags = SHF_ALLOC | SHF_WRITE,
			.sh_addr = stacks->list[i].vaddr,
		};

		kd_elf_add(&parts->elf, ".stack", &header, stacks->memory.data + stacks->list[i].at,
			   stacks->list[i].bytes);
	}
	return without(parts, status, "stacks", &why, err);
}

enum kd_status kd_symfile_make(struct kd_system *system, const struct kd_log *log,
			       struct kd_buffer *file, struct kd_err *err)
{
	struct kd_kernel *kernel = kd_system_kernel(system);
	const struct kd_arch *arch = kd_dump_arch(kd_kernel_dump(kernel));
	struct parts parts = {.log = log};
	enum kd_status status = kd_kernel_need_64_bits(kernel, "symbol file", err);

	if (!status)
		status = kd_layout_init(&parts.layout, system, err);
	if (!status)
		status = kd_layout_read_modules(&parts.layout, log, err);
	if (!status) {
		add_symbols(&parts, add_sections(&parts));
		status = add_types(&parts, err);
	}
	if (!status)
		status = add_frames(&parts, err);
	if (!status)
		status = add_stacks(&parts, err);
	if (!status)
		kd_elf_write(&parts.elf, arch->elf_machine, file);
	parts_deinit(&parts);
	if (!status && file->failed)
		status = kd_fail(err, KD_NOMEM, "no memory for the symbol file");
	return status;
}
