/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "symfile/dwarf.h"

#include <dwarf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "host/file.h"
#include "host/system.h"

enum { TAGS_MOST = 32 };

void kd_dwarf_deinit(struct kd_dwarf *dwarf)
{
	kd_dies_deinit(&dwarf->dies);
	kd_buffer_deinit(&dwarf->texts);
	kd_buffer_deinit(&dwarf->addresses);
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
	if (!unit->places[id - unit->btf->first_id] || unit->copies) {
		const struct kd_type_use use = {
			.unit = unit,
			.at = (uint32_t)(dwarf->dies.info.bytes - sizeof(use.at)),
			.id = id - unit->btf->first_id,
		};

		kd_put(&dwarf->uses, &use, sizeof(use));
	}
}

/*
 * Which addresses the unit has code at (DWARF 5, 6.1.2): none is said, too. Of a unit that is not listed gdb 13 takes the
 * place of each variable for an address of its code.
 */
static void put_addresses(struct kd_dwarf *dwarf, uint64_t low, uint64_t high)
{
	enum { VERSION = 2, ADDRESS_BYTES = 8, OFFSET_BYTES = 4, PAIR_BYTES = 2 * ADDRESS_BYTES };
	/* pairs stand at multiples of their size */
	const unsigned int header = 12, padding = PAIR_BYTES - header;
	const unsigned int pairs = low < high ? 2 : 1;
	struct kd_buffer *to = &dwarf->addresses;

	kd_put_number(to, header - OFFSET_BYTES + padding + pairs * PAIR_BYTES, OFFSET_BYTES);
	kd_put_number(to, VERSION, 2);
	kd_put_number(to, dwarf->dies.unit, OFFSET_BYTES);
	kd_put_u8(to, ADDRESS_BYTES);
	kd_put_u8(to, 0); /* no segments */
	kd_put_number(to, 0, padding);
	if (low < high) {
		kd_put_number(to, low, ADDRESS_BYTES);
		kd_put_number(to, high - low, ADDRESS_BYTES);
	}
	kd_put_number(to, 0, ADDRESS_BYTES);
	kd_put_number(to, 0, ADDRESS_BYTES);
}

void kd_dwarf_begin(struct kd_dwarf *dwarf, const struct kd_unit *unit, uint64_t low, uint64_t high)
{
	kd_unit_begin(&dwarf->dies);
	put_addresses(dwarf, low, high);
	kd_die_begin(&dwarf->dies, DW_TAG_compile_unit, true);
	kd_die_text(&dwarf->dies, DW_AT_name, unit->title);
	kd_die_text(&dwarf->dies, DW_AT_producer, dwarf->producer);
	kd_die_number(&dwarf->dies, DW_AT_language, DW_LANG_C11);
	if (low < high) {
		kd_die_address(&dwarf->dies, DW_AT_low_pc, low);
		kd_die_number(&dwarf->dies, DW_AT_high_pc, high - low);
	}
	kd_die_end(&dwarf->dies);
}

/* To write a type may use others, so that the list grows meanwhile. */
static void resolve_uses(struct kd_dwarf *dwarf)
{
	for (size_t i = 0; i < dwarf->uses.bytes / sizeof(struct kd_type_use); i++) {
		const struct kd_type_use use =
			((const struct kd_type_use *)(const void *)dwarf->uses.data)[i];
		uint32_t *place = &use.unit->places[use.id];

		if (!*place)
			kd_dwarf_one_type(dwarf, use.unit, use.id + use.unit->btf->first_id);
		kd_buffer_patch(&dwarf->dies.info, use.at, *place, sizeof(use.at));
	}
}

/* The next unit has copies of its own. */
static void forget_copies(struct kd_dwarf *dwarf)
{
	const struct kd_type_use *uses = (const void *)dwarf->uses.data;

	for (size_t i = 0; i < dwarf->uses.bytes / sizeof(*uses); i++)
		if (uses[i].unit->copies)
			uses[i].unit->places[uses[i].id] = 0;
	dwarf->uses.bytes = 0;
}

void kd_dwarf_end(struct kd_dwarf *dwarf)
{
	resolve_uses(dwarf);
	forget_copies(dwarf);
	kd_die_children_end(&dwarf->dies);
	kd_unit_end(&dwarf->dies);
}

enum kd_status kd_dwarf_units(struct kd_dwarf *dwarf, struct kd_unit *unit, struct kd_err *err)
{
	uint32_t count = kd_btf_count(unit->btf);
	KD_CLEANUP_FREE uint32_t *objects = NULL;

	unit->places = calloc((size_t)count + 1, sizeof(*unit->places));
	objects = kd_dwarf_objects(dwarf, unit);
	if (!unit->places || !objects)
		return kd_fail_errno(err, ENOMEM, "%u types", count);
	unit->title = (uint32_t)kd_put_text(&dwarf->texts, unit->name);
	unit->texts = (uint32_t)dwarf->texts.bytes;
	kd_put(&dwarf->texts, unit->btf->strings, unit->btf->string_bytes);
	kd_dwarf_begin(dwarf, unit, 0, 0);
	kd_dwarf_types(dwarf, unit);
	kd_dwarf_variables(dwarf, unit, objects);
	if (!unit->base)
		kd_dwarf_globals(dwarf, unit);
	kd_dwarf_end(dwarf);
	return kd_dwarf_functions(dwarf, unit, objects, err);
}
