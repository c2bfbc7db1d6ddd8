/* SPDX-License-Identifier: GPL-2.0-or-later */
/* src/kernel: BTF, whole, split and damaged; and symbols out of a made-up kernel's memory. */
#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/btf.h"
#include "kernel/kallsyms.h"
#include "kernel/types.h"
#include "kernel_fixture.h"

/* 1 int, 2 union {a, b}, 3 struct page {flags, union, bits:3}, 4 typedef, 5 array, 6 enum, 7 enum64, 8 loop */
static void make_base(struct blob *blob)
{
	blob_init(blob, NULL);
	blob_type(blob, KD_BTF_INT, "int", 0, false, 4);
	blob_word(blob, 32);
	blob_type(blob, KD_BTF_UNION, "", 2, false, 8);
	blob_member(blob, "mapping", 1, 0);
	blob_member(blob, "_mapcount", 1, 32);
	blob_type(blob, KD_BTF_STRUCT, "page", 3, true, 24);
	blob_member(blob, "flags", 1, 0);
	blob_member(blob, "", 2, 64);
	blob_member(blob, "bits", 1, 3u << 24 | 130);
	blob_type(blob, KD_BTF_TYPEDEF, "page_t", 0, false, 3);
	blob_type(blob, KD_BTF_ARRAY, "", 0, false, 0);
	blob_word(blob, 4);
	blob_word(blob, 1);
	blob_word(blob, 10);
	blob_type(blob, KD_BTF_ENUM, "pageflags", 2, true, 4);
	blob_word(blob, blob_text(blob, "PG_lru"));
	blob_word(blob, 4);
	blob_word(blob, blob_text(blob, "PG_none"));
	blob_word(blob, UINT32_MAX);
	blob_type(blob, KD_BTF_ENUM64, "wide", 1, false, 8);
	blob_word(blob, blob_text(blob, "WIDE"));
	blob_word(blob, 1);
	blob_word(blob, 2);
	blob_type(blob, KD_BTF_TYPEDEF, "loop", 0, false, 8);
	blob_finish(blob);
}

static void test_types(void **state)
{
	struct kd_btf_member found;
	struct kd_btf_type got;
	struct kd_err err;
	struct kd_btf btf;
	struct blob blob;
	uint64_t bytes;
	int64_t value;

	make_base(&blob);
	assert_int_equal(kd_btf_init(&btf, blob.bytes, blob.size, NULL, &err), KD_OK);
	assert_int_equal(btf.end_id, 9);
	assert_int_equal(kd_btf_find(&btf, KD_BTF_STRUCT, "page", &got, &err), KD_OK);
	assert_true(got.id == 3 && got.size == 24 && got.count == 3);
	assert_int_equal(kd_btf_find(&btf, KD_BTF_STRUCT, "pag", &got, &err), KD_NOTFOUND);
	assert_int_equal(kd_btf_member(&btf, "page.flags", &found, &err), KD_OK);
	assert_int_equal(found.offset_bits, 0);
	assert_int_equal(kd_btf_member(&btf, "page._mapcount", &found, &err), KD_OK);
	assert_true(found.offset_bits == 96 && !found.bits && found.type_id == 1);
	assert_int_equal(kd_btf_member(&btf, "page.bits", &found, &err), KD_OK);
	assert_true(found.offset_bits == 130 && found.bits == 3);
	assert_int_equal(kd_btf_member(&btf, "page.none", &found, &err), KD_NOTFOUND);
	assert_non_null(strstr(err.text, "page has no member none"));
	assert_int_equal(kd_btf_member(&btf, "page.flags.x", &found, &err), KD_NOTFOUND);
	assert_int_equal(kd_btf_member(&btf, "folio.flags", &found, &err), KD_NOTFOUND);
	assert_int_equal(kd_btf_enumerator(&btf, "PG_lru", &value, &err), KD_OK);
	assert_int_equal(value, 4);
	assert_int_equal(kd_btf_enumerator(&btf, "PG_none", &value, &err), KD_OK);
	assert_int_equal(value, -1);
	assert_int_equal(kd_btf_enumerator(&btf, "WIDE", &value, &err), KD_OK);
	assert_int_equal(value, 0x200000001);
	assert_int_equal(kd_btf_enumerator(&btf, "PG_", &value, &err), KD_NOTFOUND);
	assert_int_equal(kd_btf_size(&btf, 5, &bytes, &err), KD_OK);
	assert_int_equal(bytes, 240);
	assert_int_equal(kd_btf_size(&btf, 8, &bytes, &err), KD_CORRUPT);
	assert_int_equal(kd_btf_type(&btf, 0, &got, &err), KD_NOTFOUND);
	assert_int_equal(kd_btf_type(&btf, 9, &got, &err), KD_NOTFOUND);
}

/* A module's: its ids and strings go on behind the kernel's. */
static void test_split(void **state)
{
	struct kd_btf base, module;
	struct kd_btf_member found;
	struct blob first, second;
	struct kd_btf_type got;
	struct kd_err err;
	uint64_t bytes;

	make_base(&first);
	assert_int_equal(kd_btf_init(&base, first.bytes, first.size, NULL, &err), KD_OK);
	memset(&second, 0, sizeof(second));
	second.string_base = first.string_bytes;
	blob_type(&second, KD_BTF_STRUCT, "driver", 1, false, 24);
	blob_member(&second, "pages", 4, 0);
	blob_finish(&second);
	assert_int_equal(kd_btf_init(&module, second.bytes, second.size, &base, &err), KD_OK);
	assert_int_equal(kd_btf_find(&module, KD_BTF_STRUCT, "driver", &got, &err), KD_OK);
	assert_int_equal(got.id, 9);
	assert_string_equal(got.name, "driver");
	assert_int_equal(kd_btf_member(&module, "driver.pages._mapcount", &found, &err), KD_OK);
	assert_int_equal(found.offset_bits, 96);
	assert_int_equal(kd_btf_find(&module, KD_BTF_STRUCT, "page", &got, &err), KD_OK);
	assert_int_equal(got.id, 3);
	assert_int_equal(kd_btf_size(&module, 9, &bytes, &err), KD_OK);
	assert_int_equal(bytes, 24);
}

/* Every byte changed in turn, and every length cut: an answer or an error, and nothing read outside. */
static void test_damaged_types(void **state)
{
	static const uint8_t flips[] = {0x01, 0x80, 0xff};
	struct kd_btf_member found;
	struct kd_err err;
	struct kd_btf btf;
	struct blob blob;
	unsigned int refused = 0;
	int64_t value;

	make_base(&blob);
	for (size_t size = 0; size < blob.size; size++) {
		uint8_t *cut = malloc(size ? size : 1);

		memcpy(cut, blob.bytes, size);
		assert_int_not_equal(kd_btf_init(&btf, cut, size, NULL, &err), KD_OK);
		free(cut);
	}
	for (size_t at = 0; at < blob.size; at++)
		for (size_t i = 0; i < sizeof(flips); i++) {
			uint8_t *copy = malloc(blob.size);
			uint64_t bytes;

			memcpy(copy, blob.bytes, blob.size);
			copy[at] ^= flips[i];
			if (kd_btf_init(&btf, copy, blob.size, NULL, &err)) {
				refused++;
			} else {
				kd_btf_member(&btf, "page._mapcount", &found, NULL);
				kd_btf_member(&btf, "page.bits.x", &found, NULL);
				kd_btf_enumerator(&btf, "WIDE", &value, NULL);
				for (uint32_t id = 0; id < btf.end_id + 2 && id < 32; id++)
					kd_btf_size(&btf, id, &bytes, NULL);
			}
			free(copy);
		}
	assert_true(refused > 30);
}

static const struct made_symbol symbols_of_kernel[] = {
	{"Avar", 0x10, false},
	{"T_\1ext", 0x40, false},
	{"Ttext_end", 0x80, true},
	{"D__\1art_\2", MADE_TYPES - MADE_RAM, false},
	{"D__\1op_\2", MADE_TYPES - MADE_RAM + 0x200, false},
};

static void make_kernel(struct fixture *fixture, enum made_addresses addresses,
			struct kd_dump **dump, struct kd_kernel **kernel)
{
	struct blob blob;

	make_base(&blob);
	made_kernel_init(fixture, symbols_of_kernel, 5, addresses, &blob);
	fixture_build(fixture);
	assert_int_equal(kd_dump_open(fixture->path, NULL, dump, NULL), KD_OK);
	assert_int_equal(kd_kernel_open(*dump, kernel, NULL), KD_OK);
}

static bool count_symbols(void *opaque, uint32_t number, char type_letter, const char *name)
{
	unsigned int *count = opaque;

	assert_int_equal(number, *count);
	assert_true(type_letter == 'A' || type_letter == 'T' || type_letter == 'D');
	++*count;
	return true;
}

static void test_symbols(void **state)
{
	struct kd_kallsyms *symbols = malloc(sizeof(*symbols));

	for (enum made_addresses addresses = MADE_RELATIVE; addresses <= MADE_ABSOLUTE;
	     addresses++) {
		unsigned int count = 0;
		struct kd_kernel *kernel;
		struct fixture fixture;
		struct kd_dump *dump;
		struct kd_types types;
		struct kd_btf_member member;
		struct kd_err err = {KD_OK, ""};
		uint64_t vaddr;

		make_kernel(&fixture, addresses, &dump, &kernel);
		if (kd_kallsyms_init(symbols, kernel, &err))
			fail_msg("%s", err.text);
		assert_int_equal(symbols->absolute_percpu, addresses == MADE_PERCPU);
		assert_int_equal(symbols->has_addresses, addresses == MADE_ABSOLUTE);
		assert_int_equal(kd_kallsyms_each(symbols, count_symbols, &count, &err), KD_OK);
		assert_int_equal(count, 5);
		assert_int_equal(kd_kallsyms_find(symbols, "text_end", &vaddr, &err), KD_OK);
		assert_int_equal(vaddr, MADE_TEXT + 0x80);
		assert_int_equal(kd_kallsyms_find(symbols, "var", &vaddr, &err), KD_OK);
		assert_int_equal(vaddr, addresses == MADE_PERCPU ? 0x10 : MADE_TEXT + 0x10);
		assert_int_equal(kd_kallsyms_find(symbols, "text", &vaddr, &err), KD_NOTFOUND);
		assert_int_equal(kd_types_init(&types, kernel, &err), KD_OK);
		assert_int_equal(kd_btf_member(&types.btf, "page._mapcount", &member, &err), KD_OK);
		kd_types_deinit(&types);
		kd_kernel_close(kernel);
		kd_dump_close(dump);
		fixture_deinit(&fixture);
	}
	free(symbols);
}

enum { SEARCHED = MADE_FREE, SEARCHED_COUNT = 300, NAME_TOKENS = 4 };

/* Where a table is, whose end the next begins at. */
static uint64_t put(struct fixture *fixture, uint64_t at, const void *data, size_t bytes)
{
	fixture_poke(fixture, at, data, bytes);
	return (at + bytes + 7) & ~(uint64_t)7;
}

static uint64_t put_addresses(struct fixture *fixture, uint64_t at, bool absolute)
{
	uint64_t base = MADE_TEXT;

	for (unsigned int i = 0; i < SEARCHED_COUNT; i++, at += absolute ? 8 : 4)
		fixture_poke_number(fixture, at, (absolute ? base : 0) + 0x40 * i,
				    absolute ? 8 : 4);
	return absolute ? at : put(fixture, (at + 7) & ~(uint64_t)7, &base, sizeof(base));
}

/* 300 symbols, in the order of the kernel's own tables: _stext, f001, f002 … */
static void put_tables(struct fixture *fixture, bool behind, bool absolute)
{
	uint32_t count = SEARCHED_COUNT, markers[2] = {0};
	uint64_t at = SEARCHED, names;
	char tokens[2 * 256];
	uint16_t index[256];

	if (!behind)
		at = put_addresses(fixture, at, absolute);
	at = names = put(fixture, at, &count, sizeof(count));
	for (unsigned int i = 0; i < count; i++) {
		char name[16];

		snprintf(name, sizeof(name), "%cTf%03u", NAME_TOKENS + 1, i);
		if (!i)
			strcpy(name, "\7T_stext");
		if (i == 256)
			markers[1] = (uint32_t)(at - names);
		fixture_poke(fixture, at, name, strlen(name));
		at += strlen(name);
	}
	at = put(fixture, (at + 7) & ~(uint64_t)7, markers, sizeof(markers));
	for (unsigned int i = 0; i < 256; i++) {
		index[i] = (uint16_t)(2 * i);
		tokens[2 * i] = i ? (char)i : '?';
		tokens[2 * i + 1] = 0;
	}
	at = put(fixture, at, tokens, sizeof(tokens));
	at = put(fixture, at, index, sizeof(index));
	if (behind)
		put_addresses(fixture, at, absolute);
}

/* VMCOREINFO does not say where the tables are: they are found by what they look like, in each of their orders. */
static void test_symbols_that_are_searched_for(void **state)
{
	struct kd_kallsyms *symbols = malloc(sizeof(*symbols));

	for (int order = 0; order < 4; order++) {
		const struct made_symbol symbol = {"T_\1ext", 0, false};
		struct kd_err err = {KD_OK, ""};
		struct kd_kernel *kernel;
		struct fixture fixture;
		struct kd_dump *dump;
		struct blob blob;
		uint64_t vaddr;

		make_base(&blob);
		made_kernel_init(&fixture, &symbol, 1, MADE_UNTOLD, &blob);
		put_tables(&fixture, order & 1, order & 2);
		fixture_build(&fixture);
		assert_int_equal(kd_dump_open(fixture.path, NULL, &dump, NULL), KD_OK);
		assert_int_equal(kd_kernel_open(dump, &kernel, NULL), KD_OK);
		if (kd_kallsyms_init(symbols, kernel, &err))
			fail_msg("%d: %s", order, err.text);
		assert_int_equal(symbols->count, SEARCHED_COUNT);
		assert_int_equal(symbols->has_addresses, order >> 1);
		assert_int_equal(kd_kallsyms_find(symbols, "f299", &vaddr, &err), KD_OK);
		assert_int_equal(vaddr, MADE_TEXT + 0x40 * 299);
		kd_kernel_close(kernel);
		kd_dump_close(dump);
		fixture_deinit(&fixture);
	}
	free(symbols);
}

/* Tables of garbage: an error each time. */
static void test_damaged_symbols(void **state)
{
	struct kd_kallsyms *symbols = malloc(sizeof(*symbols));
	static const struct {
		uint64_t paddr, value;
		unsigned int bytes;
	} damages[] = {
		{MADE_COUNT, 0, 4},
		{MADE_COUNT, UINT32_MAX, 4},
		{MADE_COUNT, 0xffffff, 4}, /* more than there are names */
		{MADE_INDEX + 100, 0xffff, 2},
		{MADE_NAMES, 0, 1},
		{MADE_BASE, 0, 8},
		{MADE_OFFSETS + 4, 0x41, 4},
	};

	for (size_t i = 0; i < sizeof(damages) / sizeof(*damages); i++) {
		struct kd_err err = {KD_OK, ""};
		struct kd_kernel *kernel;
		struct fixture fixture;
		struct kd_dump *dump;
		uint64_t vaddr;
		enum kd_status status;

		make_kernel(&fixture, MADE_RELATIVE, &dump, &kernel);
		kd_kernel_close(kernel);
		kd_dump_close(dump);
		for (size_t segment = 0, offset = 0; segment < fixture.segment_count; segment++) {
			offset = fixture.file_bytes;
			for (size_t after = segment; after < fixture.segment_count; after++)
				offset -= fixture.segments[after].file_bytes;
			if (fixture.segments[segment].paddr == MADE_RAM)
				fixture_patch(&fixture, offset + damages[i].paddr - MADE_RAM,
					      &damages[i].value, damages[i].bytes);
		}
		assert_int_equal(kd_dump_open(fixture.path, NULL, &dump, NULL), KD_OK);
		assert_int_equal(kd_kernel_open(dump, &kernel, NULL), KD_OK);
		status = kd_kallsyms_init(symbols, kernel, &err);
		if (!status)
			status = kd_kallsyms_find(symbols, "nothing", &vaddr, &err);
		assert_int_not_equal(status, KD_OK);
		assert_true(*err.text);
		kd_kernel_close(kernel);
		kd_dump_close(dump);
		fixture_deinit(&fixture);
	}
	free(symbols);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_types),
		cmocka_unit_test(test_split),
		cmocka_unit_test(test_damaged_types),
		cmocka_unit_test(test_symbols),
		cmocka_unit_test(test_damaged_symbols),
		cmocka_unit_test(test_symbols_that_are_searched_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
