/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the DWARF of a symbol file is written into: a unit for the kernel and one for each module that has types of its own,
 * and the texts of all.
 */
#ifndef KD_SYMFILE_DWARF_H
#define KD_SYMFILE_DWARF_H

#include "symfile/dies.h"
#include "symfile/layout.h"

/* The types of the kernel or of a module, and where each of them is. */
struct kd_unit {
	const struct kd_btf *btf;   /* borrowed */
	unsigned int module;        /* as in struct kd_symbol */
	const char *name;           /* borrowed: of the module, or "vmlinux" */
	const struct kd_unit *base; /* of the kernel; NULL: this is it */
	uint32_t texts;             /* its strings, in kd_dwarf.texts */
	uint32_t *places; /* of its types by id - first_id, in .debug_info; 0: it has none */
};

/* A reference to a type that may not be written yet. */
struct kd_type_use {
	uint32_t at, id;
};

struct kd_dwarf {
	const struct kd_layout *layout;
	struct kd_dies dies;
	struct kd_buffer texts; /* .debug_str */
	struct kd_buffer uses;  /* struct kd_type_use, of the current unit */
};

void kd_dwarf_deinit(struct kd_dwarf *dwarf);

/* A name that was got from the unit's types, as an attribute: none when it is "". */
void kd_dwarf_name(struct kd_dwarf *dwarf, const struct kd_unit *unit, const char *name);
/* DW_AT_type: none when the type is void, or damaged. */
void kd_dwarf_type(struct kd_dwarf *dwarf, const struct kd_unit *unit, uint32_t type_id);
/* The parameters of a prototype: by their names, too, when they belong to a function. */
void kd_dwarf_parameters(struct kd_dwarf *dwarf, const struct kd_unit *unit,
			 const struct kd_btf_type *prototype);

/* All types of a unit. */
void kd_dwarf_types(struct kd_dwarf *dwarf, struct kd_unit *unit);
/* All functions and variables of a unit that have a symbol. */
void kd_dwarf_objects(struct kd_dwarf *dwarf, const struct kd_unit *unit);
/* Variables of the kernel that everybody looks at, and BTF has no types of: in gdb/globals.c. */
void kd_dwarf_globals(struct kd_dwarf *dwarf, const struct kd_unit *unit);

/*
 * Writes a unit: its own DIE, and all of the above. unit->btf, module, name and base are given; places are made, and are
 * the caller's to free. KD_NOMEM.
 */
enum kd_status kd_dwarf_unit(struct kd_dwarf *dwarf, struct kd_unit *unit, struct kd_err *err);

#endif
