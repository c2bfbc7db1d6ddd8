/* SPDX-License-Identifier: GPL-2.0-or-later */
/* src/kernel: which page is which, on made-up struct pages of several kernels and memory models. */
#include "test.h"

#include <stdlib.h>
#include <string.h>

#include "kernel/kernel.h"
#include "kernel/memmap.h"
#include "kernel/page_kind.h"
#include "kernel/page_scan.h"
#include "kernel_fixture.h"

enum {
	PAGE = 4096,
	RAM = 0x8000000, /* the second section of 128 MiB */
	RAM_BYTES = 4 << 20,
	PAGES = RAM_BYTES / PAGE,
	FIRST = RAM / PAGE,
	STRUCT = 64,
	STRUCTS_A_PAGE = PAGE / STRUCT,
	THIN = 512,
	STORE = RAM + RAM_BYTES, /* where the struct pages are, and the kernel's tables for them */
	STORE_BYTES = 256 << 10,
	STORE_PAGES = PAGES / STRUCTS_A_PAGE,
	SECTIONS = STORE + PAGES * STRUCT,
	/* flags as a kernel of 2022 numbers them */
	LRU = 1 << 4,
	SLAB = 1 << 9,
	SWAPCACHE = 1 << 10,
	PRIVATE = 1 << 13,
	HEAD = 1 << 16,
	SWAPBACKED = 1 << 19,
	HWPOISON = 1 << 22,
	BUDDY = 1 << 18,   /* of kernels that have it */
	HUGETLB = 1 << 8,  /* of the first tail page, of kernels that have it */
	COMPOUND_INFO = 8, /* or compound_head: where it is */
	ANON = 1,
};
#define VMEMMAP UINT64_C(0xffffea0000000000)
#define TABLES  UINT64_C(0xffff888000000000)

/* How a kernel tells what pages are. */
enum style {
	BY_DESTRUCTOR, /* page types by a value of _mapcount; order and destructor in the first tail page */
	BY_FLAG,      /* the same, but free pages by a flag (before 2.6.38) */
	BY_MINUS_TWO, /* the same, but free pages by -2 (2.6.38) */
	BY_FOLIO,     /* order and destructor are members of the folio (6.3 to 6.5, 1c5509be58f6) */
	BY_TAIL_FLAGS, /* the first tail's flags hold the order, and a bit for hugetlb (6.6 to 6.8, 9c5ccf2db04b) */
	BY_TYPE, /* page types in the upper byte */
	BY_MASK, /* the same, and tails have a mask in the place of their head's address (7.1) */
};

/* One kernel: how it tells things, and how its struct pages are found. */
struct variant {
	const char *name;
	enum { SPARSE, CLASSIC, POINTER, FLAT, NODES, NOTHING } model;
	enum style style;
	bool thin; /* the tails of a hugetlb page of order 9 share their struct pages */
	/* all memory is one block that was never accepted; which number that is stands in VMCOREINFO, or in BTF alone */
	enum { ACCEPTED, UNACCEPTED, UNACCEPTED_BTF } unaccepted;
	/* how much VMCOREINFO tells of sections */
	enum { SECTION_BITS = 0, MEMORY_BITS = -1, NO_BITS = -2 } told_bits;
};

static const struct variant variants[] = {
	{"sparse extreme", SPARSE, BY_DESTRUCTOR},
	{"2.6.32", SPARSE, BY_FLAG, .told_bits = NO_BITS},
	{"2.6.38", SPARSE, BY_MINUS_TWO, .told_bits = NO_BITS},
	{"sparse, 6.3", SPARSE, BY_FOLIO},
	{"sparse, 6.6", SPARSE, BY_TAIL_FLAGS},
	{"sparse, 6.12", SPARSE, BY_TYPE},
	{"sparse, 7.1", SPARSE, BY_MASK},
	{"sparse classic", CLASSIC, BY_DESTRUCTOR},
	{"4.15's symbol", POINTER, BY_DESTRUCTOR, .told_bits = NO_BITS},
	{"sparse, 5.4", SPARSE, BY_DESTRUCTOR, .told_bits = NO_BITS},
	{"sparse, 5.10", SPARSE, BY_DESTRUCTOR, .told_bits = MEMORY_BITS},
	{"sparse classic, 5.4", CLASSIC, BY_DESTRUCTOR, .told_bits = NO_BITS},
	{"flat", FLAT, BY_DESTRUCTOR},
	{"discontiguous", NODES, BY_DESTRUCTOR},
	{"thin", SPARSE, BY_DESTRUCTOR, true},
	{"thin, 6.3", SPARSE, BY_FOLIO, true},
	{"thin, 6.6", SPARSE, BY_TAIL_FLAGS, true},
	{"thin, 6.12", SPARSE, BY_TYPE, true},
	{"thin, 7.1", SPARSE, BY_MASK, true},
	{"unaccepted", SPARSE, BY_TYPE, false, UNACCEPTED},
	{"unaccepted, told by BTF", SPARSE, BY_TYPE, false, UNACCEPTED_BTF},
};

struct world {
	struct fixture fixture;
	const struct variant *variant;
	uint8_t expected[PAGES];
	struct kd_dump *dump;
	struct kd_kernel *kernel;
	struct kd_pages pages;
	struct kd_scan scan;
};

static void put(struct world *world, unsigned int page, unsigned int offset, uint64_t value,
		size_t bytes)
{
	fixture_poke_number(&world->fixture, STORE + page * STRUCT + offset, value, bytes);
}

/* A page in use: flags, mapping, one reference, no type. */
static void put_page(struct world *world, unsigned int page, uint64_t flags, uint64_t mapping)
{
	put(world, page, 0, flags, 8);
	put(world, page, 24, mapping, 8);
	put(world, page, 48, UINT32_MAX, 4);
	put(world, page, 52, 1, 4);
}

static bool is_typed(const struct world *world)
{
	return world->variant->style >= BY_TYPE;
}

static void put_type(struct world *world, unsigned int page, unsigned int old, unsigned int new)
{
	put(world, page, 48, is_typed(world) ? (uint64_t) new << 24 : ~(uint32_t)old, 4);
}

/* Pages of a block that nobody holds. */
static void put_block(struct world *world, unsigned int page, unsigned int order,
		      enum kd_page_kind kind)
{
	for (unsigned int i = 0; i < 1u << order; i++) {
		put_page(world, page + i, 0, 0);
		put(world, page + i, 52, 0, 4);
		world->expected[page + i] = (uint8_t)kind;
	}
}

static void put_free(struct world *world, unsigned int page, unsigned int order)
{
	put_block(world, page, order, KD_PAGE_FREE);
	if (world->variant->style == BY_FLAG)
		put(world, page, 0, BUDDY, 8);
	else
		put_type(world, page, world->variant->style == BY_MINUS_TWO ? 1 : 0x80, 0xf0);
	put(world, page, 40, order, 8);
}

/* What a tail says of its head: its address, or what to do with the tail's own. */
static uint64_t tail_mark(const struct world *world, unsigned int head, unsigned int order)
{
	if (world->variant->style == BY_MASK)
		return (~UINT64_C(0) << order) * STRUCT | 1;
	return VMEMMAP + (uint64_t)(FIRST + head) * STRUCT + 1;
}

/* What the first tail page says of the whole. */
static void put_order(struct world *world, unsigned int page, unsigned int order, bool huge)
{
	switch (world->variant->style) {
	case BY_TAIL_FLAGS:
		put(world, page + 1, 0, order | (huge ? HUGETLB : 0), 8);
		break;
	case BY_TYPE:
	case BY_MASK:
		put(world, page + 1, 0, order, 1);
		if (huge)
			put_type(world, page, 0, 0xf4);
		break;
	default:
		put(world, page + 1, 16, huge ? 2 : 1, 1);
		put(world, page + 1, 17, order, 1);
	}
}

static void put_compound(struct world *world, unsigned int page, unsigned int order, uint64_t flags,
			 uint64_t mapping, bool huge, enum kd_page_kind kind)
{
	put_page(world, page, flags | HEAD, mapping);
	world->expected[page] = (uint8_t)kind;
	for (unsigned int i = 1; i < 1u << order; i++) {
		put_page(world, page + i, 0, 0);
		put(world, page + i, 52, 0, 4);
		put(world, page + i, COMPOUND_INFO, tail_mark(world, page, order), 8);
		world->expected[page + i] = (uint8_t)kind;
	}
	put_order(world, page, order, huge);
}

static void put_kind(struct world *world, unsigned int page, uint64_t flags, uint64_t mapping,
		     enum kd_page_kind kind)
{
	put_page(world, page, flags, mapping);
	world->expected[page] = (uint8_t)kind;
}

static void put_pages(struct world *world)
{
	if (world->variant->unaccepted) {
		put_block(world, 0, 10, KD_PAGE_UNACCEPTED);
		put_type(world, 0, 0, 0xf7);
		return;
	}
	for (unsigned int i = 0; i < PAGES; i++)
		put_kind(world, i, 0, 0, KD_PAGE_KERNEL);
	put_free(world, 64, 0);
	put_free(world, 66, 1);
	put_free(world, 128, 7);
	/* over a window's end, and the next window is all of it */
	if (world->variant->thin)
		put_compound(world, THIN, 9, 0, 0xffff888000001000, true, KD_PAGE_HUGE);
	else
		put_free(world, THIN, 9);
	put_compound(world, 16, 2, 0, 0, false, KD_PAGE_KERNEL);
	put_compound(world, 32, 5, LRU, 0xffff888000001001, false, KD_PAGE_USER); /* THP */
	put_compound(world, 256, 8, 0, 0xffff888000001000, true, KD_PAGE_HUGE);
	put_kind(world, 1, LRU, 0xffff888000001000, KD_PAGE_CACHE);
	put_kind(world, 2, LRU | PRIVATE, 0xffff888000001000, KD_PAGE_CACHE_PRIVATE);
	put_kind(world, 3, LRU, 0xffff888000001001, KD_PAGE_USER);
	put_kind(world, 4, SWAPCACHE | SWAPBACKED, 0, KD_PAGE_CACHE);
	put_kind(world, 5, SWAPCACHE, 0, KD_PAGE_KERNEL); /* another flag of that number */
	put_kind(world, 6, 0, ANON, KD_PAGE_USER);
	put_kind(world, 7, HWPOISON | LRU, 0xffff888000001001, KD_PAGE_POISONED);
	put_kind(world, 8, 0, 0, KD_PAGE_OFFLINE);
	put_type(world, 8, 0x100, 0xf8);
	if (is_typed(world)) {
		/* slab's members overlay mapping: what looks anonymous there is not */
		put_kind(world, 9, 0, 0xffff888000001001, KD_PAGE_KERNEL);
		put_type(world, 9, 0, 0xf5);
	} else {
		put_kind(world, 9, SLAB, 0xffff888000001001, KD_PAGE_KERNEL);
	}
	/* a poisoned page within a compound one is never read, whatever its head says */
	put(world, 40, 0, HWPOISON, 8);
	world->expected[40] = KD_PAGE_POISONED;
	/* orders that cannot be: nothing is spread */
	put_free(world, 72, 0);
	put(world, 72, 40, 63, 8);
	world->expected[72] = KD_PAGE_KERNEL;
}

static void put_lines(struct world *world, const char *const *lines)
{
	for (; *lines; lines++)
		fixture_info(&world->fixture, "%s", *lines);
}

static void put_info(struct world *world)
{
	static const char *const all[] = {"OSRELEASE=6.1.0-test",
					  "SIZE(page)=64",
					  "OFFSET(page.flags)=0",
					  "OFFSET(page.mapping)=24",
					  "OFFSET(page.private)=40",
					  "OFFSET(page._mapcount)=48",
					  "OFFSET(page._refcount)=52",
					  "NUMBER(PG_lru)=4",
					  "NUMBER(PG_private)=13",
					  "NUMBER(PG_swapcache)=10",
					  "NUMBER(PG_swapbacked)=19",
					  "NUMBER(PG_hwpoison)=22",
					  "NUMBER(PG_head_mask)=65536",
					  "LENGTH(zone.free_area)=11",
					  NULL};
	static const char *const values[] = {"NUMBER(PG_slab)=9",
					     "NUMBER(PAGE_OFFLINE_MAPCOUNT_VALUE)=-257", NULL};
	static const char *const types[] = {"NUMBER(PAGE_BUDDY_MAPCOUNT_VALUE)=-268435456",
					    "NUMBER(PAGE_OFFLINE_MAPCOUNT_VALUE)=-134217728",
					    "NUMBER(PAGE_SLAB_MAPCOUNT_VALUE)=-184549376",
					    "NUMBER(PAGE_HUGETLB_MAPCOUNT_VALUE)=-201326592", NULL};
	static const char *const members[] = {"NUMBER(HUGETLB_PAGE_DTOR)=2",
					      "OFFSET(page.compound_dtor)=16",
					      "OFFSET(page.compound_order)=17", NULL};
	/* a folio lies over several struct pages: 64 bytes on, it is the first tail's */
	static const char *const folio[] = {"NUMBER(HUGETLB_PAGE_DTOR)=2",
					    "OFFSET(folio._folio_dtor)=80",
					    "OFFSET(folio._folio_order)=81", NULL};
	static const char *const tail_flags[] = {"NUMBER(PG_hugetlb)=8", NULL};
	const enum style style = world->variant->style;

	put_lines(world, all);
	put_lines(world, is_typed(world) ? types : values);
	put_lines(world, is_typed(world)          ? types
			 : style == BY_TAIL_FLAGS ? tail_flags
			 : style == BY_FOLIO      ? folio
						  : members);
	if (!is_typed(world))
		fixture_info(&world->fixture, "NUMBER(%s)=%d",
			     style == BY_FLAG ? "PG_buddy" : "PAGE_BUDDY_MAPCOUNT_VALUE",
			     style == BY_FLAG        ? 18
			     : style == BY_MINUS_TWO ? -2
						     : -129);
	fixture_info(&world->fixture, "OFFSET(page.%s)=%d",
		     style == BY_MASK ? "compound_info" : "compound_head", COMPOUND_INFO);
	if (world->variant->unaccepted == UNACCEPTED)
		fixture_info(&world->fixture, "NUMBER(PAGE_UNACCEPTED_MAPCOUNT_VALUE)=-150994944");
}

/* A kernel that has BTF, with the numbers of page types in it. */
static void put_types(struct world *world)
{
	static const struct made_symbol symbols[] = {
		{"Avar", 0x10, false},
		{"T_\1ext", 0x40, false},
		{"Ttext_end", 0x80, true},
		{"D__\1art_\2", MADE_TYPES - MADE_RAM, false},
		{"D__\1op_\2", MADE_TYPES - MADE_RAM + 0x200, false},
	};
	struct blob blob;

	blob_init(&blob, NULL);
	blob_type(&blob, KD_BTF_ENUM, "pagetype", 2, false, 4);
	blob_word(&blob, blob_text(&blob, "PGTY_buddy"));
	blob_word(&blob, 0xf0);
	blob_word(&blob, blob_text(&blob, "PGTY_unaccepted"));
	blob_word(&blob, 0xf7);
	blob_finish(&blob);
	made_kernel_init(&world->fixture, symbols, sizeof(symbols) / sizeof(*symbols), false,
			 &blob);
}

static void put_model(struct world *world)
{
	struct fixture *fixture = &world->fixture;
	uint64_t coded = VMEMMAP | 3, at = TABLES + SECTIONS;

	switch (world->variant->model) {
	case SPARSE:
	case POINTER:
		/* the array of roots, whose first points to the sections */
		fixture_poke_number(fixture, SECTIONS + 64, at + PAGE, 8);
		fixture_poke_number(fixture, SECTIONS + PAGE + 16, coded, 8);
		fixture_poke_number(fixture, SECTIONS, at + 64, 8);
		fixture_info(fixture, "SYMBOL(mem_section)=%llx",
			     (unsigned long long)(world->variant->model == SPARSE ? at + 64 : at));
		fixture_info(fixture, "LENGTH(mem_section)=2048");
		break;
	case CLASSIC:
		fixture_poke_number(fixture, SECTIONS + 16, coded, 8);
		fixture_info(fixture, "SYMBOL(mem_section)=%llx", (unsigned long long)at);
		fixture_info(fixture, "LENGTH(mem_section)=524288");
		break;
	case NOTHING:
		fixture_info(fixture, "SYMBOL(mem_section)=%llx", (unsigned long long)at);
		break;
	case FLAT:
		fixture_poke_number(fixture, SECTIONS, VMEMMAP, 8);
		fixture_info(fixture, "SYMBOL(mem_map)=%llx", (unsigned long long)at);
		return;
	case NODES:
		fixture_poke_number(fixture, SECTIONS + 8, at + PAGE, 8); /* node 0 is offline */
		fixture_poke_number(fixture, SECTIONS + PAGE, FIRST, 8);
		fixture_poke_number(fixture, SECTIONS + PAGE + 8, PAGES, 8);
		fixture_poke_number(fixture, SECTIONS + PAGE + 16,
				    VMEMMAP + (uint64_t)FIRST * STRUCT, 8);
		fixture_info(fixture, "SYMBOL(node_data)=%llx", (unsigned long long)at);
		fixture_info(fixture, "LENGTH(node_data)=4");
		fixture_info(fixture, "OFFSET(pglist_data.node_start_pfn)=0");
		fixture_info(fixture, "OFFSET(pglist_data.node_spanned_pages)=8");
		fixture_info(fixture, "OFFSET(pglist_data.node_mem_map)=16");
		return;
	}
	fixture_info(fixture, "SIZE(mem_section)=16");
	fixture_info(fixture, "OFFSET(mem_section.section_mem_map)=0");
	/* told since 5.13, and since 5.9 */
	if (world->variant->told_bits >= SECTION_BITS)
		fixture_info(fixture, "NUMBER(SECTION_SIZE_BITS)=27");
	if (world->variant->told_bits >= MEMORY_BITS)
		fixture_info(fixture, "NUMBER(MAX_PHYSMEM_BITS)=46");
}

/* Which page of the store has the struct pages that are number i there in virtual memory. */
static uint64_t store_page(const struct world *world, unsigned int i)
{
	enum { HEAD_PAGE = THIN / STRUCTS_A_PAGE, END = HEAD_PAGE + 512 / STRUCTS_A_PAGE };

	/* since 7.1 the page of the head is its own, and the others share one of tails */
	if (world->variant->thin && i > HEAD_PAGE && i < END)
		return HEAD_PAGE + (world->variant->style == BY_MASK);
	return i;
}

static void open_world(struct world *world, const struct variant *variant)
{
	memset(world, 0, sizeof(*world));
	world->variant = variant;
	if (variant->unaccepted == UNACCEPTED_BTF)
		put_types(world);
	else
		fixture_init(&world->fixture, 4);
	fixture_memory(&world->fixture, RAM, RAM_BYTES, RAM_BYTES);
	fixture_memory(&world->fixture, STORE, STORE_BYTES, STORE_BYTES);
	for (unsigned int i = 0; i < STORE_PAGES; i++)
		fixture_map(&world->fixture,
			    VMEMMAP + (uint64_t)FIRST * STRUCT + (uint64_t)i * PAGE,
			    STORE + store_page(world, i) * PAGE, 12);
	for (unsigned int at = 0; at < 4 * PAGE; at += PAGE)
		fixture_map(&world->fixture, TABLES + SECTIONS + at, SECTIONS + at, 12);
	put_info(world);
	put_model(world);
	put_pages(world);
	fixture_build(&world->fixture);
	assert_int_equal(kd_dump_open(world->fixture.path, NULL, &world->dump, NULL), KD_OK);
	assert_int_equal(kd_kernel_open(world->dump, &world->kernel, NULL), KD_OK);
}

static void make(struct world *world, const struct variant *variant)
{
	struct kd_err err = {KD_OK, ""};

	open_world(world, variant);
	if (kd_pages_init(&world->pages, world->kernel, &err))
		fail_msg("%s: %s", variant->name, err.text);
	kd_scan_init(&world->scan, &world->pages, kd_kernel_space(world->kernel));
}

static void drop(struct world *world)
{
	kd_kernel_close(world->kernel);
	kd_dump_close(world->dump);
	fixture_deinit(&world->fixture);
}

/* Scans a run, and says how many come next, and compares; the run lies within a window. */
static void check(struct world *world, unsigned int first, unsigned int count, unsigned int ahead)
{
	uint8_t kinds[KD_SCAN_PAGES];
	uint64_t unknown = 0;

	kd_scan_pages(&world->scan, FIRST + first, count, ahead, kinds, &unknown);
	assert_int_equal(unknown, 0);
	for (unsigned int i = 0; i < count; i++)
		if (kinds[i] != world->expected[first + i])
			fail_msg("%s: page %u in a run of %u from %u: %s, expected %s",
				 world->variant->name, first + i, count, first,
				 kd_page_kind_name(kinds[i]),
				 kd_page_kind_name(world->expected[first + i]));
}

/* Wherever a run begins, its pages are what they are in any other run: blocks that reach into it count. */
static void test_kinds(void **state)
{
	struct world *world = calloc(1, sizeof(*world));

	for (size_t i = 0; i < sizeof(variants) / sizeof(*variants); i++) {
		make(world, &variants[i]);
		for (unsigned int first = 0; first < PAGES; first += KD_SCAN_PAGES)
			check(world, first, KD_SCAN_PAGES, 0);
		for (unsigned int first = 0; first < PAGES; first += KD_SCAN_PAGES)
			check(world, first, KD_SCAN_PAGES, PAGES - KD_SCAN_PAGES - first);
		for (unsigned int first = 0; first < PAGES; first++) {
			unsigned int rest = KD_SCAN_PAGES - first % KD_SCAN_PAGES;

			check(world, first, 1, 0);
			check(world, first, rest, first % 2 * rest);
		}
		drop(world);
	}
	free(world);
}

/* A page of struct pages is told from the others when all that it describes is dropped, and only then. */
static void test_struct_pages(void **state)
{
	static const struct {
		uint32_t dropped;
		uint64_t structs, thin; /* bit i: page i of the store */
	} cases[] = {
		{0, 0, 0},
		{KD_KIND(KD_PAGE_FREE), 0xff0c, 0x000c},
		{KD_KIND(KD_PAGE_FREE) | KD_KIND(KD_PAGE_HUGE), 0xfffc, 0x01fc},
		{KD_KIND(KD_PAGE_HUGE), 0x00f0, 0x01f0},
		{KD_KIND(KD_PAGE_POISONED), 0, 0},
	};
	struct world *world = calloc(1, sizeof(*world));
	struct kd_memmap *memmap = calloc(1, sizeof(*memmap));

	for (size_t i = 0; i < sizeof(variants) / sizeof(*variants); i++) {
		if (variants[i].unaccepted)
			continue;
		make(world, &variants[i]);
		kd_memmap_init(memmap, &world->pages, world->kernel);
		assert_false(memmap->full);
		for (size_t j = 0; j < sizeof(cases) / sizeof(*cases); j++) {
			uint64_t want = variants[i].thin ? cases[j].thin : cases[j].structs;
			uint8_t kinds[KD_SCAN_PAGES];

			/* the page that the tails share */
			if (variants[i].thin && variants[i].style == BY_MASK && want & 0x100)
				want |= 0x200;
			memset(kinds, KD_PAGE_KERNEL, sizeof(kinds));
			kd_memmap_mark(memmap, &world->scan, cases[j].dropped, STORE / PAGE,
				       STORE_BYTES / PAGE, kinds);
			for (unsigned int page = 0; page < STORE_BYTES / PAGE; page++)
				if ((kinds[page] == KD_PAGE_STRUCTS) != (want >> page & 1))
					fail_msg("%s, dropped 0x%x: page %u is %s",
						 variants[i].name, cases[j].dropped, page,
						 kd_page_kind_name(kinds[page]));
		}
		drop(world);
	}
	free(memmap);
	free(world);
}

/* Struct pages that cannot be read: pages are kept, and counted as unknown. */
static void test_unreadable_structs(void **state)
{
	struct world *world = calloc(1, sizeof(*world));
	uint8_t kinds[KD_SCAN_PAGES];
	uint64_t unknown = 0;

	make(world, &variants[0]);
	/* in the section, but its struct pages are not mapped; and a page of no section */
	kd_scan_pages(&world->scan, FIRST + 2 * PAGES, 64, 0, kinds, &unknown);
	assert_int_equal(unknown, 64);
	for (int i = 0; i < 64; i++)
		assert_int_equal(kinds[i], KD_PAGE_KERNEL);
	/* that those behind cannot be read is nothing to those that can, and what was held is not theirs */
	unknown = 0;
	kd_scan_pages(&world->scan, FIRST + 2 * PAGES - KD_SCAN_PAGES, KD_SCAN_PAGES, 64, kinds,
		      &unknown);
	assert_int_equal(unknown, KD_SCAN_PAGES);
	for (unsigned int first = 0; first < PAGES; first += KD_SCAN_PAGES)
		check(world, first, KD_SCAN_PAGES, 2 * PAGES);
	kd_scan_pages(&world->scan, FIRST + 2 * PAGES, 64, 0, kinds, &unknown);
	assert_int_equal(unknown, KD_SCAN_PAGES + 64);
	unknown = 0;
	kd_scan_pages(&world->scan, 0x1000000, 64, 0, kinds, &unknown);
	assert_int_equal(unknown, 0);
	assert_int_equal(kinds[0], KD_PAGE_KERNEL);
	drop(world);
	free(world);
}

/* Sections whose size is neither told nor found out: said so, and not that there is no memory model. */
static void test_unknown_sections(void **state)
{
	static const struct variant variant = {"nothing there", NOTHING, BY_DESTRUCTOR,
					       .told_bits = NO_BITS};
	struct world *world = calloc(1, sizeof(*world));
	struct kd_err err = {KD_OK, ""};

	open_world(world, &variant);
	assert_int_equal(kd_pages_init(&world->pages, world->kernel, &err), KD_UNSUPPORTED);
	assert_non_null(strstr(err.text, "VMCOREINFO has no SECTION_SIZE_BITS"));
	drop(world);
	free(world);
}

/* VMCOREINFO that lacks or contradicts something: a reason, by name. */
static void test_missing_information(void **state)
{
	static const struct {
		const char *text, *part;
		enum kd_status status;
	} cases[] = {
		{"OSRELEASE=6.1\n", "SIZE(page)", KD_NOTFOUND},
		{"SIZE(page)=63\n", "struct page of 63", KD_CORRUPT},
		{"SIZE(page)=64\n", "page.flags", KD_NOTFOUND},
		{"SIZE(page)=64\nOFFSET(page.flags)=60\n", "page.flags at byte 60", KD_CORRUPT},
		{"SIZE(page)=64\nOFFSET(page.flags)=0\nOFFSET(page.mapping)=24\n", "PG_lru",
		 KD_NOTFOUND},
		{"SIZE(page)=64\nOFFSET(page.flags)=0\nOFFSET(page.mapping)=24\nNUMBER(PG_lru)=64\n",
		 "bit 64", KD_CORRUPT},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct kd_page_layout layout;
		struct kd_vmcoreinfo info;
		struct kd_err err = {KD_OK, ""};

		assert_int_equal(
			kd_vmcoreinfo_init(&info, cases[i].text, strlen(cases[i].text), &err),
			KD_OK);
		assert_int_equal(kd_page_layout_init(&layout, &info, NULL, &err), cases[i].status);
		assert_non_null(strstr(err.text, cases[i].part));
	}
}

static void test_levels_and_names(void **state)
{
	struct kd_err err;
	uint32_t kinds;

	for (unsigned int level = 0; level <= KD_LEVEL_MOST; level++)
		assert_int_equal(kd_level_kinds(kd_kinds_level(kd_level_kinds(level))),
				 kd_level_kinds(level));
	assert_int_equal(kd_kinds_parse("zero,cache-all,user,free", &kinds, &err), KD_OK);
	assert_int_equal(kinds, kd_level_kinds(31));
	assert_int_equal(kd_kinds_parse("huge", &kinds, &err), KD_OK);
	assert_int_equal(kd_kinds_level(kinds), 0);
	assert_int_equal(kd_kinds_parse("zero,", &kinds, &err), KD_NOTFOUND);
	assert_int_equal(kd_kinds_parse("zeros", &kinds, &err), KD_NOTFOUND);
	assert_non_null(strstr(err.text, "'zeros'"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_struct_pages),
		cmocka_unit_test(test_unreadable_structs),
		cmocka_unit_test(test_unknown_sections),
		cmocka_unit_test(test_missing_information),
		cmocka_unit_test(test_levels_and_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
