/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kinds_fixture.h"

enum {
	FIRST = KINDS_RAM / KINDS_PAGE,
	STRUCTS_BYTES = KINDS_ALL * KINDS_STRUCT,
	SECTIONS = KINDS_STORE + STRUCTS_BYTES,
	LRU = 1 << 4,
	PRIVATE = 1 << 13,
};
#define VMEMMAP UINT64_C(0xffffea0000000000)
#define TABLES  UINT64_C(0xffff888000000000)

_Static_assert(STRUCTS_BYTES % KINDS_PAGE == 0, "struct pages end with a page");

enum kd_page_kind kinds_fixture_kind(unsigned int page)
{
	static const uint8_t kinds[] = {KD_PAGE_KERNEL, KD_PAGE_USER,          KD_PAGE_CACHE,
					KD_PAGE_FREE,   KD_PAGE_CACHE_PRIVATE, KD_PAGE_KERNEL,
					KD_PAGE_USER};

	return page < KINDS_PAGES ? (enum kd_page_kind)kinds[page % sizeof(kinds)] : KD_PAGE_KERNEL;
}

static void put_struct(struct fixture *fixture, unsigned int page)
{
	static const struct {
		uint64_t flags, mapping;
	} forms[KD_PAGE_KINDS] = {
		[KD_PAGE_USER] = {LRU, 0xffff888000001001},
		[KD_PAGE_CACHE] = {LRU, 0xffff888000001000},
		[KD_PAGE_CACHE_PRIVATE] = {LRU | PRIVATE, 0xffff888000001000},
	};
	enum kd_page_kind kind = kinds_fixture_kind(page);
	bool is_free = kind == KD_PAGE_FREE;
	uint64_t at = KINDS_STORE + page * KINDS_STRUCT;

	fixture_poke_number(fixture, at, forms[kind].flags, 8);
	fixture_poke_number(fixture, at + 24, forms[kind].mapping, 8);
	fixture_poke_number(fixture, at + 48, is_free ? ~UINT32_C(0x80) : UINT32_MAX, 4);
	fixture_poke_number(fixture, at + 52, !is_free, 4);
}

/* Noise, but every fifth page is zero. */
static void fill_page(struct fixture *fixture, unsigned int page)
{
	uint64_t words[KINDS_PAGE / 8] = {0}, random = page * UINT64_C(0x9e3779b97f4a7c15) + 1;

	for (unsigned int i = 0; page % 5 && i < KINDS_PAGE / 8; i++) {
		random ^= random << 13;
		random ^= random >> 7;
		random ^= random << 17;
		words[i] = random;
	}
	fixture_poke(fixture, KINDS_RAM + (uint64_t)page * KINDS_PAGE, words, sizeof(words));
}

static void put_info(struct fixture *fixture)
{
	static const char *const lines[] = {"OSRELEASE=6.1.0-test",
					    "SIZE(page)=64",
					    "OFFSET(page.flags)=0",
					    "OFFSET(page.mapping)=24",
					    "OFFSET(page.private)=40",
					    "OFFSET(page._mapcount)=48",
					    "OFFSET(page._refcount)=52",
					    "OFFSET(page.compound_head)=8",
					    "NUMBER(PG_lru)=4",
					    "NUMBER(PG_private)=13",
					    "NUMBER(PG_swapcache)=10",
					    "NUMBER(PG_swapbacked)=19",
					    "NUMBER(PG_hwpoison)=22",
					    "NUMBER(PG_head_mask)=65536",
					    "NUMBER(PG_slab)=9",
					    "NUMBER(PAGE_BUDDY_MAPCOUNT_VALUE)=-129",
					    "NUMBER(PAGE_OFFLINE_MAPCOUNT_VALUE)=-257",
					    "NUMBER(HUGETLB_PAGE_DTOR)=2",
					    "OFFSET(page.compound_dtor)=16",
					    "OFFSET(page.compound_order)=17",
					    "LENGTH(zone.free_area)=11",
					    "LENGTH(mem_section)=524288",
					    "SIZE(mem_section)=16",
					    "OFFSET(mem_section.section_mem_map)=0",
					    "NUMBER(SECTION_SIZE_BITS)=27",
					    "NUMBER(MAX_PHYSMEM_BITS)=46"};

	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++)
		fixture_info(fixture, "%s", lines[i]);
	fixture_info(fixture, "SYMBOL(mem_section)=%llx", (unsigned long long)(TABLES + SECTIONS));
}

void kinds_fixture_init(struct fixture *fixture)
{
	fixture_init(fixture, 4);
	fixture_memory(fixture, KINDS_RAM, KINDS_PAGES * KINDS_PAGE, KINDS_PAGES * KINDS_PAGE);
	fixture_memory(fixture, KINDS_STORE, KINDS_STORE_PAGES * KINDS_PAGE,
		       KINDS_STORE_PAGES * KINDS_PAGE);
	for (uint64_t at = 0; at < STRUCTS_BYTES; at += KINDS_PAGE)
		fixture_map(fixture, VMEMMAP + (uint64_t)FIRST * KINDS_STRUCT + at,
			    KINDS_STORE + at, 12);
	fixture_map(fixture, TABLES + SECTIONS, SECTIONS, 12);
	fixture_poke_number(fixture, SECTIONS + 16, VMEMMAP | 3, 8);
	put_info(fixture);
	for (unsigned int i = 0; i < KINDS_ALL; i++)
		put_struct(fixture, i);
	for (unsigned int i = 0; i < KINDS_PAGES; i++)
		fill_page(fixture, i);
	fixture_build(fixture);
}
