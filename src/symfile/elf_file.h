/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A writer of ELF64 files (System V ABI, chapter 4): sections in the order of being added, no segments. */
#ifndef KD_SYMFILE_ELF_FILE_H
#define KD_SYMFILE_ELF_FILE_H

#include <elf.h>

#include "symfile/buffer.h"

struct kd_elf_section {
	Elf64_Shdr header;
	const void *data; /* borrowed; NULL: nothing of it is in the file */
};

struct kd_elf {
	struct kd_elf_section *list;
	unsigned int count, room; /* the first is none, as the format has it */
	struct kd_buffer names;
	bool failed; /* no memory, or more sections than 16 bits count */
};

void kd_elf_deinit(struct kd_elf *elf);
/*
 * Adds a section of which sh_type, sh_flags, sh_addr and others may be told; its name, size, offset and place are filled
 * in. Data must live until kd_elf_write(). Returns its number, SHN_UNDEF on failure.
 */
unsigned int kd_elf_add(struct kd_elf *elf, const char *name, const Elf64_Shdr *header,
			const void *data, uint64_t bytes);
/* What sections and symbols become: an executable of that machine, whose code is where it says. */
void kd_elf_write(struct kd_elf *elf, unsigned int machine, struct kd_buffer *file);

#endif
