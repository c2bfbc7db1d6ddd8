/* SPDX-License-Identifier: GPL-2.0-or-later */
/* .symtab and .strtab out of the kernel's symbols and those of its modules. */
#ifndef KD_SYMFILE_SYMBOL_TABLE_H
#define KD_SYMFILE_SYMBOL_TABLE_H

#include "symfile/buffer.h"
#include "symfile/layout.h"

/*
 * Writes both. `first_section` is the number that the layout's first section has in the file, the others follow it.
 * *locals is how many come first that are not global (sh_info).
 */
void kd_symbol_table(const struct kd_layout *layout, unsigned int first_section,
		     struct kd_buffer *table, struct kd_buffer *names, uint32_t *locals);

#endif
