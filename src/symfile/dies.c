/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "symfile/dies.h"

#include <dwarf.h>
#include <string.h>

enum { VERSION = 5, ADDRESS_BYTES = 8, OFFSET_BYTES = 4 };

void kd_dies_deinit(struct kd_dies *dies)
{
	kd_buffer_deinit(&dies->info);
}

void kd_dies_abbreviations(const struct kd_dies *dies, struct kd_buffer *abbrev)
{
	for (unsigned int i = 0; i < dies->shape_count; i++) {
		const struct kd_die_shape *shape = &dies->shapes[i];

		kd_put_uleb(abbrev, i + 1);
		kd_put_uleb(abbrev, shape->bytes[0]);
		kd_put_u8(abbrev, shape->bytes[1]);
		for (unsigned int at = 2; at < shape->count; at++)
			kd_put_uleb(abbrev, shape->bytes[at]);
		kd_put_number(abbrev, 0, 2);
	}
	kd_put_u8(abbrev, 0);
}

void kd_unit_begin(struct kd_dies *dies)
{
	dies->unit = dies->info.bytes;
	kd_put_number(&dies->info, 0, OFFSET_BYTES); /* its length, by kd_unit_end() */
	kd_put_number(&dies->info, VERSION, 2);
	kd_put_u8(&dies->info, DW_UT_compile);
	kd_put_u8(&dies->info, ADDRESS_BYTES);
	kd_put_number(&dies->info, 0, OFFSET_BYTES); /* the one table of abbreviations */
}

void kd_unit_end(struct kd_dies *dies)
{
	kd_buffer_patch(&dies->info, dies->unit, dies->info.bytes - dies->unit - OFFSET_BYTES,
			OFFSET_BYTES);
}

static void shape_add(struct kd_die_shape *shape, unsigned int byte)
{
	if (shape->count < KD_DIE_SHAPE_BYTES)
		shape->bytes[shape->count++] = (uint8_t)byte;
}

uint32_t kd_die_begin(struct kd_dies *dies, unsigned int tag, bool has_children)
{
	dies->current.count = 0;
	shape_add(&dies->current, tag);
	shape_add(&dies->current, has_children ? DW_CHILDREN_yes : DW_CHILDREN_no);
	dies->begun = dies->info.bytes;
	kd_put_u8(&dies->info, 0); /* the abbreviation, by kd_die_end() */
	return (uint32_t)dies->begun;
}

void kd_die_end(struct kd_dies *dies)
{
	const struct kd_die_shape *current = &dies->current;
	unsigned int i = 0;

	while (i < dies->shape_count &&
	       (dies->shapes[i].count != current->count ||
		memcmp(dies->shapes[i].bytes, current->bytes, current->count)))
		i++;
	if (i == dies->shape_count) {
		if (i == KD_DIE_SHAPES) {
			dies->info.failed = true;
			return;
		}
		dies->shapes[dies->shape_count++] = *current;
	}
	kd_buffer_patch(&dies->info, dies->begun, i + 1, 1);
}

void kd_die_children_end(struct kd_dies *dies)
{
	kd_put_u8(&dies->info, 0);
}

static void attribute_of(struct kd_dies *dies, unsigned int attribute, unsigned int form)
{
	shape_add(&dies->current, attribute);
	shape_add(&dies->current, form);
}

void kd_die_number(struct kd_dies *dies, unsigned int attribute, uint64_t value)
{
	attribute_of(dies, attribute, DW_FORM_udata);
	kd_put_uleb(&dies->info, value);
}

void kd_die_signed(struct kd_dies *dies, unsigned int attribute, int64_t value)
{
	attribute_of(dies, attribute, DW_FORM_sdata);
	kd_put_sleb(&dies->info, value);
}

void kd_die_flag(struct kd_dies *dies, unsigned int attribute)
{
	attribute_of(dies, attribute, DW_FORM_flag_present);
}

void kd_die_address(struct kd_dies *dies, unsigned int attribute, uint64_t vaddr)
{
	attribute_of(dies, attribute, DW_FORM_addr);
	kd_put_number(&dies->info, vaddr, ADDRESS_BYTES);
}

void kd_die_text(struct kd_dies *dies, unsigned int attribute, uint32_t offset)
{
	attribute_of(dies, attribute, DW_FORM_strp);
	kd_put_number(&dies->info, offset, OFFSET_BYTES);
}

void kd_die_reference(struct kd_dies *dies, unsigned int attribute, uint32_t offset)
{
	attribute_of(dies, attribute, DW_FORM_ref_addr);
	kd_put_number(&dies->info, offset, OFFSET_BYTES);
}

void kd_die_location(struct kd_dies *dies, unsigned int attribute, uint64_t vaddr)
{
	attribute_of(dies, attribute, DW_FORM_exprloc);
	kd_put_uleb(&dies->info, 1 + ADDRESS_BYTES);
	kd_put_u8(&dies->info, DW_OP_addr);
	kd_put_number(&dies->info, vaddr, ADDRESS_BYTES);
}
