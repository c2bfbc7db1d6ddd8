/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where the kernel and its modules lie: the sections that a file about them has, and how far each symbol reaches. */
#ifndef KD_SYMFILE_LAYOUT_H
#define KD_SYMFILE_LAYOUT_H

#include "base/log.h"
#include "inspect/system.h"

enum { KD_SECTION_NAME_BYTES = KD_MODULE_NAME_BYTES + 16 };

struct kd_section {
	char name[KD_SECTION_NAME_BYTES]; /* ".text", ".data.ext4" */
	uint64_t vaddr, bytes;            /* at run time; never empty, and over no other */
	uint64_t flags;                   /* SHF_… */
	unsigned int module;              /* as in struct kd_symbol */
	uint8_t *memory;                  /* what is in it; NULL: not read */
};

struct kd_layout {
	struct kd_system *system;
	struct kd_section *list; /* sorted by address */
	size_t count;
};

/* KD_NOMEM. What is damaged has no section. */
enum kd_status kd_layout_init(struct kd_layout *layout, struct kd_system *system,
			      struct kd_err *err);
void kd_layout_deinit(struct kd_layout *layout);

/*
 * Reads the memory of modules, which debuggers do not find in a dump: it lies where only page tables lead. What
 * cannot be read is left out, and the log told. KD_NOMEM.
 */
enum kd_status kd_layout_read_modules(struct kd_layout *layout, const struct kd_log *log,
				      struct kd_err *err);

/* The section that an address is in; NULL: none. */
const struct kd_section *kd_layout_at(const struct kd_layout *layout, uint64_t vaddr);
/* From a symbol to the next one at another address, or to the end of its section; 0: it is in no section. */
uint64_t kd_layout_extent(const struct kd_layout *layout, const struct kd_symbol *symbol);
/* Whether a symbol is code, by its own letter and its section. */
bool kd_layout_is_code(const struct kd_layout *layout, const struct kd_symbol *symbol);

#endif
