/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Types of BTF as DIEs: they were made from DWARF (by pahole), and go back to it kind by kind. */
#include <dwarf.h>
#include <string.h>

#include "symfile/dwarf.h"
#include "inspect/declare.h"

enum { POINTER_BYTES = 8 };

typedef void write_type(struct kd_dwarf *dwarf, const struct kd_unit *unit,
			const struct kd_btf_type *type, unsigned int tag);

static void write_number(struct kd_dwarf *dwarf, const struct kd_unit *unit,
			 const struct kd_btf_type *type, unsigned int tag)
{
	struct kd_btf_int kind = kd_btf_int(unit->btf, type);
	/* BTF has a mark for characters that nobody sets */
	bool is_char = kind.is_char || (type->size == 1 && strstr(type->name, "char"));
	unsigned int encoding = kind.is_bool     ? DW_ATE_boolean
				: kind.is_signed ? (is_char ? DW_ATE_signed_char : DW_ATE_signed)
				: is_char        ? DW_ATE_unsigned_char
						 : DW_ATE_unsigned;

	kd_die_begin(&dwarf->dies, tag, false);
	kd_dwarf_name(dwarf, unit, type->name);
	kd_die_number(&dwarf->dies, DW_AT_byte_size, type->size);
	kd_die_number(&dwarf->dies, DW_AT_encoding,
		      type->kind == KD_BTF_FLOAT ? DW_ATE_float : encoding);
	kd_die_end(&dwarf->dies);
}

/* What is about one other type: pointers, qualifiers, typedefs. */
static void write_derived(struct kd_dwarf *dwarf, const struct kd_unit *unit,
			  const struct kd_btf_type *type, unsigned int tag)
{
	kd_die_begin(&dwarf->dies, tag, false);
	kd_dwarf_name(dwarf, unit, type->name);
	if (type->kind == KD_BTF_POINTER)
		kd_die_number(&dwarf->dies, DW_AT_byte_size, POINTER_BYTES);
	kd_dwarf_type(dwarf, unit, type->type_id);
	kd_die_end(&dwarf->dies);
}

/* BTF does not tell an array without a length from one of length 0: it is almost always the former. */
static void write_array(struct kd_dwarf *dwarf, const struct kd_unit *unit,
			const struct kd_btf_type *type, unsigned int tag)
{
	uint32_t element, count;

	kd_btf_array(unit->btf, type, &element, &count);
	kd_die_begin(&dwarf->dies, tag, true);
	kd_dwarf_type(dwarf, unit, element);
	kd_die_end(&dwarf->dies);
	kd_die_begin(&dwarf->dies, DW_TAG_subrange_type, false);
	if (count)
		kd_die_number(&dwarf->dies, DW_AT_count, count);
	kd_die_end(&dwarf->dies);
	kd_die_children_end(&dwarf->dies);
}

static void write_compound(struct kd_dwarf *dwarf, const struct kd_unit *unit,
			   const struct kd_btf_type *type, unsigned int tag)
{
	struct kd_btf_member member;

	kd_die_begin(&dwarf->dies, tag, type->count);
	kd_dwarf_name(dwarf, unit, type->name);
	kd_die_number(&dwarf->dies, DW_AT_byte_size, type->size);
	kd_die_end(&dwarf->dies);
	for (uint32_t i = 0; !kd_btf_member_at(unit->btf, type, i, &member, NULL); i++) {
		kd_die_begin(&dwarf->dies, DW_TAG_member, false);
		kd_dwarf_name(dwarf, unit, member.name);
		kd_dwarf_type(dwarf, unit, member.type_id);
		if (member.bits) {
			kd_die_number(&dwarf->dies, DW_AT_bit_size, member.bits);
			kd_die_number(&dwarf->dies, DW_AT_data_bit_offset, member.offset_bits);
		} else {
			kd_die_number(&dwarf->dies, DW_AT_data_member_location,
				      member.offset_bits / 8);
		}
		kd_die_end(&dwarf->dies);
	}
	if (type->count)
		kd_die_children_end(&dwarf->dies);
}

static void write_enum(struct kd_dwarf *dwarf, const struct kd_unit *unit,
		       const struct kd_btf_type *type, unsigned int tag)
{
	const char *name;
	int64_t value;

	kd_die_begin(&dwarf->dies, tag, type->count);
	kd_dwarf_name(dwarf, unit, type->name);
	if (type->count)
		kd_die_number(&dwarf->dies, DW_AT_byte_size, type->size);
	else
		kd_die_flag(&dwarf->dies, DW_AT_declaration);
	kd_die_end(&dwarf->dies);
	for (uint32_t i = 0; kd_btf_enumerator_at(unit->btf, type, i, &name, &value); i++) {
		kd_die_begin(&dwarf->dies, DW_TAG_enumerator, false);
		kd_dwarf_name(dwarf, unit, name);
		if (type->flag)
			kd_die_signed(&dwarf->dies, DW_AT_const_value, value);
		else
			kd_die_number(&dwarf->dies, DW_AT_const_value, (uint64_t)value);
		kd_die_end(&dwarf->dies);
	}
	if (type->count)
		kd_die_children_end(&dwarf->dies);
}

static void write_declaration(struct kd_dwarf *dwarf, const struct kd_unit *unit,
			      const struct kd_btf_type *type, unsigned int tag)
{
	kd_die_begin(&dwarf->dies, tag, false);
	kd_dwarf_name(dwarf, unit, type->name);
	kd_die_flag(&dwarf->dies, DW_AT_declaration);
	kd_die_end(&dwarf->dies);
}

static void write_forward(struct kd_dwarf *dwarf, const struct kd_unit *unit,
			  const struct kd_btf_type *type, unsigned int tag)
{
	write_declaration(dwarf, unit, type, type->flag ? DW_TAG_union_type : tag);
}

static void write_prototype(struct kd_dwarf *dwarf, const struct kd_unit *unit,
			    const struct kd_btf_type *type, unsigned int tag)
{
	kd_die_begin(&dwarf->dies, tag, type->count);
	kd_die_flag(&dwarf->dies, DW_AT_prototyped);
	kd_dwarf_type(dwarf, unit, type->type_id);
	kd_die_end(&dwarf->dies);
	kd_dwarf_parameters(dwarf, unit, type);
	if (type->count)
		kd_die_children_end(&dwarf->dies);
}

void kd_dwarf_parameters(struct kd_dwarf *dwarf, const struct kd_unit *unit,
			 const struct kd_btf_type *prototype)
{
	const char *name;
	uint32_t type_id;

	for (uint32_t i = 0; kd_btf_parameter_at(unit->btf, prototype, i, &name, &type_id); i++) {
		bool is_rest = !type_id && i + 1 == prototype->count; /* "..." */

		kd_die_begin(&dwarf->dies,
			     is_rest ? DW_TAG_unspecified_parameters : DW_TAG_formal_parameter,
			     false);
		kd_dwarf_name(dwarf, unit, name);
		kd_dwarf_type(dwarf, unit, type_id);
		kd_die_end(&dwarf->dies);
	}
}

/* Functions and variables are no types, and what tags say has no place in DWARF. */
static const struct {
	write_type *write;
	unsigned int tag;
} kinds[KD_BTF_KINDS] = {
	[KD_BTF_INT] = {write_number, DW_TAG_base_type},
	[KD_BTF_FLOAT] = {write_number, DW_TAG_base_type},
	[KD_BTF_POINTER] = {write_derived, DW_TAG_pointer_type},
	[KD_BTF_TYPEDEF] = {write_derived, DW_TAG_typedef},
	[KD_BTF_VOLATILE] = {write_derived, DW_TAG_volatile_type},
	[KD_BTF_CONST] = {write_derived, DW_TAG_const_type},
	[KD_BTF_RESTRICT] = {write_derived, DW_TAG_restrict_type},
	[KD_BTF_ARRAY] = {write_array, DW_TAG_array_type},
	[KD_BTF_STRUCT] = {write_compound, DW_TAG_structure_type},
	[KD_BTF_UNION] = {write_compound, DW_TAG_union_type},
	[KD_BTF_ENUM] = {write_enum, DW_TAG_enumeration_type},
	[KD_BTF_ENUM64] = {write_enum, DW_TAG_enumeration_type},
	[KD_BTF_FORWARD] = {write_forward, DW_TAG_structure_type},
	[KD_BTF_PROTOTYPE] = {write_prototype, DW_TAG_subroutine_type},
};

/* Debuggers find these by their names, elsewhere. (Not so enumerations: gdb 13 takes a declaration for all there is.) */
static bool is_found_by_name(const struct kd_btf_type *type)
{
	return *type->name && (type->kind == KD_BTF_STRUCT || type->kind == KD_BTF_UNION);
}

void kd_dwarf_one_type(struct kd_dwarf *dwarf, const struct kd_unit *unit, uint32_t id)
{
	struct kd_btf_type type;
	write_type *write;

	if (kd_btf_type(unit->btf, id, &type, NULL) || !kinds[type.kind].write)
		return;
	unit->places[id - unit->btf->first_id] = (uint32_t)dwarf->dies.info.bytes;
	write = unit->copies && is_found_by_name(&type) ? write_declaration
							: kinds[type.kind].write;
	write(dwarf, unit, &type, kinds[type.kind].tag);
}

void kd_dwarf_types(struct kd_dwarf *dwarf, const struct kd_unit *unit)
{
	for (uint32_t id = unit->btf->first_id; id < unit->btf->end_id; id++)
		kd_dwarf_one_type(dwarf, unit, id);
}
