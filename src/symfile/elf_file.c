/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "symfile/elf_file.h"

#include <stdlib.h>
#include <string.h>

enum { LEAST_ROOM = 64, ALIGNMENT = 8 };

void kd_elf_deinit(struct kd_elf *elf)
{
	kd_buffer_deinit(&elf->names);
	free(elf->list);
	*elf = (struct kd_elf){.list = NULL};
}

static bool make_room(struct kd_elf *elf)
{
	unsigned int room = elf->room ? 2 * elf->room : LEAST_ROOM;
	struct kd_elf_section *grown;

	if (elf->count < elf->room)
		return true;
	grown = realloc(elf->list, room * sizeof(*grown));
	if (!grown)
		return false;
	elf->list = grown;
	elf->room = room;
	if (!elf->count) {
		elf->list[elf->count++] = (struct kd_elf_section){.data = NULL};
		kd_put_u8(&elf->names, 0);
	}
	return true;
}

unsigned int kd_elf_add(struct kd_elf *elf, const char *name, const Elf64_Shdr *header,
			const void *data, uint64_t bytes)
{
	struct kd_elf_section *section;

	if (!make_room(elf) || elf->count >= SHN_LORESERVE - 1) {
		elf->failed = true;
		return SHN_UNDEF;
	}
	section = &elf->list[elf->count];
	*section = (struct kd_elf_section){.header = *header, .data = data};
	section->header.sh_name = (Elf64_Word)kd_put_text(&elf->names, name);
	section->header.sh_size = bytes;
	if (!section->header.sh_addralign)
		section->header.sh_addralign = 1;
	return elf->count++;
}

void kd_elf_write(struct kd_elf *elf, unsigned int machine, struct kd_buffer *file)
{
	static const Elf64_Shdr names_header = {.sh_type = SHT_STRTAB};
	/* the table's own name is in it, too: it is added last, and only then measured */
	unsigned int names = kd_elf_add(elf, ".shstrtab", &names_header, NULL, 0);
	Elf64_Ehdr header = {
		.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB,
			    EV_CURRENT},
		.e_type = ET_EXEC,
		.e_machine = (Elf64_Half)machine,
		.e_version = EV_CURRENT,
		.e_ehsize = sizeof(header),
		.e_shentsize = sizeof(Elf64_Shdr),
		.e_shnum = (Elf64_Half)elf->count,
		.e_shstrndx = (Elf64_Half)names,
	};

	file->failed |= elf->failed || elf->names.failed;
	if (file->failed)
		return;
	elf->list[names].data = elf->names.data;
	elf->list[names].header.sh_size = elf->names.bytes;
	kd_put(file, &header, sizeof(header));
	for (unsigned int i = 1; i < elf->count; i++) {
		struct kd_elf_section *section = &elf->list[i];

		kd_put_padding(file, 0, ALIGNMENT);
		section->header.sh_offset = file->bytes;
		if (section->data)
			kd_put(file, section->data, (size_t)section->header.sh_size);
	}
	kd_put_padding(file, 0, ALIGNMENT);
	kd_buffer_patch(file, offsetof(Elf64_Ehdr, e_shoff), file->bytes, sizeof(header.e_shoff));
	for (unsigned int i = 0; i < elf->count; i++)
		kd_put(file, &elf->list[i].header, sizeof(elf->list[i].header));
}
