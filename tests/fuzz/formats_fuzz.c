/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Dumps of the rarer kinds: headers of every version and width, DISKDUMP, sets of files, bare memory, ELF cores
 * whose segments overlap. The first bytes choose the kind; the others damage a whole dump of it, or are the
 * segments of a core, of which it is known what must be read.
 */
#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "dump/dump.h"
#include "kdump_fixture.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MEMBERS = 3, UNIT = 0x400, MAPS = 12, CORE_BYTES = 4096 + MAPS * 16 * UNIT };

static int make_file(const void *data, size_t bytes, char path[64])
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC);

	if (fd < 0 || write(fd, data, bytes) != (ssize_t)bytes)
		abort();
	snprintf(path, 64, "/proc/self/fd/%d", fd);
	return fd;
}

static void look(struct kd_dump *dump, uint64_t base)
{
	uint8_t page[KDUMP_BLOCK];
	uint64_t bits[2];
	size_t count;

	for (uint64_t pfn = 0; pfn < KDUMP_PAGES + 2; pfn++)
		kd_dump_read(dump, base + pfn * KDUMP_BLOCK, page, sizeof(page), NULL);
	kd_reader_present(kd_dump_reader(dump), 3, 128, bits, NULL);
	kd_dump_notes(dump, &count);
	/* what is said to be there as text has an end */
	if (kd_dump_facts(dump)->absent && !strlen(kd_dump_facts(dump)->absent))
		abort();
	if (kd_dump_facts(dump)->erased &&
	    strlen(kd_dump_facts(dump)->erased) > kd_dump_facts(dump)->erased_bytes)
		abort();
}

static void fuzz_kdump(const uint8_t *data, size_t size)
{
	static uint8_t files[MEMBERS][KDUMP_MOST_BYTES];
	struct kdump_spec spec = {
		.version = data[1] % 6 + 1,
		.is_32_bit = data[2] & 1,
		.is_diskdump = data[2] & 2,
		.erased = data[2] & 4 ? "erased\n" : NULL,
		.split = data[3] & 1,
	};
	unsigned int count = spec.split ? data[3] / 2 % MEMBERS + 1 : 1;
	char paths[MEMBERS][64];
	const char *list[MEMBERS];
	size_t sizes[MEMBERS];
	struct kd_dump *dump;
	int fds[MEMBERS];

	spec.one_bitmap = spec.is_diskdump && data[2] & 8;
	for (unsigned int i = 0; i < count; i++) {
		spec.start_pfn = KDUMP_PAGES * i / count;
		spec.end_pfn = KDUMP_PAGES * (i + 1) / count;
		sizes[i] = kdump_make(&spec, files[i]);
	}
	/* a file and a block, a place there, and what is XORed onto it; 0xff cuts the file there */
	for (size_t i = 4; i + 3 < size; i += 4) {
		unsigned int file = data[i] % count, block = data[i] / 4 % 5;
		size_t at = block * KDUMP_BLOCK + (data[i + 1] | data[i + 2] << 8) % 1600;

		if (data[i + 3] == 0xff && sizes[file] > at)
			sizes[file] = at + 1;
		else
			files[file][at] ^= data[i + 3];
	}
	for (unsigned int i = 0; i < count; i++) {
		fds[i] = make_file(files[i], sizes[i], paths[i]);
		list[i] = paths[i];
	}
	if (spec.split ? !kd_dump_open_set(list, count, NULL, &dump, NULL)
		       : !kd_dump_open(paths[0], NULL, &dump, NULL)) {
		look(dump, 0);
		kd_dump_close(dump);
	}
	for (unsigned int i = 0; i < count; i++)
		close(fds[i]);
}

static void fuzz_raw(const uint8_t *data, size_t size)
{
	struct kd_dump_options options = {.raw = true, .raw_arch = data[1] & 1 ? "i686" : NULL};
	struct kd_dump *dump;
	char path[64];
	int fd = make_file(data, size, path);

	if (size >= 10)
		memcpy(&options.raw_base, data + 2, sizeof(options.raw_base));
	if (data[1] & 2)
		options.raw_base &= ~UINT64_C(4095);
	if (!kd_dump_open(path, &options, &dump, NULL)) {
		uint8_t byte;

		look(dump, options.raw_base);
		if (kd_dump_read(dump, options.raw_base + size - 1, &byte, 1, NULL) ||
		    byte != data[size - 1])
			abort();
		kd_dump_close(dump);
	}
	close(fd);
}

struct map {
	uint64_t paddr, memory_bytes, file_bytes, offset;
};

static size_t make_core(const struct map *maps, unsigned int count, bool is_32_bit, uint8_t *core)
{
	Elf64_Ehdr wide = {.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, 1},
			   .e_type = ET_CORE,
			   .e_machine = EM_X86_64,
			   .e_phoff = sizeof(wide),
			   .e_phentsize = sizeof(Elf64_Phdr),
			   .e_phnum = (uint16_t)count};
	Elf32_Ehdr narrow = {.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS32, ELFDATA2LSB, 1},
			     .e_type = ET_CORE,
			     .e_machine = EM_386,
			     .e_phoff = sizeof(narrow),
			     .e_phentsize = sizeof(Elf32_Phdr),
			     .e_phnum = (uint16_t)count};
	size_t end = 4096;

	memset(core, 0, CORE_BYTES);
	if (is_32_bit)
		memcpy(core, &narrow, sizeof(narrow));
	else
		memcpy(core, &wide, sizeof(wide));
	for (unsigned int i = 0; i < count; i++) {
		Elf64_Phdr load = {.p_type = PT_LOAD,
				   .p_offset = maps[i].offset,
				   .p_vaddr = i % 3 ? 0xc0000000 + maps[i].paddr * i : 0,
				   .p_paddr = maps[i].paddr,
				   .p_filesz = maps[i].file_bytes,
				   .p_memsz = maps[i].memory_bytes};
		Elf32_Phdr load_32 = {.p_type = PT_LOAD,
				      .p_offset = (uint32_t)load.p_offset,
				      .p_vaddr = (uint32_t)load.p_vaddr,
				      .p_paddr = (uint32_t)load.p_paddr,
				      .p_filesz = (uint32_t)load.p_filesz,
				      .p_memsz = (uint32_t)load.p_memsz};

		if (is_32_bit)
			memcpy(core + sizeof(narrow) + i * sizeof(load_32), &load_32,
			       sizeof(load_32));
		else
			memcpy(core + sizeof(wide) + i * sizeof(load), &load, sizeof(load));
		/* each unit of memory has its own number, whichever segment has it */
		for (uint64_t at = 0; at < load.p_filesz; at += UNIT)
			memset(core + load.p_offset + at, (int)((load.p_paddr + at) / UNIT) ^ 0x5a,
			       UNIT);
		if (load.p_offset + load.p_filesz > end)
			end = load.p_offset + load.p_filesz;
	}
	return end;
}

/* What any segment has in the file is read; what lacks there is told from what is no RAM. */
static void check_core(struct kd_dump *dump, const struct map *maps, unsigned int count)
{
	for (uint64_t paddr = 0; paddr < 0x130 * UNIT; paddr += UNIT) {
		enum kd_status expected = KD_HOLE, status;
		uint8_t byte = 0;

		for (unsigned int i = 0; i < count; i++) {
			uint64_t into = paddr - maps[i].paddr;

			if (paddr < maps[i].paddr || into >= maps[i].memory_bytes)
				continue;
			if (into < maps[i].file_bytes)
				expected = KD_OK;
			else if (expected == KD_HOLE)
				expected = KD_EXCLUDED;
		}
		status = kd_dump_read(dump, paddr, &byte, 1, NULL);
		if (status != expected ||
		    (!status && byte != (uint8_t)((int)(paddr / UNIT) ^ 0x5a)))
			abort();
	}
}

static void fuzz_core(const uint8_t *data, size_t size)
{
	static uint8_t core[CORE_BYTES];
	struct map maps[MAPS];
	struct kd_dump *dump;
	unsigned int count = 0;
	uint64_t offset = 4096;
	char path[64];
	int fd;

	for (size_t i = 2; i + 2 < size && count < MAPS; i += 3) {
		struct map *map = &maps[count++];

		map->paddr = data[i] * UNIT;
		map->memory_bytes = data[i + 1] % 48 * UNIT;
		map->file_bytes = data[i + 2] % 16 * UNIT;
		if (map->file_bytes > map->memory_bytes)
			map->file_bytes = map->memory_bytes;
		map->offset = offset;
		offset += map->file_bytes;
	}
	fd = make_file(core, make_core(maps, count, data[1] & 1, core), path);
	if (!kd_dump_open(path, NULL, &dump, NULL)) {
		check_core(dump, maps, count);
		kd_dump_close(dump);
	} else {
		for (unsigned int i = 0; i < count; i++)
			if (maps[i].memory_bytes)
				abort();
	}
	close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 4)
		return 0;
	if (data[0] % 4 == 0)
		fuzz_raw(data, size);
	else if (data[0] % 4 == 1)
		fuzz_core(data, size);
	else
		fuzz_kdump(data, size);
	return 0;
}
