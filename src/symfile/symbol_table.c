/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Symbols have neither a size nor a section of their own in the kernel's memory: a symbol reaches to the next one, and its
 * section is the one that it lies in. What lies in none, as per-CPU variables do that count from 0, is absolute.
 */
#include "symfile/symbol_table.h"

#include <ctype.h>
#include <elf.h>
#include <string.h>

static unsigned int binding_of(const struct kd_symbol *symbol)
{
	if (symbol->type && strchr("wWvV", symbol->type))
		return STB_WEAK;
	return isupper((unsigned char)symbol->type) ? STB_GLOBAL : STB_LOCAL;
}

static void put_symbol(const struct kd_layout *layout, unsigned int first_section,
		       const struct kd_symbol *symbol, struct kd_buffer *table,
		       struct kd_buffer *names)
{
	const char *name = kd_symbol_name(kd_system_symbols(layout->system), symbol);
	const struct kd_section *section = kd_layout_at(layout, symbol->vaddr);
	unsigned int type = kd_layout_is_code(layout, symbol) ? STT_FUNC
			    : section                         ? STT_OBJECT
							      : STT_NOTYPE;
	const Elf64_Sym entry = {
		.st_name = (Elf64_Word)kd_put_text(names, name),
		.st_info = (unsigned char)ELF64_ST_INFO(binding_of(symbol), type),
		.st_shndx =
			section ? (Elf64_Half)(first_section + (section - layout->list)) : SHN_ABS,
		.st_value = symbol->vaddr,
		.st_size = kd_layout_extent(layout, symbol),
	};

	kd_put(table, &entry, sizeof(entry));
}

void kd_symbol_table(const struct kd_layout *layout, unsigned int first_section,
		     struct kd_buffer *table, struct kd_buffer *names, uint32_t *locals)
{
	static const Elf64_Sym none;
	const struct kd_symbols *symbols = kd_system_symbols(layout->system);

	kd_put(table, &none, sizeof(none));
	kd_put_u8(names, 0);
	for (int global = 0; global < 2; global++) {
		for (size_t rank = 0; rank < kd_symbols_count(symbols); rank++) {
			const struct kd_symbol *symbol = kd_symbols_get(symbols, rank);

			if ((binding_of(symbol) != STB_LOCAL) == global)
				put_symbol(layout, first_section, symbol, table, names);
		}
		if (!global)
			*locals = (uint32_t)(table->bytes / sizeof(none));
	}
}
