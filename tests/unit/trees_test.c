/* SPDX-License-Identifier: GPL-2.0-or-later */
/* src/inspect: trees, whole and damaged, and what a kernel was started and built with, in a made-up kernel. */
#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "inspect/boot.h"
#include "inspect/trees.h"
#include "kernel_fixture.h"

enum {
	DATA = MADE_FREE + 0x1000,
	NODE = DATA + 0x100, /* aligned to 256 bytes, as nodes of a maple tree are */
	CONFIG = MADE_FREE + 0x8000,
	INT = 1,
	BYTE,
	SLOTS4,
	SLOTS3,
};

static void make_array(struct blob *blob, uint32_t type, uint32_t count)
{
	blob_type(blob, KD_BTF_ARRAY, "", 0, false, 0);
	blob_word(blob, type);
	blob_word(blob, INT);
	blob_word(blob, count);
}

static void make_types(struct blob *blob)
{
	blob_init(blob, NULL);
	blob_type(blob, KD_BTF_INT, "unsigned long", 0, false, 8);
	blob_word(blob, 64);
	blob_type(blob, KD_BTF_INT, "unsigned char", 0, false, 1);
	blob_word(blob, 8);
	make_array(blob, INT, 4);
	make_array(blob, INT, 3);
	blob_type(blob, KD_BTF_STRUCT, "xarray", 1, false, 16);
	blob_member(blob, "xa_head", INT, 64);
	/* nodes of four slots instead of 64 */
	blob_type(blob, KD_BTF_STRUCT, "xa_node", 2, false, 48);
	blob_member(blob, "shift", BYTE, 0);
	blob_member(blob, "slots", SLOTS4, 128);
	blob_type(blob, KD_BTF_STRUCT, "maple_tree", 1, false, 16);
	blob_member(blob, "ma_root", INT, 64);
	blob_type(blob, KD_BTF_STRUCT, "maple_range_64", 2, false, 256);
	blob_member(blob, "pivot", SLOTS3, 64);
	blob_member(blob, "slot", SLOTS4, 256);
	blob_type(blob, KD_BTF_STRUCT, "maple_arange_64", 2, false, 256);
	blob_member(blob, "pivot", SLOTS3, 64);
	blob_member(blob, "slot", SLOTS4, 256);
	blob_type(blob, KD_BTF_STRUCT, "rb_node", 3, false, 24);
	blob_member(blob, "__rb_parent_color", INT, 0);
	blob_member(blob, "rb_right", INT, 64);
	blob_member(blob, "rb_left", INT, 128);
	blob_finish(blob);
}

static void prepare(struct machine *machine, size_t config_bytes)
{
	const struct made_symbol symbols[] = {
		{"T_text", 0, false},
		{"T_\1ext", 0x40, false},
		{"D__\1art_\2", MADE_TYPES - MADE_RAM, false},
		{"D__\1op_\2", MADE_FREE - MADE_RAM, false},
		{"dsaved_command_line", DATA - MADE_RAM, false},
		{"dkernel_config_data", CONFIG - MADE_RAM, false},
		{config_bytes ? "dkernel_config_data_end" : "dnothing",
		 CONFIG - MADE_RAM + (int64_t)config_bytes, false},
		{"B_end", MADE_BYTES, false},
	};
	struct blob types;

	make_types(&types);
	made_kernel_init(&machine->fixture, symbols, sizeof(symbols) / sizeof(*symbols),
			 MADE_RELATIVE, &types);
}

/* "first-last:entry " of each; stops behind the number that it is told. */
struct told {
	char text[512];
	unsigned int count, most;
};

static bool tell(void *opaque, uint64_t first, uint64_t last, uint64_t entry)
{
	struct told *told = opaque;
	size_t length = strlen(told->text);

	snprintf(told->text + length, sizeof(told->text) - length, "%llx-%llx:%llx ",
		 (unsigned long long)first, (unsigned long long)last, (unsigned long long)entry);
	return ++told->count != told->most;
}

static uint64_t node(unsigned int number)
{
	return MADE_VADDR(NODE) + 0x100 * number;
}

struct word {
	uint32_t at; /* from NODE on */
	uint64_t value;
};

typedef enum kd_status walk(struct kd_system *system, uint64_t tree, kd_entry_take *take,
			    void *opaque, struct kd_err *err);

/* A tree whose root is the second word at DATA. */
static void check(walk *each, uint64_t root, const struct word *words, size_t count,
		  unsigned int most, enum kd_status status, const char *text)
{
	struct told told = {.most = most};
	struct machine machine;
	struct kd_err err;

	prepare(&machine, 0);
	fixture_poke_number(&machine.fixture, DATA + 8, root, 8);
	for (size_t i = 0; i < count; i++)
		fixture_poke_number(&machine.fixture, NODE + words[i].at, words[i].value, 8);
	open_machine(&machine);
	assert_int_equal(each(machine.system, MADE_VADDR(DATA), tell, &told, &err), status);
	assert_string_equal(told.text, text);
	close_machine(&machine);
}

#define CHECK(each, root, words, most, status, text)                                               \
	check(each, root, words, sizeof(words) / sizeof(*(words)), most, status, text)

static void test_xarray(void **state)
{
	const struct word none[] = {{0, 0}};
	const struct word two_levels[] = {
		{0, 2},
		{16, node(1) + 2},
		{32, node(2) + 2}, /* shift 2; slots 0 and 2 */
		{0x100 + 24, 0x1000},
		{0x100 + 40, 6 << 2 | 2}, /* 1; 3 is the tree's own */
		{0x200 + 16, 0x2000},
	};
	const struct word loop[] = {{0, 2}, {16, node(0) + 2}};
	const struct word far[] = {{0, 200}, {16, 0x1000}};
	const struct word gone[] = {{0, 2}, {16, 0x1000}, {24, 0x7fff0002}};

	CHECK(kd_xarray_each, 0, none, 0, KD_OK, "");
	CHECK(kd_xarray_each, 0x5000, none, 0, KD_OK, "0-0:5000 ");
	CHECK(kd_xarray_each, node(0) + 2, two_levels, 0, KD_OK, "1-1:1000 8-8:2000 ");
	CHECK(kd_xarray_each, node(0) + 2, two_levels, 1, KD_OK, "1-1:1000 ");
	CHECK(kd_xarray_each, node(0) + 2, loop, 0, KD_CORRUPT, "");
	CHECK(kd_xarray_each, node(0) + 2, far, 0, KD_CORRUPT, "");
	CHECK(kd_xarray_each, node(0) + 2, gone, 0, KD_FAULT, "0-3:1000 ");
}

/* enum maple_type in a pointer, and the bit that makes it a node. */
#define LEAF(number)   (node(number) | 1 << 3 | 2)
#define RANGE(number)  (node(number) | 2 << 3 | 2)
#define ARANGE(number) (node(number) | 3 << 3 | 2)

static void test_maple(void **state)
{
	const struct word none[] = {{0, 0}};
	/* 0: nothing, 1 to 9: an entry, 10 on: another; the last slot is not in use */
	const struct word leaf[] = {{8, 0},       {16, 9},      {24, UINT64_MAX},
				    {40, 0x1000}, {48, 0x2000}, {56, 0x3000}};
	const struct word two[] = {
		{8, 99},      {16, UINT64_MAX},    {32, LEAF(1)},       {40, RANGE(2)},
		{0x108, 50},  {0x110, 0},          {0x120, 0x1000},     {0x128, 0x2000},
		{0x208, 199}, {0x210, UINT64_MAX}, {0x220, LEAF(3)},    {0x228, LEAF(4)},
		{0x308, 199}, {0x320, 0x3000},     {0x408, UINT64_MAX}, {0x420, 0x4000},
	};
	const struct word loop[] = {{8, 99}, {16, UINT64_MAX}, {32, ARANGE(0)}};
	const struct word order[] = {
		{8, 99}, {16, 50}, {24, UINT64_MAX}, {32, 0x1000}, {40, 0x2000}};
	const struct word unknown[] = {{8, UINT64_MAX}, {32, node(1) | 9 << 3 | 2}};

	CHECK(kd_maple_each, 0, none, 0, KD_OK, "");
	CHECK(kd_maple_each, 0x5000, none, 0, KD_OK, "0-0:5000 ");
	CHECK(kd_maple_each, LEAF(0), leaf, 0, KD_OK, "1-9:1000 a-ffffffffffffffff:2000 ");
	CHECK(kd_maple_each, ARANGE(0), two, 0, KD_OK,
	      "0-32:1000 33-63:2000 64-c7:3000 c8-ffffffffffffffff:4000 ");
	CHECK(kd_maple_each, ARANGE(0), two, 2, KD_OK, "0-32:1000 33-63:2000 ");
	CHECK(kd_maple_each, ARANGE(0), loop, 0, KD_CORRUPT, "");
	CHECK(kd_maple_each, LEAF(0), order, 0, KD_CORRUPT, "0-63:1000 ");
	CHECK(kd_maple_each, ARANGE(0), unknown, 0, KD_CORRUPT, "");
}

static bool tell_node(void *opaque, uint64_t vaddr)
{
	return tell(opaque, 0, 0, (vaddr - node(0)) / 0x100);
}

/* The root is given, not read. */
static enum kd_status walk_rb(struct kd_system *system, uint64_t tree, kd_entry_take *take,
			      void *opaque, struct kd_err *err)
{
	return kd_rb_each(system, node(0), tell_node, opaque, err);
}

static void test_rb(void **state)
{
	const struct word whole[] = {
		{16, node(1)}, {8, node(2)}, {0x100 + 8, node(3)}, {0x200 + 16, node(4)}};
	const struct word loop[] = {{8, node(1)}, {0x100 + 8, node(0)}};
	const struct word deep[] = {{16, node(0)}};

	CHECK(walk_rb, 0, whole, 0, KD_OK, "0-0:1 0-0:3 0-0:0 0-0:4 0-0:2 ");
	CHECK(walk_rb, 0, loop, 2, KD_OK, "0-0:0 0-0:1 ");
	CHECK(walk_rb, 0, deep, 0, KD_CORRUPT, "");
}

static size_t pack(const char *text, uint8_t *packed, size_t room)
{
	z_stream stream = {.next_in = (Bytef *)(uintptr_t)text,
			   .avail_in = (uInt)strlen(text),
			   .next_out = packed,
			   .avail_out = (uInt)room};

	assert_int_equal(deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY),
			 Z_OK);
	assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
	deflateEnd(&stream);
	return stream.total_out;
}

static void test_configuration(void **state)
{
	static const char config[] = "# a comment\nCONFIG_A=y\n# CONFIG_B is not set\n";
	struct machine machine;
	struct kd_err err;
	uint8_t packed[512];
	size_t packed_bytes = pack(config, packed, sizeof(packed)), bytes = 0;
	char *text = NULL;

	/* whole; each byte of it damaged in turn: an error, or what it was; none at all */
	for (size_t i = 0; i <= packed_bytes; i++) {
		enum kd_status status;

		prepare(&machine, packed_bytes);
		fixture_poke(&machine.fixture, CONFIG, packed, packed_bytes);
		if (i < packed_bytes)
			fixture_poke_number(&machine.fixture, CONFIG + i, packed[i] ^ 0xffu, 1);
		open_machine(&machine);
		status = kd_configuration_read(machine.system, &text, &bytes, &err);
		assert_true(!status || (status == KD_CORRUPT && i < packed_bytes));
		if (!status) {
			assert_int_equal(bytes, strlen(config));
			assert_string_equal(text, config);
			free(text);
		}
		close_machine(&machine);
	}
	prepare(&machine, 0);
	open_machine(&machine);
	assert_int_equal(kd_configuration_read(machine.system, &text, &bytes, &err), KD_NOTFOUND);
	assert_non_null(strstr(err.text, "CONFIG_IKCONFIG"));
	close_machine(&machine);
}

static void test_command_line(void **state)
{
	static const char line[] = "quiet panic=5";
	struct machine machine;
	struct kd_err err;
	char *text = NULL;

	prepare(&machine, 0);
	fixture_poke_number(&machine.fixture, DATA, MADE_VADDR(DATA) + 64, 8);
	fixture_poke(&machine.fixture, DATA + 64, line, sizeof(line));
	open_machine(&machine);
	assert_int_equal(kd_command_line_read(machine.system, &text, &err), KD_OK);
	assert_string_equal(text, line);
	free(text);
	close_machine(&machine);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_xarray),       cmocka_unit_test(test_maple),
		cmocka_unit_test(test_rb),           cmocka_unit_test(test_configuration),
		cmocka_unit_test(test_command_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
