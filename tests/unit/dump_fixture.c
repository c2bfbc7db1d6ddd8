/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test.h"

#include "dump_fixture.h"

#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

void fixture_init(struct fixture *fixture, unsigned int levels)
{
	*fixture = (struct fixture){.fd = -1, .levels = levels};
	if (!levels)
		return;
	fixture_memory(fixture, FIXTURE_TABLES, FIXTURE_TABLES_BYTES, FIXTURE_TABLES_BYTES);
	fixture->next_table = FIXTURE_TABLES + 4096;
	fixture_info(fixture, "SYMBOL(init_top_pgt)=%llx",
		     (unsigned long long)(FIXTURE_TEXT + FIXTURE_TABLES));
	fixture_info(fixture, "NUMBER(phys_base)=0");
	fixture_info(fixture, "NUMBER(pgtable_l5_enabled)=%d", levels == 5);
}

void fixture_deinit(struct fixture *fixture)
{
	for (size_t i = 0; i < fixture->segment_count; i++)
		free(fixture->segments[i].data);
	if (fixture->fd >= 0)
		close(fixture->fd);
}

void fixture_memory(struct fixture *fixture, uint64_t paddr, uint64_t memory_bytes,
		    uint64_t file_bytes)
{
	assert_true(fixture->segment_count < FIXTURE_SEGMENTS);
	fixture->segments[fixture->segment_count++] = (struct fixture_segment){
		.paddr = paddr,
		.vaddr = UINT64_C(0xffff888000000000) + paddr,
		.memory_bytes = memory_bytes,
		.file_bytes = file_bytes,
		.data = calloc(1, memory_bytes + 1),
	};
}

static uint8_t *at(struct fixture *fixture, uint64_t paddr, size_t bytes)
{
	for (size_t i = 0; i < fixture->segment_count; i++) {
		struct fixture_segment *segment = &fixture->segments[i];

		if (paddr >= segment->paddr &&
		    paddr + bytes <= segment->paddr + segment->memory_bytes)
			return segment->data + (paddr - segment->paddr);
	}
	fail_msg("the fixture has no memory at 0x%llx", (unsigned long long)paddr);
	return NULL;
}

void fixture_poke(struct fixture *fixture, uint64_t paddr, const void *data, size_t bytes)
{
	memcpy(at(fixture, paddr, bytes), data, bytes);
}

void fixture_poke_number(struct fixture *fixture, uint64_t paddr, uint64_t value, size_t bytes)
{
	fixture_poke(fixture, paddr, &value, bytes); /* hosts of the tests are little-endian */
}

void fixture_info(struct fixture *fixture, const char *format, ...)
{
	size_t room = sizeof(fixture->info) - fixture->info_bytes;
	va_list args;

	va_start(args, format);
	fixture->info_bytes +=
		(size_t)vsnprintf(fixture->info + fixture->info_bytes, room, format, args);
	va_end(args);
	assert_true(fixture->info_bytes + 1 < sizeof(fixture->info));
	fixture->info[fixture->info_bytes++] = '\n';
}

void fixture_note(struct fixture *fixture, const char *name, uint32_t type, const void *desc,
		  size_t bytes)
{
	uint32_t words[3] = {(uint32_t)strlen(name) + 1, (uint32_t)bytes, type};
	size_t name_room = (words[0] + 3u) & ~3u, desc_room = (bytes + 3) & ~(size_t)3;
	uint8_t *to = fixture->notes + fixture->note_bytes;

	fixture->note_bytes += sizeof(words) + name_room + desc_room;
	assert_true(fixture->note_bytes <= sizeof(fixture->notes));
	memcpy(to, words, sizeof(words));
	memcpy(to + sizeof(words), name, words[0]);
	memcpy(to + sizeof(words) + name_room, desc, bytes);
}

void fixture_cpu(struct fixture *fixture, uint32_t pid, uint64_t rip, uint64_t rsp)
{
	uint8_t status[336] = {0};

	memcpy(status + 32, &pid, sizeof(pid));
	memcpy(status + 112 + 16 * 8, &rip, sizeof(rip));
	memcpy(status + 112 + 19 * 8, &rsp, sizeof(rsp));
	fixture_note(fixture, "CORE", NT_PRSTATUS, status, sizeof(status));
}

void fixture_map(struct fixture *fixture, uint64_t vaddr, uint64_t paddr, unsigned int shift)
{
	uint64_t table = FIXTURE_TABLES;

	for (unsigned int level = fixture->levels;; level--) {
		unsigned int bits = 12 + 9 * (level - 1);
		uint64_t slot = table + (vaddr >> bits & 511) * 8, entry;

		if (bits == shift) {
			fixture_poke_number(fixture, slot, paddr | (shift > 12 ? 0x81 : 1), 8);
			return;
		}
		memcpy(&entry, at(fixture, slot, 8), 8);
		if (!entry) {
			entry = fixture->next_table | 1;
			fixture->next_table += 4096;
			fixture_poke_number(fixture, slot, entry, 8);
		}
		table = entry & ~UINT64_C(4095);
	}
}

static void put_program_header(struct fixture *fixture, size_t number, const Elf64_Phdr *header)
{
	Elf32_Phdr narrow = {
		.p_type = header->p_type,
		.p_offset = (uint32_t)header->p_offset,
		.p_vaddr = (uint32_t)header->p_vaddr,
		.p_paddr = (uint32_t)header->p_paddr,
		.p_filesz = (uint32_t)header->p_filesz,
		.p_memsz = (uint32_t)header->p_memsz,
	};

	if (fixture->is_32_bit)
		fixture_patch(fixture, sizeof(Elf32_Ehdr) + number * sizeof(narrow), &narrow,
			      sizeof(narrow));
	else
		fixture_patch(fixture, sizeof(Elf64_Ehdr) + number * sizeof(*header), header,
			      sizeof(*header));
}

static void put_header(struct fixture *fixture, uint16_t count)
{
	Elf64_Ehdr wide = {
		.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB,
			    EV_CURRENT},
		.e_type = ET_CORE,
		.e_machine = fixture->machine ? fixture->machine : EM_X86_64,
		.e_version = EV_CURRENT,
		.e_phoff = sizeof(wide),
		.e_ehsize = sizeof(wide),
		.e_phentsize = sizeof(Elf64_Phdr),
		.e_phnum = count,
	};
	Elf32_Ehdr narrow = {
		.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS32, ELFDATA2LSB,
			    EV_CURRENT},
		.e_type = ET_CORE,
		.e_machine = EM_386,
		.e_version = EV_CURRENT,
		.e_phoff = sizeof(narrow),
		.e_ehsize = sizeof(narrow),
		.e_phentsize = sizeof(Elf32_Phdr),
		.e_phnum = count,
	};

	if (fixture->is_32_bit)
		fixture_patch(fixture, 0, &narrow, sizeof(narrow));
	else
		fixture_patch(fixture, 0, &wide, sizeof(wide));
}

void fixture_build(struct fixture *fixture)
{
	size_t count = fixture->segment_count + 1;
	size_t headers = fixture->is_32_bit ? sizeof(Elf32_Ehdr) + count * sizeof(Elf32_Phdr)
					    : sizeof(Elf64_Ehdr) + count * sizeof(Elf64_Phdr);
	Elf64_Phdr note = {.p_type = PT_NOTE, .p_offset = headers};
	uint64_t offset;

	if (fixture->info_bytes)
		fixture_note(fixture, "VMCOREINFO", 0, fixture->info, fixture->info_bytes);
	fixture->fd = memfd_create("core", MFD_CLOEXEC);
	assert_true(fixture->fd >= 0);
	snprintf(fixture->path, sizeof(fixture->path), "/proc/self/fd/%d", fixture->fd);
	note.p_filesz = note.p_memsz = fixture->note_bytes;
	put_header(fixture, (uint16_t)count);
	put_program_header(fixture, 0, &note);
	fixture_patch(fixture, headers, fixture->notes, fixture->note_bytes);
	offset = headers + fixture->note_bytes;
	for (size_t i = 0; i < fixture->segment_count; i++) {
		const struct fixture_segment *segment = &fixture->segments[i];
		Elf64_Phdr load = {
			.p_type = PT_LOAD,
			/* as QEMU says it of a mapping of which the file has nothing */
			.p_offset = segment->file_bytes ? offset : UINT64_MAX,
			.p_vaddr = segment->vaddr,
			.p_paddr = segment->paddr,
			.p_filesz = segment->file_bytes,
			.p_memsz = segment->memory_bytes,
		};

		put_program_header(fixture, i + 1, &load);
		fixture_patch(fixture, offset, segment->data, segment->file_bytes);
		offset += segment->file_bytes;
	}
	fixture->file_bytes = offset;
}

void fixture_patch(struct fixture *fixture, uint64_t offset, const void *data, size_t bytes)
{
	assert_int_equal(pwrite(fixture->fd, data, bytes, (off_t)offset), bytes);
}

uint8_t fixture_peek(const struct fixture *fixture, uint64_t offset)
{
	uint8_t byte = 0;

	assert_int_equal(pread(fixture->fd, &byte, 1, (off_t)offset), 1);
	return byte;
}
