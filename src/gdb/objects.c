/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Functions and variables: BTF has their names and types, the symbols where they are. Several functions may have one name,
 * and then BTF has one of them only if they all are of one type.
 */
#include <ctype.h>
#include <dwarf.h>

#include "gdb/dwarf.h"

/* Looked at for one unit: damaged types may name the same symbols over and over. */
enum { SYMBOLS_MOST = 1 << 22 };

static void put_function(struct kd_dwarf *dwarf, const struct kd_unit *unit,
			 const struct kd_btf_type *function, const struct kd_symbol *symbol)
{
	struct kd_btf_type prototype;

	if (kd_btf_type(unit->btf, function->type_id, &prototype, NULL) ||
	    prototype.kind != KD_BTF_PROTOTYPE)
		return;
	kd_die_begin(&dwarf->dies, DW_TAG_subprogram, prototype.count);
	kd_dwarf_name(dwarf, unit, function->name);
	kd_die_flag(&dwarf->dies, DW_AT_prototyped);
	if (isupper((unsigned char)symbol->type))
		kd_die_flag(&dwarf->dies, DW_AT_external);
	kd_dwarf_type(dwarf, unit, prototype.type_id);
	kd_die_address(&dwarf->dies, DW_AT_low_pc, symbol->vaddr);
	kd_die_number(&dwarf->dies, DW_AT_high_pc, kd_layout_extent(dwarf->layout, symbol));
	kd_die_end(&dwarf->dies);
	kd_dwarf_parameters(dwarf, unit, &prototype);
	if (prototype.count)
		kd_die_children_end(&dwarf->dies);
}

static void put_variable(struct kd_dwarf *dwarf, const struct kd_unit *unit,
			 const struct kd_btf_type *variable, const struct kd_symbol *symbol)
{
	kd_die_begin(&dwarf->dies, DW_TAG_variable, false);
	kd_dwarf_name(dwarf, unit, variable->name);
	kd_die_flag(&dwarf->dies, DW_AT_external);
	kd_dwarf_type(dwarf, unit, variable->type_id);
	kd_die_location(&dwarf->dies, DW_AT_location, symbol->vaddr);
	kd_die_end(&dwarf->dies);
}

void kd_dwarf_objects(struct kd_dwarf *dwarf, const struct kd_unit *unit)
{
	const struct kd_symbols *symbols = kd_system_symbols(dwarf->layout->system);
	unsigned int left = SYMBOLS_MOST;
	struct kd_btf_type type;

	for (uint32_t id = unit->btf->first_id; id < unit->btf->end_id; id++) {
		const struct kd_symbol *symbol = NULL;

		if (kd_btf_type(unit->btf, id, &type, NULL) ||
		    (type.kind != KD_BTF_FUNCTION && type.kind != KD_BTF_VARIABLE))
			continue;
		while (left && (symbol = kd_symbols_find(symbols, type.name, symbol))) {
			bool is_code = kd_layout_is_code(dwarf->layout, symbol);

			left--;
			if (symbol->module != unit->module)
				continue;
			if (type.kind == KD_BTF_FUNCTION && is_code)
				put_function(dwarf, unit, &type, symbol);
			else if (type.kind == KD_BTF_VARIABLE && !is_code)
				put_variable(dwarf, unit, &type, symbol);
		}
	}
}
