/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Functions and variables: BTF has their names and types, the symbols where they are. Several may have one name:
 *
 *     BTF       symbols
 *     one       one         they belong together
 *     one       several     functions are all of that type, or BTF had more of them; of variables it has per-CPU ones
 *                           alone, and the others may be anything
 *     several   …           nothing tells which is which
 *
 * Where that is not certain they remain symbols.
 */
#include <dwarf.h>
#include <stdlib.h>

#include "symfile/dwarf.h"
#include "host/file.h"

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

/* The type of a function or variable; false for others. */
static bool get_object(const struct kd_unit *unit, uint32_t id, struct kd_btf_type *type)
{
	return !kd_btf_type(unit->btf, id, type, NULL) &&
	       (type->kind == KD_BTF_FUNCTION || type->kind == KD_BTF_VARIABLE);
}

/* Which type each name has, by the rank of its first symbol: UINT32_MAX for several. */
static void find_owners(const struct kd_unit *unit, const struct kd_symbols *symbols,
			uint32_t *owners)
{
	struct kd_btf_type type;

	for (uint32_t id = unit->btf->first_id; id < unit->btf->end_id; id++) {
		const struct kd_symbol *first;
		uint32_t *owner;

		if (!get_object(unit, id, &type))
			continue;
		first = kd_symbols_find(symbols, type.name, NULL);
		if (!first)
			continue;
		owner = &owners[first - kd_symbols_get(symbols, 0)];
		*owner = *owner ? UINT32_MAX : id;
	}
}

static bool is_alone(const struct kd_symbols *symbols, const struct kd_symbol *symbol)
{
	const char *name = kd_symbol_name(symbols, symbol);
	const struct kd_symbol *other = NULL;

	while ((other = kd_symbols_find(symbols, name, other)))
		if (other != symbol && other->module == symbol->module)
			return false;
	return true;
}

/* Whether a symbol is what a type says of its name. */
static bool fits(const struct kd_dwarf *dwarf, const struct kd_unit *unit,
		 const struct kd_btf_type *type, const struct kd_symbol *symbol)
{
	const struct kd_symbols *symbols = kd_system_symbols(dwarf->layout->system);
	bool is_code = kd_layout_is_code(dwarf->layout, symbol);

	if (symbol->module != unit->module)
		return false;
	return type->kind == KD_BTF_FUNCTION ? is_code : !is_code && is_alone(symbols, symbol);
}

uint32_t *kd_dwarf_objects(const struct kd_dwarf *dwarf, const struct kd_unit *unit)
{
	const struct kd_symbols *symbols = kd_system_symbols(dwarf->layout->system);
	const struct kd_symbol *all = kd_symbols_get(symbols, 0);
	KD_CLEANUP_FREE uint32_t *owners = calloc(kd_symbols_count(symbols) + 1, sizeof(*owners));
	uint32_t *objects = calloc(kd_symbols_count(symbols) + 1, sizeof(*objects));
	struct kd_btf_type type;

	if (!owners || !objects) {
		free(objects);
		return NULL;
	}
	find_owners(unit, symbols, owners);
	for (uint32_t id = unit->btf->first_id; id < unit->btf->end_id; id++) {
		const struct kd_symbol *first, *symbol;

		if (!get_object(unit, id, &type))
			continue;
		first = kd_symbols_find(symbols, type.name, NULL);
		if (!first || owners[first - all] != id)
			continue;
		for (symbol = first; symbol; symbol = kd_symbols_find(symbols, type.name, symbol))
			if (fits(dwarf, unit, &type, symbol))
				objects[symbol - all] = id;
	}
	return objects;
}

void kd_dwarf_variables(struct kd_dwarf *dwarf, const struct kd_unit *unit, const uint32_t *objects)
{
	const struct kd_symbols *symbols = kd_system_symbols(dwarf->layout->system);
	struct kd_btf_type type;

	for (size_t rank = 0; rank < kd_symbols_count(symbols); rank++)
		if (objects[rank] && !kd_btf_type(unit->btf, objects[rank], &type, NULL) &&
		    type.kind == KD_BTF_VARIABLE)
			put_variable(dwarf, unit, &type, kd_symbols_get(symbols, rank));
}
