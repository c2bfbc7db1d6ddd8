/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "symfile/dwarf.h"

#include <dwarf.h>
#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "host/system.h"

enum { TAGS_MOST = 32 };

void kd_dwarf_deinit(struct kd_dwarf *dwarf)
{
	kd_dies_deinit(&dwarf->dies);
	kd_buffer_deinit(&dwarf->texts);
	kd_buffer_deinit(&dwarf->uses);
}

/* The strings of BTF are in .debug_str as they are: a name is where it was among them. */
void kd_dwarf_name(struct kd_dwarf *dwarf, const struct kd_unit *unit, const char *name)
{
	for (; unit && *name; unit = unit->base) {
		uintptr_t at = (uintptr_t)name - (uintptr_t)unit->btf->strings;

		if (at < unit->btf->string_bytes) {
			kd_die_text(&dwarf->dies, DW_AT_name, unit->texts + (uint32_t)at);
			return;
		}
	}
}

/* A type that has a DIE; 0: void. Tags have none, nor has what is no type. */
static uint32_t written_type(const struct kd_unit *unit, uint32_t id)
{
	struct kd_btf_type type;

	for (int depth = 0; id && depth < TAGS_MOST; depth++) {
		if (kd_btf_type(unit->btf, id, &type, NULL))
			return 0;
		switch (type.kind) {
		case KD_BTF_TYPE_TAG:
			id = type.type_id;
			break;
		case KD_BTF_FUNCTION:
		case KD_BTF_VARIABLE:
		case KD_BTF_DATASEC:
		case KD_BTF_DECL_TAG:
			return 0;
		default:
			return id;
		}
	}
	return 0;
}

void kd_dwarf_type(struct kd_dwarf *dwarf, const struct kd_unit *unit, uint32_t type_id)
{
	uint32_t id = written_type(unit, type_id);

	if (!id)
		return;
	while (id < unit->btf->first_id)
		unit = unit->base;
	kd_die_reference(&dwarf->dies, DW_AT_type, unit->places[id - unit->btf->first_id]);
	if (!unit->places[id - unit->btf->first_id]) {
		const struct kd_type_use use = {(uint32_t)dwarf->dies.info.bytes - sizeof(use.at),
						id - unit->btf->first_id};

		kd_put(&dwarf->uses, &use, sizeof(use));
	}
}

/* Now that all types are written. */
static void resolve_uses(struct kd_dwarf *dwarf, const struct kd_unit *unit)
{
	const struct kd_type_use *uses = (const void *)dwarf->uses.data;

	for (size_t i = 0; i < dwarf->uses.bytes / sizeof(*uses); i++)
		kd_buffer_patch(&dwarf->dies.info, uses[i].at, unit->places[uses[i].id],
				sizeof(uses[i].at));
	dwarf->uses.bytes = 0;
}

/* From the first of its code to the last; kernels have more of it that is used once, behind. */
static void put_code(struct kd_dwarf *dwarf, const struct kd_unit *unit)
{
	const struct kd_layout *layout = dwarf->layout;
	uint64_t low = UINT64_MAX, high = 0;

	for (size_t i = 0; i < layout->count; i++) {
		const struct kd_section *section = &layout->list[i];

		if (section->module != unit->module || !(section->flags & SHF_EXECINSTR))
			continue;
		if (section->vaddr < low)
			low = section->vaddr;
		if (section->vaddr + section->bytes > high)
			high = section->vaddr + section->bytes;
	}
	if (low >= high)
		return;
	kd_die_address(&dwarf->dies, DW_AT_low_pc, low);
	kd_die_number(&dwarf->dies, DW_AT_high_pc, high - low);
}

enum kd_status kd_dwarf_unit(struct kd_dwarf *dwarf, struct kd_unit *unit, struct kd_err *err)
{
	uint32_t count = kd_btf_count(unit->btf), name, producer;

	unit->places = calloc((size_t)count + 1, sizeof(*unit->places));
	if (!unit->places)
		return kd_fail_errno(err, ENOMEM, "%u types", count);
	name = (uint32_t)kd_put_text(&dwarf->texts, unit->name);
	producer = (uint32_t)kd_put_text(&dwarf->texts, "kdump " KD_VERSION);
	unit->texts = (uint32_t)dwarf->texts.bytes;
	kd_put(&dwarf->texts, unit->btf->strings, unit->btf->string_bytes);
	kd_unit_begin(&dwarf->dies);
	kd_die_begin(&dwarf->dies, DW_TAG_compile_unit, true);
	kd_die_text(&dwarf->dies, DW_AT_name, name);
	kd_die_text(&dwarf->dies, DW_AT_producer, producer);
	kd_die_number(&dwarf->dies, DW_AT_language, DW_LANG_C11);
	put_code(dwarf, unit);
	kd_die_end(&dwarf->dies);
	kd_dwarf_types(dwarf, unit);
	kd_dwarf_objects(dwarf, unit);
	if (!unit->base)
		kd_dwarf_globals(dwarf, unit);
	kd_die_children_end(&dwarf->dies);
	kd_unit_end(&dwarf->dies);
	resolve_uses(dwarf, unit);
	return KD_OK;
}
