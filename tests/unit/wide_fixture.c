/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test.h"

#include "wide_fixture.h"

#include <elf.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define VMEMMAP UINT64_C(0xffffea0000000000)
#define DIRECT  UINT64_C(0xffff888000000000)
#define TEXT    UINT64_C(0xffffffff80000000)

enum {
	NOTE_MOST = 8192,
	STRUCT = 64,
	SECTION_PAGES = 32768, /* a section of 128 MiB, whose struct pages are one page of 2 MiB */
	ROOTS = 2048,
	/* where things lie, in the first range */
	TOP_TABLE = 0x1000,
	TEXT_UPPER = 0x2000, /* tables of 1 GiB each entry */
	FIRST_UPPER = 0x3000,
	OTHER_UPPER = 0x4000,
	TEXT_MIDDLE = 0x5000, /* of 2 MiB */
	FIRST_MIDDLE = 0x6000,
	OTHER_MIDDLE = 0x7000,
	ROOT_ARRAY = 0x8000,
	SECTION_ARRAY = ROOT_ARRAY + ROOTS * 8,
	NAMES = SECTION_ARRAY + 0x1000,
	FIRST_STRUCTS = 0x400000,
	OTHER_STRUCTS = 0x600000,
	KERNEL_PAGES = 0x800000 / WIDE_PAGE, /* all that */
	OTHER_KERNEL_PAGES = 32,             /* of each other section */
	/* entries of page tables, see the Intel SDM */
	TABLE = 0x63,
	LARGE_PAGE = 0xe3,
	/* flags as a kernel of 2022 numbers them */
	LRU = 1 << 4,
	PRIVATE = 1 << 13,
	FREE_ORDER = 10,
};

static const char info[] = "OSRELEASE=6.1.0-test\n"
			   "PAGESIZE=4096\n"
			   "SYMBOL(init_uts_ns)=ffffffff8000d000\n"
			   "OFFSET(uts_namespace.name)=0\n"
			   "SYMBOL(swapper_pg_dir)=ffffffff80001000\n"
			   "SYMBOL(init_top_pgt)=ffffffff80001000\n"
			   "SYMBOL(_stext)=ffffffff80000000\n"
			   "SYMBOL(mem_section)=ffffffff80008000\n"
			   "LENGTH(mem_section)=2048\n"
			   "SIZE(mem_section)=16\n"
			   "OFFSET(mem_section.section_mem_map)=0\n"
			   "NUMBER(SECTION_SIZE_BITS)=27\n"
			   "NUMBER(MAX_PHYSMEM_BITS)=46\n"
			   "SIZE(page)=64\n"
			   "OFFSET(page.flags)=0\n"
			   "OFFSET(page._refcount)=52\n"
			   "OFFSET(page.mapping)=24\n"
			   "OFFSET(page.lru)=8\n"
			   "OFFSET(page._mapcount)=48\n"
			   "OFFSET(page.private)=40\n"
			   "OFFSET(page.compound_dtor)=16\n"
			   "OFFSET(page.compound_order)=17\n"
			   "OFFSET(page.compound_head)=8\n"
			   "LENGTH(zone.free_area)=11\n"
			   "NUMBER(PG_lru)=4\n"
			   "NUMBER(PG_private)=13\n"
			   "NUMBER(PG_swapcache)=10\n"
			   "NUMBER(PG_swapbacked)=19\n"
			   "NUMBER(PG_slab)=9\n"
			   "NUMBER(PG_hwpoison)=22\n"
			   "NUMBER(PG_head_mask)=65536\n"
			   "NUMBER(PAGE_BUDDY_MAPCOUNT_VALUE)=-129\n"
			   "NUMBER(HUGETLB_PAGE_DTOR)=2\n"
			   "NUMBER(PAGE_OFFLINE_MAPCOUNT_VALUE)=-257\n"
			   "NUMBER(phys_base)=0\n"
			   "NUMBER(pgtable_l5_enabled)=0\n"
			   "NUMBER(sme_mask)=0\n"
			   "CRASHTIME=1700000000\n";

static void put(FILE *file, const void *data, size_t bytes)
{
	assert_int_equal(fwrite(data, 1, bytes, file), bytes);
}

/* Note by note; returns their length. */
static size_t make_notes(uint8_t *notes)
{
	static const struct {
		const char *name;
		uint32_t type, bytes;
		const void *desc;
	} all[] = {
		{"CORE", NT_PRSTATUS, 336, NULL},
		{"VMCOREINFO", 0, sizeof(info) - 1, info},
	};
	size_t at = 0;

	memset(notes, 0, NOTE_MOST);
	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
		uint32_t words[3] = {(uint32_t)strlen(all[i].name) + 1, all[i].bytes, all[i].type};

		memcpy(notes + at, words, sizeof(words));
		memcpy(notes + at + sizeof(words), all[i].name, words[0]);
		at += sizeof(words) + ((words[0] + 3) & ~3u);
		if (all[i].desc)
			memcpy(notes + at, all[i].desc, all[i].bytes);
		at += (all[i].bytes + 3) & ~3u;
		assert_true(at <= NOTE_MOST);
	}
	return at;
}

/* The headers; *data becomes the offset of the bytes of all ranges. */
static FILE *begin(const char *path, unsigned int count, uint64_t bytes, uint64_t stride,
		   bool has_notes, uint64_t *data)
{
	unsigned int headers = count + has_notes;
	Elf64_Ehdr elf = {
		.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB,
			    EV_CURRENT},
		.e_type = ET_CORE,
		.e_machine = EM_X86_64,
		.e_version = EV_CURRENT,
		.e_phoff = sizeof(elf), /* and nowhere else for makedumpfile */
		.e_shoff = headers < PN_XNUM ? 0 : sizeof(elf) + headers * sizeof(Elf64_Phdr),
		.e_shentsize = sizeof(Elf64_Shdr),
		.e_shnum = headers >= PN_XNUM,
		.e_ehsize = sizeof(elf),
		.e_phentsize = sizeof(Elf64_Phdr),
		.e_phnum = (uint16_t)(headers < PN_XNUM ? headers : PN_XNUM),
	};
	Elf64_Shdr section = {.sh_info = headers};
	Elf64_Phdr note = {
		.p_type = PT_NOTE,
		.p_offset = sizeof(elf) + headers * sizeof(Elf64_Phdr) + sizeof(section),
	};
	uint8_t notes[NOTE_MOST];
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	note.p_filesz = note.p_memsz = make_notes(notes);
	*data = (note.p_offset + sizeof(notes) + WIDE_PAGE - 1) & ~(uint64_t)(WIDE_PAGE - 1);
	put(file, &elf, sizeof(elf));
	if (has_notes)
		put(file, &note, sizeof(note));
	for (unsigned int i = 0; i < count; i++) {
		Elf64_Phdr load = {
			.p_type = PT_LOAD,
			.p_offset = *data,
			.p_vaddr = DIRECT + i * stride,
			.p_paddr = i * stride,
			.p_filesz = bytes,
			.p_memsz = bytes,
		};

		put(file, &load, sizeof(load));
	}
	put(file, &section, sizeof(section));
	put(file, notes, sizeof(notes));
	return file;
}

void wide_core_write(const char *path, unsigned int count, uint64_t bytes, uint64_t stride)
{
	uint64_t data;
	FILE *file = begin(path, count, bytes, stride, false, &data);

	fseek(file, (long)data, SEEK_SET);
	for (uint64_t i = 0; i < bytes / 8; i++) {
		uint64_t word = i * UINT64_C(0x9e3779b97f4a7c15);

		put(file, &word, sizeof(word));
	}
	fclose(file);
}

enum kd_page_kind wide_machine_kind(uint64_t pfn)
{
	static const enum kd_page_kind kinds[] = {KD_PAGE_CACHE, KD_PAGE_USER, KD_PAGE_FREE,
						  KD_PAGE_CACHE_PRIVATE};

	if (pfn < KERNEL_PAGES || pfn % SECTION_PAGES < OTHER_KERNEL_PAGES)
		return KD_PAGE_KERNEL;
	return kinds[(pfn >> FREE_ORDER) % (sizeof(kinds) / sizeof(*kinds))];
}

/* The struct pages of a section, whose first page is number `first`. */
static void put_structs(FILE *file, uint64_t first)
{
	static const struct {
		uint64_t flags, mapping;
	} forms[KD_PAGE_KINDS] = {
		[KD_PAGE_USER] = {LRU, DIRECT + 0x1001},
		[KD_PAGE_CACHE] = {LRU, DIRECT + 0x1000},
		[KD_PAGE_CACHE_PRIVATE] = {LRU | PRIVATE, DIRECT + 0x1000},
	};

	for (uint64_t pfn = first; pfn < first + SECTION_PAGES; pfn++) {
		enum kd_page_kind kind = wide_machine_kind(pfn);
		bool is_free = kind == KD_PAGE_FREE;
		bool is_block = is_free && pfn % (1 << FREE_ORDER) == 0;
		uint64_t words[STRUCT / 8] = {
			[0] = forms[kind].flags,
			[3] = forms[kind].mapping,
			[5] = is_block ? FREE_ORDER : 0,
			[6] = (is_block ? ~UINT32_C(0x80) : UINT32_MAX) | (uint64_t)!is_free << 32,
		};

		put(file, words, sizeof(words));
	}
}

static void put_word(FILE *file, uint64_t offset, uint64_t word)
{
	fseek(file, (long)offset, SEEK_SET);
	put(file, &word, sizeof(word));
}

static void put_words(FILE *file, uint64_t offset, unsigned int count, uint64_t word)
{
	fseek(file, (long)offset, SEEK_SET);
	while (count--)
		put(file, &word, sizeof(word));
}

/* 4 levels of tables: the first 8 MiB as the kernel image, and struct pages for WIDE_MOST_BYTES. */
static void put_tables(FILE *file, uint64_t data)
{
	const unsigned int top = VMEMMAP >> 39 & 511;

	put_word(file, data + TOP_TABLE + 511 * 8, TEXT_UPPER | TABLE);
	put_word(file, data + TEXT_UPPER + 510 * 8, TEXT_MIDDLE | TABLE);
	for (unsigned int i = 0; i < 4; i++)
		put_word(file, data + TEXT_MIDDLE + i * 8, i << 21 | LARGE_PAGE);
	put_word(file, data + TOP_TABLE + top * 8, FIRST_UPPER | TABLE);
	put_word(file, data + TOP_TABLE + (top + 1) * 8, OTHER_UPPER | TABLE);
	put_words(file, data + OTHER_UPPER, 512, OTHER_MIDDLE | TABLE);
	put_words(file, data + OTHER_MIDDLE, 512, OTHER_STRUCTS | LARGE_PAGE);
	put_words(file, data + FIRST_UPPER, 512, OTHER_MIDDLE | TABLE);
	put_words(file, data + FIRST_MIDDLE, 512, OTHER_STRUCTS | LARGE_PAGE);
	put_word(file, data + FIRST_UPPER, FIRST_MIDDLE | TABLE);
	put_word(file, data + FIRST_MIDDLE, FIRST_STRUCTS | LARGE_PAGE);
}

void wide_machine_write(const char *path, unsigned int count, uint64_t bytes, uint64_t stride)
{
	/* struct new_utsname; its release is the third of the texts */
	char names[6][65] = {"Linux", "made-up", "6.1.0-test", "#1", "x86_64", "(none)"};
	uint64_t data;
	FILE *file = begin(path, count, bytes, stride, true, &data);

	assert_true(bytes >= WIDE_LEAST_BYTES && (count - 1) * stride + bytes <= WIDE_MOST_BYTES);
	for (uint64_t pfn = SECTION_PAGES; pfn < bytes / WIDE_PAGE; pfn += SECTION_PAGES)
		for (unsigned int i = 0; i < OTHER_KERNEL_PAGES; i++)
			put_words(file, data + (pfn + i) * WIDE_PAGE, WIDE_PAGE / 8,
				  UINT64_C(0x9e3779b97f4a7c15) * (pfn + i));
	put_tables(file, data);
	put_words(file, data + ROOT_ARRAY, ROOTS, TEXT + SECTION_ARRAY);
	for (unsigned int i = 0; i < WIDE_PAGE / 16; i++)
		put_word(file, data + SECTION_ARRAY + i * 16, VMEMMAP | 3);
	fseek(file, (long)data + NAMES, SEEK_SET);
	put(file, names, sizeof(names));
	fseek(file, (long)data + FIRST_STRUCTS, SEEK_SET);
	put_structs(file, 0);
	fseek(file, (long)data + OTHER_STRUCTS, SEEK_SET);
	put_structs(file, SECTION_PAGES);
	/* the file is as long as the headers say */
	put_word(file, data + bytes - 8, 0);
	fclose(file);
}
