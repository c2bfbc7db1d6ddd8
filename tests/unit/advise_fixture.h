/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A made-up kernel, as an ELF file with the sections that tell its size, and as a bzImage that carries it. */
#ifndef KD_TESTS_UNIT_ADVISE_FIXTURE_H
#define KD_TESTS_UNIT_ADVISE_FIXTURE_H

#include <assert.h>
#include <elf.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "bzimage_fixture.h"

enum { VMLINUX_BYTES = 8192, VMLINUX_SECTIONS = 9, BZIMAGE_MOST = 64 << 10 };

#define KERNEL_VADDR UINT64_C(0xffffffff81000000)

/*
 * 14 MiB of code and a gap of 2, 4 of read-only data and a gap of 2, 8 of data, init sections of 2 MiB that begin
 * with 64 KiB of per-CPU data, 4 of what is not saved and .bss: 36 MiB in all.
 */
static inline size_t vmlinux_make(uint8_t file[VMLINUX_BYTES])
{
	static const struct {
		const char *name;
		uint64_t at, bytes; /* KERNEL_VADDR added, but where at is 0 */
		uint32_t type;
	} sections[VMLINUX_SECTIONS] = {
		{"", 0, 0, SHT_NULL},
		{".text", 0x80000000, 14 << 20, SHT_PROGBITS},
		{".rodata", 16 << 20, 4 << 20, SHT_PROGBITS},
		{".data", 22 << 20, 1 << 20, SHT_PROGBITS},
		{".data..percpu", 0, 64 << 10, SHT_PROGBITS},
		{".init.text", (30 << 20) + (64 << 10), 1 << 20, SHT_PROGBITS},
		{".data_nosave", 32 << 20, 4096, SHT_PROGBITS},
		{".bss", (32 << 20) + 4096, (4 << 20) - 4096, SHT_NOBITS},
		{".shstrtab", 0, 0, SHT_STRTAB},
	};
	Elf64_Shdr headers[VMLINUX_SECTIONS] = {{0}};
	Elf64_Ehdr header = {
		.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
		.e_type = ET_EXEC,
		.e_machine = EM_X86_64,
		.e_entry = 0x1000000,
		.e_phoff = sizeof(Elf64_Ehdr),
		.e_phentsize = sizeof(Elf64_Phdr),
		.e_phnum = 1,
		.e_shoff = 4096,
		.e_shentsize = sizeof(Elf64_Shdr),
		.e_shnum = VMLINUX_SECTIONS,
		.e_shstrndx = VMLINUX_SECTIONS - 1,
	};
	const Elf64_Phdr load = {
		.p_type = PT_LOAD,
		.p_vaddr = KERNEL_VADDR,
		.p_paddr = 0x1000000,
		.p_offset = 0,
		.p_filesz = 4096,
		.p_memsz = 40 << 20,
	};
	size_t names = 1;

	memset(file, 0, VMLINUX_BYTES);
	for (int i = 1; i < VMLINUX_SECTIONS; i++) {
		uint64_t at = sections[i].at == 0x80000000 ? 0 : sections[i].at;

		headers[i] = (Elf64_Shdr){
			.sh_name = (Elf64_Word)names,
			.sh_type = sections[i].type,
			.sh_flags = sections[i].type == SHT_STRTAB ? 0 : SHF_ALLOC,
			.sh_addr = sections[i].at ? KERNEL_VADDR + at : 0,
			.sh_size = sections[i].bytes,
		};
		strcpy((char *)file + 2048 + names, sections[i].name);
		names += strlen(sections[i].name) + 1;
	}
	headers[VMLINUX_SECTIONS - 1].sh_offset = 2048;
	headers[VMLINUX_SECTIONS - 1].sh_size = names;
	memcpy(file, &header, sizeof(header));
	memcpy(file + sizeof(header), &load, sizeof(load));
	memcpy(file + header.e_shoff, headers, sizeof(headers));
	return header.e_shoff + sizeof(headers);
}

/* A bzImage whose payload is that file, by gzip. Returns its size. */
static inline size_t bzimage_make(uint8_t file[BZIMAGE_MOST])
{
	enum { PAYLOAD_AT = 4096 }; /* in the protected-mode kernel */
	uint8_t vmlinux[VMLINUX_BYTES], *payload = file + BZIMAGE_SETUP_BYTES + PAYLOAD_AT;
	size_t bytes = vmlinux_make(vmlinux), file_bytes;
	struct setup_header header;
	z_stream stream = {0};
	uint32_t unpacked = (uint32_t)bytes;

	memset(file, 0, BZIMAGE_MOST);
	assert(deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK);
	stream.next_in = vmlinux;
	stream.avail_in = (uInt)bytes;
	stream.next_out = payload;
	stream.avail_out = BZIMAGE_MOST / 2;
	assert(deflate(&stream, Z_FINISH) == Z_STREAM_END);
	memcpy(payload + stream.total_out, &unpacked, sizeof(unpacked));
	file_bytes = (BZIMAGE_SETUP_BYTES + PAYLOAD_AT + stream.total_out + sizeof(unpacked) + 15) &
		     ~(size_t)15;
	header = bzimage_header(file_bytes);
	header.payload_offset = PAYLOAD_AT;
	header.payload_length = (uint32_t)(stream.total_out + sizeof(unpacked));
	header.init_size = 48 << 20;
	memcpy(file + BZIMAGE_HEADER_AT, &header, sizeof(header));
	deflateEnd(&stream);
	return file_bytes;
}

#endif
