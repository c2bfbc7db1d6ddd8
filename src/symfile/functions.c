/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Functions have units of their own, some hundred to each, in the order of their addresses.
 *
 * A debugger that comes to an address reads the unit that has it, whole, and every unit which that one refers to. Were
 * functions where all types are, or did they refer to them, the first frame of a stack would cost the reading of all
 * that the kernel has. So such a unit has copies of the types that it needs: numbers, pointers, typedefs, enumerations and what has no
 * name as they are, and of structures and unions that have one a declaration alone. Debuggers complete it by
 * the name, in the unit of types, when somebody asks what is in it.
 */
#include <ctype.h>
#include <dwarf.h>
#include <errno.h>
#include <stdlib.h>

#include "symfile/dwarf.h"
#include "host/file.h"
#include "host/system.h"

enum { FUNCTIONS_A_UNIT = 512 };

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

/* A unit's double that has copies. KD_NOMEM. */
static enum kd_status make_copying(const struct kd_unit *unit, struct kd_unit *copying,
				   struct kd_err *err)
{
	*copying = *unit;
	copying->copies = true;
	copying->places = calloc((size_t)kd_btf_count(unit->btf) + 1, sizeof(*copying->places));
	return copying->places ? KD_OK : kd_fail_errno(err, ENOMEM, "copies of types");
}

static bool is_function(const struct kd_unit *unit, uint32_t object, struct kd_btf_type *type)
{
	return object && !kd_btf_type(unit->btf, object, type, NULL) &&
	       type->kind == KD_BTF_FUNCTION;
}

/* Where a unit that begins with the function of rank `first` ends: behind so many functions, and all that are at the last one's address. */
static size_t find_end(const struct kd_dwarf *dwarf, const struct kd_unit *unit,
		       const uint32_t *objects, size_t first, uint64_t *high)
{
	const struct kd_symbols *symbols = kd_system_symbols(dwarf->layout->system);
	size_t count = 0, rank;
	uint64_t last = 0;
	struct kd_btf_type type;

	for (rank = first; rank < kd_symbols_count(symbols); rank++) {
		const struct kd_symbol *symbol = kd_symbols_get(symbols, rank);

		if (!is_function(unit, objects[rank], &type))
			continue;
		if (count++ >= FUNCTIONS_A_UNIT && symbol->vaddr != last)
			break;
		last = symbol->vaddr;
		*high = last + kd_layout_extent(dwarf->layout, symbol);
	}
	return rank;
}

enum kd_status kd_dwarf_functions(struct kd_dwarf *dwarf, const struct kd_unit *unit,
				  const uint32_t *objects, struct kd_err *err)
{
	const struct kd_symbols *symbols = kd_system_symbols(dwarf->layout->system);
	const size_t count = kd_symbols_count(symbols);
	struct kd_unit copying = {.places = NULL}, base = {.places = NULL};
	enum kd_status status = make_copying(unit, &copying, err);
	struct kd_btf_type type;

	if (!status && unit->base) {
		status = make_copying(unit->base, &base, err);
		copying.base = &base;
	}
	for (size_t rank = 0, end; !status && rank < count; rank = end) {
		uint64_t high = 0;

		if (!is_function(unit, objects[rank], &type)) {
			end = rank + 1;
			continue;
		}
		end = find_end(dwarf, unit, objects, rank, &high);
		kd_dwarf_begin(dwarf, unit, kd_symbols_get(symbols, rank)->vaddr, high);
		for (; rank < end; rank++)
			if (is_function(unit, objects[rank], &type))
				put_function(dwarf, &copying, &type, kd_symbols_get(symbols, rank));
		kd_dwarf_end(dwarf);
	}
	free(copying.places);
	free(base.places);
	return status;
}
