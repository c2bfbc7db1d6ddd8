/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A writer of .debug_info: entries ("DIEs") attribute by attribute, and the abbreviations that they need (DWARF 5,
 * 7.5). An entry's attributes are written as they come; when it ends, the abbreviation of this very list of
 * attributes is looked up, or made.
 */
#ifndef KD_SYMFILE_DIES_H
#define KD_SYMFILE_DIES_H

#include "symfile/buffer.h"

enum {
	KD_DIE_SHAPES = 127, /* abbreviations: their numbers are of one byte */
	KD_DIE_SHAPE_BYTES = 32,
};

/* Tag, whether it has children, and then attribute and form in turn, a byte each. */
struct kd_die_shape {
	uint8_t bytes[KD_DIE_SHAPE_BYTES];
	uint8_t count;
};

struct kd_dies {
	struct kd_buffer info;
	struct kd_die_shape shapes[KD_DIE_SHAPES], current;
	unsigned int shape_count;
	size_t begun; /* where the current one is in info */
	size_t unit;  /* where the current unit is */
};

void kd_dies_deinit(struct kd_dies *dies);
/* What .debug_abbrev holds, for all units. */
void kd_dies_abbreviations(const struct kd_dies *dies, struct kd_buffer *abbrev);

/* A unit begins with its header; its own DIE is the next one. */
void kd_unit_begin(struct kd_dies *dies);
void kd_unit_end(struct kd_dies *dies);

/* DW_TAG_…; returns where it is, from the start of .debug_info. One with children ends twice, by both functions. */
uint32_t kd_die_begin(struct kd_dies *dies, unsigned int tag, bool has_children);
void kd_die_end(struct kd_dies *dies);
void kd_die_children_end(struct kd_dies *dies);

/* DW_AT_… of the current one. */
void kd_die_number(struct kd_dies *dies, unsigned int attribute, uint64_t value);
void kd_die_signed(struct kd_dies *dies, unsigned int attribute, int64_t value);
void kd_die_flag(struct kd_dies *dies, unsigned int attribute);
void kd_die_address(struct kd_dies *dies, unsigned int attribute, uint64_t vaddr);
/* A text by its place in .debug_str. */
void kd_die_text(struct kd_dies *dies, unsigned int attribute, uint32_t offset);
/* Another entry, of this unit or another one, by its place in .debug_info. */
void kd_die_reference(struct kd_dies *dies, unsigned int attribute, uint32_t offset);
/* The place of a variable: DW_OP_addr. */
void kd_die_location(struct kd_dies *dies, unsigned int attribute, uint64_t vaddr);

#endif
