/* SPDX-License-Identifier: GPL-2.0-or-later */
/* src/inspect/mm.c: the ranges of a made-up process in a list and in a maple tree, whole and damaged, and its memory. */
#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/file.h"
#include "inspect/mm.h"
#include "kernel_fixture.h"

enum {
	PAGE = 4096,
	MM = MADE_FREE,
	VMAS = MADE_FREE + 0x200,
	VMA_BYTES = 64,
	NODES = MADE_FREE + 0x1000, /* of 256 bytes */
	USER_PAGE = MADE_FREE + 0x4000,
	PIVOTS_64 = 15,
	SLOTS_64 = 16,
	PIVOTS_A = 9,
	SLOTS_A = 10,
	/* include/linux/maple_tree.h */
	LEAF = 1,
	RANGE = 2,
	ARANGE = 3,
	/* ids of types */
	LONG = 1,
	FIRST_STRUCT = 6,
	COUNT = 5,
};

static const uint64_t ranges[COUNT][2] = {
	{0x400000, 0x402000},
	{0x402000, 0x403000},
	{0x600000, 0x601000},
	{0x7f0000000000, 0x7f0000004000},
	{0x7ffffffde000, 0x7ffffffff000},
};

static void add_array(struct blob *blob, unsigned int elements)
{
	blob_type(blob, KD_BTF_ARRAY, "", 0, false, 0);
	blob_word(blob, LONG);
	blob_word(blob, LONG);
	blob_word(blob, elements);
}

static void make_types(struct blob *blob, bool tree)
{
	blob_init(blob, NULL);
	blob_type(blob, KD_BTF_INT, "long unsigned int", 0, false, 8); /* 1 */
	blob_word(blob, 64);
	add_array(blob, PIVOTS_64); /* 2 */
	add_array(blob, SLOTS_64);
	add_array(blob, PIVOTS_A);
	add_array(blob, SLOTS_A); /* 5 */
	blob_type(blob, KD_BTF_STRUCT, "vm_area_struct", 6, false, VMA_BYTES);
	blob_member(blob, "vm_start", LONG, 0);
	blob_member(blob, "vm_end", LONG, 64);
	blob_member(blob, "vm_next", LONG, 128);
	blob_member(blob, "vm_flags", LONG, 192);
	blob_member(blob, "vm_pgoff", LONG, 256);
	blob_member(blob, "vm_file", LONG, 320);
	blob_type(blob, KD_BTF_STRUCT, "maple_tree", 1, false, 8); /* 7 */
	blob_member(blob, "ma_root", LONG, 0);
	blob_type(blob, KD_BTF_STRUCT, "mm_struct", 5, false, 64);
	if (tree)
		blob_member(blob, "mm_mt", FIRST_STRUCT + 1, 0);
	else
		blob_member(blob, "mmap", LONG, 0);
	blob_member(blob, "pgd", LONG, 64);
	blob_member(blob, "arg_start", LONG, 128);
	blob_member(blob, "arg_end", LONG, 192);
	blob_member(blob, "start_stack", LONG, 256);
	blob_type(blob, KD_BTF_STRUCT, "maple_range_64", 3, false, 256);
	blob_member(blob, "parent", LONG, 0);
	blob_member(blob, "pivot", 2, 64);
	blob_member(blob, "slot", 3, 64 + 64 * PIVOTS_64);
	blob_type(blob, KD_BTF_STRUCT, "maple_arange_64", 3, false, 240);
	blob_member(blob, "parent", LONG, 0);
	blob_member(blob, "pivot", 4, 64);
	blob_member(blob, "slot", 5, 64 + 64 * PIVOTS_A);
	blob_type(blob, KD_BTF_ENUM, "maple_type", 4, false, 4);
	blob_word(blob, blob_text(blob, "maple_dense"));
	blob_word(blob, 0);
	blob_word(blob, blob_text(blob, "maple_leaf_64"));
	blob_word(blob, LEAF);
	blob_word(blob, blob_text(blob, "maple_range_64"));
	blob_word(blob, RANGE);
	blob_word(blob, blob_text(blob, "maple_arange_64"));
	blob_word(blob, ARANGE);
	blob_finish(blob);
}

static uint64_t vma(unsigned int number)
{
	return MADE_VADDR(VMAS) + number * VMA_BYTES;
}

/* As a slot has it (mt_mk_node() of lib/maple_tree.c): bit 2, and bits 3 to 6, its kind. */
static uint64_t node(unsigned int number, unsigned int kind)
{
	return (MADE_VADDR(NODES) + 256 * number) | kind << 3 | 4;
}

/* As the tree's root has it: bit 1 as well (mte_mk_root()), so that it is no range. */
static uint64_t root(unsigned int number, unsigned int kind)
{
	return node(number, kind) | 2;
}

static void put_pivot(struct machine *machine, unsigned int number, unsigned int at, uint64_t pivot)
{
	fixture_poke_number(&machine->fixture, NODES + 256 * number + 8 + 8 * at, pivot, 8);
}

static void put_slot(struct machine *machine, unsigned int number, unsigned int pivots,
		     unsigned int at, uint64_t slot)
{
	fixture_poke_number(&machine->fixture, NODES + 256 * number + 8 + 8 * pivots + 8 * at, slot,
			    8);
}

static void prepare(struct machine *machine, bool tree)
{
	static const struct made_symbol symbols[] = {
		{"T_text", 0, false},
		{"T_\1ext", 0x40, false},
		{"D__\1art_\2", MADE_TYPES - MADE_RAM, false},
		{"D__\1op_\2", MADE_FREE - MADE_RAM, false},
		{"B_end", MADE_BYTES, false},
	};
	struct blob types;

	make_types(&types, tree);
	made_kernel_init(&machine->fixture, symbols, sizeof(symbols) / sizeof(*symbols),
			 MADE_RELATIVE, &types);
	for (unsigned int i = 0; i < COUNT; i++) {
		uint64_t at = VMAS + i * VMA_BYTES;

		fixture_poke_number(&machine->fixture, at, ranges[i][0], 8);
		fixture_poke_number(&machine->fixture, at + 8, ranges[i][1], 8);
		fixture_poke_number(&machine->fixture, at + 16, i + 1 < COUNT ? vma(i + 1) : 0, 8);
		fixture_poke_number(&machine->fixture, at + 24, 1 + i, 8); /* of r, w, x */
		fixture_poke_number(&machine->fixture, at + 32, 2 * i, 8);
		fixture_poke_number(&machine->fixture, at + 40, i < 2 ? 0x1000 : 0, 8);
	}
	fixture_poke_number(&machine->fixture, MM, vma(0), 8);
}

/* Two leaves below a node with gaps; stale slots behind what is in use. */
static void put_tree(struct machine *machine)
{
	fixture_poke_number(&machine->fixture, MM, root(0, ARANGE), 8);
	put_pivot(machine, 0, 0, 0x5fffff);
	put_slot(machine, 0, PIVOTS_A, 0, node(1, LEAF));
	put_slot(machine, 0, PIVOTS_A, 1, node(2, LEAF));
	put_slot(machine, 0, PIVOTS_A, 2, node(1, LEAF));
	put_pivot(machine, 1, 0, 0x3fffff);
	put_pivot(machine, 1, 1, 0x401fff);
	put_slot(machine, 1, PIVOTS_64, 1, vma(0));
	put_pivot(machine, 1, 2, 0x402fff);
	put_slot(machine, 1, PIVOTS_64, 2, vma(1));
	put_pivot(machine, 1, 3, 0x5fffff);
	put_slot(machine, 1, PIVOTS_64, 4, vma(0));
	put_pivot(machine, 2, 0, 0x600fff);
	put_slot(machine, 2, PIVOTS_64, 0, vma(2));
	put_pivot(machine, 2, 1, 0x7effffffffff);
	put_pivot(machine, 2, 2, 0x7f0000003fff);
	put_slot(machine, 2, PIVOTS_64, 2, vma(3));
	put_pivot(machine, 2, 3, 0x7ffffffddfff);
	put_pivot(machine, 2, 4, 0x7fffffffefff);
	put_slot(machine, 2, PIVOTS_64, 4, vma(4));
}

static const struct kd_task process = {.mm = MADE_VADDR(MM), .comm = "made"};

struct taken {
	unsigned int count, most;
	struct kd_vma list[COUNT];
};

static bool take(void *opaque, const struct kd_vma *found)
{
	struct taken *taken = opaque;

	assert_true(taken->count < COUNT);
	taken->list[taken->count++] = *found;
	return !taken->most || taken->count < taken->most;
}

static void assert_all(struct machine *machine)
{
	struct taken taken = {.count = 0};

	assert_int_equal(kd_vmas_each(machine->system, &process, take, &taken, NULL), KD_OK);
	assert_int_equal(taken.count, COUNT);
	for (unsigned int i = 0; i < COUNT; i++) {
		assert_int_equal(taken.list[i].start, ranges[i][0]);
		assert_int_equal(taken.list[i].end, ranges[i][1]);
		assert_int_equal(taken.list[i].vaddr, vma(i));
		assert_int_equal(taken.list[i].readable, (1 + i) & 1);
		assert_int_equal(taken.list[i].writable, (1 + i) >> 1 & 1);
		assert_int_equal(taken.list[i].executable, (1 + i) >> 2 & 1);
		assert_int_equal(taken.list[i].offset_bytes, i < 2 ? 2 * i * PAGE : 0);
	}
	taken = (struct taken){.most = 2};
	assert_int_equal(kd_vmas_each(machine->system, &process, take, &taken, NULL), KD_OK);
	assert_int_equal(taken.count, 2);
}

static void test_list(void **state)
{
	struct machine machine;

	prepare(&machine, false);
	open_machine(&machine);
	assert_all(&machine);
	close_machine(&machine);
}

static void test_tree(void **state)
{
	static const struct kd_task kernels = {.comm = "kthread"};
	struct taken taken = {.count = 0};
	struct machine machine;

	prepare(&machine, true);
	put_tree(&machine);
	open_machine(&machine);
	assert_all(&machine);
	assert_int_equal(kd_vmas_each(machine.system, &kernels, take, &taken, NULL), KD_NOTFOUND);
	close_machine(&machine);
}

static void test_small_trees(void **state)
{
	for (unsigned int entries = 0; entries < 2; entries++) {
		struct taken taken = {.count = 0};
		struct machine machine;

		prepare(&machine, true);
		fixture_poke_number(&machine.fixture, MM, entries ? vma(3) : 0, 8);
		open_machine(&machine);
		assert_int_equal(kd_vmas_each(machine.system, &process, take, &taken, NULL), KD_OK);
		assert_int_equal(taken.count, entries);
		close_machine(&machine);
	}
}

enum damage { LOOP, SELF, NO_KIND, NOWHERE, DISORDER, LIST_LOOP, DAMAGES };

static void test_damage(void **state)
{
	for (int damage = 0; damage < DAMAGES; damage++) {
		struct taken taken = {.count = 0};
		struct machine machine;
		enum kd_status status;

		prepare(&machine, damage != LIST_LOOP);
		if (damage != LIST_LOOP)
			put_tree(&machine);
		if (damage == LOOP)
			put_slot(&machine, 0, PIVOTS_A, 1, node(0, ARANGE));
		if (damage == SELF)
			fixture_poke_number(&machine.fixture, MM, root(0, RANGE), 8);
		if (damage == SELF)
			for (unsigned int i = 0; i < SLOTS_64; i++)
				put_slot(&machine, 0, PIVOTS_64, i, node(0, RANGE));
		if (damage == NO_KIND)
			put_slot(&machine, 0, PIVOTS_A, 1, node(2, 9));
		if (damage == NOWHERE)
			put_slot(&machine, 0, PIVOTS_A, 1, 0x123404 | LEAF << 3);
		if (damage == DISORDER)
			put_slot(&machine, 2, PIVOTS_64, 2, vma(0));
		if (damage == LIST_LOOP)
			fixture_poke_number(&machine.fixture, VMAS + VMA_BYTES + 16, vma(0), 8);
		open_machine(&machine);
		status = kd_vmas_each(machine.system, &process, take, &taken, NULL);
		assert_int_equal(status, damage == NOWHERE ? KD_FAULT : KD_CORRUPT);
		assert_true(taken.count < COUNT);
		close_machine(&machine);
	}
}

static void test_memory(void **state)
{
	static const char words[] = "cat\0-n\0file";
	KD_CLEANUP_FREE char *text = NULL;
	struct machine machine;
	struct kd_space space;
	uint64_t paddr, left = 0;
	size_t bytes = 0;

	prepare(&machine, true);
	/* the process has the kernel's own tables */
	fixture_poke_number(&machine.fixture, MM + 8, MADE_VADDR(MADE_FREE + 0x6000), 8);
	fixture_map(&machine.fixture, MADE_VADDR(MADE_FREE + 0x6000), FIXTURE_TABLES, 12);
	fixture_map(&machine.fixture, 0x7ffffffde000, USER_PAGE, 12);
	fixture_poke(&machine.fixture, USER_PAGE + 0x100, words, sizeof(words));
	fixture_poke_number(&machine.fixture, MM + 16, 0x7ffffffde100, 8);
	fixture_poke_number(&machine.fixture, MM + 24, 0x7ffffffde100 + sizeof(words), 8);
	fixture_poke_number(&machine.fixture, MM + 32, 0x7ffffffde800, 8);
	open_machine(&machine);
	assert_int_equal(kd_task_command(machine.system, &process, kd_dump_reader(machine.dump),
					 &text, &bytes, NULL),
			 KD_OK);
	assert_int_equal(bytes, sizeof(words));
	assert_memory_equal(text, words, sizeof(words));
	assert_int_equal(
		kd_task_space(machine.system, &process, kd_dump_reader(machine.dump), &space, NULL),
		KD_OK);
	assert_int_equal(kd_space_translate(&space, 0x7ffffffde123, &paddr, &left, NULL), KD_OK);
	assert_int_equal(paddr, USER_PAGE + 0x123);
	/* how far there is nothing: up to the next entry of the table that has none */
	assert_int_equal(kd_space_translate(&space, 0x7ffffffdf010, &paddr, &left, NULL), KD_FAULT);
	assert_int_equal(left, PAGE - 0x10);
	assert_int_equal(kd_space_translate(&space, 0x400000, &paddr, &left, NULL), KD_FAULT);
	assert_int_equal(left, (UINT64_C(1) << 39) - 0x400000);
	assert_int_equal(kd_space_translate(&space, UINT64_C(1) << 47, &paddr, &left, NULL),
			 KD_FAULT);
	assert_int_equal(left, UINT64_C(0xffff800000000000) - (UINT64_C(1) << 47));
	close_machine(&machine);
}

static void test_names(void **state)
{
	const struct kd_vma stack = {
		.vaddr = vma(4), .start = 0x7ffffffde000, .end = 0x7ffffffff000};
	const struct kd_vma file = {
		.vaddr = vma(0), .start = 0x400000, .end = 0x402000, .file_vaddr = 0x1000};
	KD_CLEANUP_FREE struct kd_vma_name *name = malloc(sizeof(*name));
	struct machine machine;

	prepare(&machine, true);
	fixture_poke_number(&machine.fixture, MM + 32, 0x7ffffffde800, 8);
	open_machine(&machine);
	kd_vma_name(machine.system, &process, &stack, name);
	assert_string_equal(name->name, "[stack]");
	/* a file that cannot be looked at has no name */
	kd_vma_name(machine.system, &process, &file, name);
	assert_string_equal(name->name, "");
	assert_int_equal(name->inode, 0);
	close_machine(&machine);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_list),        cmocka_unit_test(test_tree),
		cmocka_unit_test(test_small_trees), cmocka_unit_test(test_damage),
		cmocka_unit_test(test_memory),      cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
