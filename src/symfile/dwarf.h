/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the DWARF of a symbol file is written into: units of the kernel and of each module that has types of its own, and the
 * texts of all. Of each there is one with its types and variables, and then some with its functions (symfile/functions.c).
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
	bool copies; /* has what it needs of types: of structures with a name a declaration */
	uint32_t title, texts; /* name, and the strings of its types, in kd_dwarf.texts */
	uint32_t *places;      /* of its types by id - first_id, in .debug_info; 0: it has none */
};

/* A reference to a type that may not be written yet: of which unit, and its id - first_id. */
struct kd_type_use {
	const struct kd_unit *unit;
	uint32_t at, id;
};

struct kd_dwarf {
	const struct kd_layout *layout;
	struct kd_dies dies;
	struct kd_buffer texts;     /* .debug_str */
	struct kd_buffer addresses; /* .debug_aranges */
	uint32_t producer;          /* in it */
	struct kd_buffer uses;      /* struct kd_type_use, of the current unit */
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
void kd_dwarf_types(struct kd_dwarf *dwarf, const struct kd_unit *unit);
/* One of them, as the unit has it. */
void kd_dwarf_one_type(struct kd_dwarf *dwarf, const struct kd_unit *unit, uint32_t id);

/* Which function or variable of a unit's types each symbol is, by the symbol's rank: its id, or 0. To be freed; NULL: no memory. */
uint32_t *kd_dwarf_objects(const struct kd_dwarf *dwarf, const struct kd_unit *unit);
void kd_dwarf_variables(struct kd_dwarf *dwarf, const struct kd_unit *unit,
			const uint32_t *objects);
/* Units of functions. KD_NOMEM. */
enum kd_status kd_dwarf_functions(struct kd_dwarf *dwarf, const struct kd_unit *unit,
				  const uint32_t *objects, struct kd_err *err);
/* Variables of the kernel that everybody looks at, and BTF has no types of: in symfile/globals.c. */
void kd_dwarf_globals(struct kd_dwarf *dwarf, const struct kd_unit *unit);

/* A unit's header and its own DIE, for code from `low` to `high`: both 0 for none. Ends with kd_dwarf_end(). */
void kd_dwarf_begin(struct kd_dwarf *dwarf, const struct kd_unit *unit, uint64_t low,
		    uint64_t high);
/* Writes what was used and is not there yet, and ends the unit. */
void kd_dwarf_end(struct kd_dwarf *dwarf);

/*
 * Writes the units of the kernel or of a module, and all of the above. unit->btf, module, name and base are given; places are made, and are
 * the caller's to free. KD_NOMEM.
 */
enum kd_status kd_dwarf_units(struct kd_dwarf *dwarf, struct kd_unit *unit, struct kd_err *err);

#endif
