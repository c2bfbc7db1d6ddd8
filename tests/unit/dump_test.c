/* SPDX-License-Identifier: GPL-2.0-or-later */
/* src/dump and src/memory on made-up ELF cores, whole, cut and damaged. */
#include "test.h"

#include <string.h>
#include <unistd.h>

#include "dump_fixture.h"
#include "memory/space.h"

static void reads_by_kind_of_address(void **state)
{
	struct fixture fixture;
	struct kd_dump *dump;
	struct kd_err err;
	char text[16] = "";

	fixture_init(&fixture, 0);
	fixture_memory(&fixture, 0x1000, 0x3000, 0x2000);
	fixture_memory(&fixture, 0x8000, 0x1000, 0x1000);
	fixture_poke(&fixture, 0x1ffc, "crosses", 8);
	fixture_cpu(&fixture, 1, 2, 3);
	fixture_build(&fixture);
	assert_int_equal(kd_dump_open(fixture.path, &(struct kd_dump_options){4096}, &dump, &err),
			 KD_OK);
	assert_int_equal(kd_dump_missing_bytes(dump), 0);
	assert_int_equal(kd_dump_read(dump, 0x1ffc, text, 8, &err), KD_OK);
	assert_string_equal(text, "crosses");
	assert_int_equal(kd_dump_read(dump, 0x0, text, 8, &err), KD_HOLE);
	assert_int_equal(kd_dump_read(dump, 0x3000, text, 8, &err), KD_EXCLUDED);
	assert_int_equal(kd_dump_read(dump, 0x2ffc, text, 8, &err), KD_EXCLUDED);
	assert_int_equal(kd_dump_read(dump, 0x4000, text, 8, &err), KD_HOLE);
	assert_int_equal(kd_dump_read(dump, 0x8ffc, text, 8, &err), KD_HOLE);
	assert_int_equal(kd_dump_read(dump, 0x8ff8, text, 8, &err), KD_OK);
	assert_int_equal(kd_dump_read(dump, UINT64_MAX, text, 8, &err), KD_HOLE);
	kd_dump_close(dump);
	fixture_deinit(&fixture);
}

/* Large reads go another way than small ones: the same bytes, and the same words where something is missing. */
static void large_reads_are_as_small_ones(void **state)
{
	static const enum kd_access ways[] = {KD_ACCESS_READ, KD_ACCESS_MAP};
	enum { RAM = 0x100000, FIRST = 0x9000, SECOND = 0x17000, SAVED = 0x12000 };
	static uint8_t all[FIRST + SECOND], large[FIRST + SECOND];
	struct fixture fixture;

	fixture_init(&fixture, 0);
	fixture_memory(&fixture, RAM, FIRST, FIRST);
	fixture_memory(&fixture, RAM + FIRST, SECOND, SAVED);
	for (uint32_t at = 0; at < FIRST + SAVED; at += sizeof(at))
		memcpy(all + at, &at, sizeof(at));
	fixture_poke(&fixture, RAM, all, FIRST);
	fixture_poke(&fixture, RAM + FIRST, all + FIRST, SAVED);
	fixture_build(&fixture);
	for (int i = 0; i < 2; i++) {
		const struct kd_dump_options options = {.access = ways[i]};
		struct kd_dump *dump;

		assert_int_equal(kd_dump_open(fixture.path, &options, &dump, NULL), KD_OK);
		for (uint32_t at = 0; at < FIRST + SAVED; at += 16) {
			assert_int_equal(kd_dump_read(dump, RAM + at, large, 16, NULL), KD_OK);
			assert_memory_equal(large, all + at, 16);
		}
		for (uint32_t from = 0; from < 0x3000; from += 0x7fc) {
			size_t bytes = FIRST + SAVED - from;

			assert_int_equal(kd_dump_read(dump, RAM + from, large, bytes, NULL), KD_OK);
			assert_memory_equal(large, all + from, bytes);
			assert_int_equal(kd_dump_read(dump, RAM + from, large, bytes + 1, NULL),
					 KD_EXCLUDED);
		}
		assert_int_equal(kd_dump_read(dump, RAM - 1, large, FIRST, NULL), KD_HOLE);
		kd_dump_close(dump);
	}
	fixture_deinit(&fixture);
}

/* The kernel text in its own segment and in the direct map: described once, by what comes first. */
static void repeated_memory_counts_once(void **state)
{
	struct fixture fixture;
	struct kd_dump *dump;
	const struct kd_segment *segments;
	size_t count;

	fixture_init(&fixture, 0);
	fixture_memory(&fixture, 0x4000, 0x2000, 0x2000); /* inside the next */
	fixture_memory(&fixture, 0x1000, 0x8000, 0x8000);
	fixture_memory(&fixture, 0x8000, 0x4000, 0x4000); /* reaches over its end */
	fixture_build(&fixture);
	assert_int_equal(kd_dump_open(fixture.path, NULL, &dump, NULL), KD_OK);
	segments = kd_dump_segments(dump, &count);
	assert_int_equal(count, 2);
	assert_int_equal(segments[0].paddr, 0x1000);
	assert_int_equal(segments[0].memory_bytes, 0x8000);
	assert_int_equal(segments[1].paddr, 0x9000);
	assert_int_equal(segments[1].memory_bytes, 0x3000);
	assert_int_equal(segments[1].file_bytes, 0x3000);
	kd_dump_close(dump);
	fixture_deinit(&fixture);
}

/* Cut anywhere: refused, or its missing pages counted; never taken for whole. */
static void no_cut_goes_unnoticed(void **state)
{
	struct fixture fixture;
	uint8_t byte;

	fixture_init(&fixture, 0);
	fixture_memory(&fixture, 0x1000, 0x1000, 0x1000);
	fixture_cpu(&fixture, 1, 2, 3);
	fixture_build(&fixture);
	for (size_t size = fixture.file_bytes; size-- > 0;) {
		struct kd_dump *dump;
		struct kd_err err = {0};

		assert_int_equal(ftruncate(fixture.fd, (off_t)size), 0);
		if (kd_dump_open(fixture.path, NULL, &dump, &err)) {
			assert_true(strlen(err.text) > strlen(fixture.path));
			continue;
		}
		assert_int_equal(kd_dump_missing_bytes(dump), fixture.file_bytes - size);
		assert_int_equal(kd_dump_read(dump, 0x1fff, &byte, 1, NULL), KD_TRUNCATED);
		kd_dump_close(dump);
	}
	fixture_deinit(&fixture);
}

/* Every byte of the headers changed in turn: whatever comes of it, no read leaves the file. */
static void no_damaged_header_harms(void **state)
{
	static const uint8_t flips[] = {0x01, 0x80, 0xff};
	struct fixture fixture;
	size_t refused = 0;

	fixture_init(&fixture, 0);
	fixture_memory(&fixture, 0x1000, 0x1000, 0x1000);
	fixture_memory(&fixture, 0x4000, 0x1000, 0x800);
	fixture_cpu(&fixture, 1, 2, 3);
	fixture_build(&fixture);
	for (size_t at = 0; at < fixture.file_bytes - 0x1800; at++)
		for (size_t i = 0; i < sizeof(flips); i++) {
			uint8_t good = fixture_peek(&fixture, at), bad = good ^ flips[i];
			struct kd_dump *dump;
			uint8_t byte[64];
			size_t count;

			fixture_patch(&fixture, at, &bad, 1);
			if (kd_dump_open(fixture.path, NULL, &dump, NULL)) {
				refused++;
			} else {
				const struct kd_segment *segment = kd_dump_segments(dump, &count);

				for (; count--; segment++)
					kd_dump_read(dump, segment->paddr, byte, sizeof(byte),
						     NULL);
				kd_dump_close(dump);
			}
			fixture_patch(&fixture, at, &good, 1);
		}
	assert_true(refused > 100);
	fixture_deinit(&fixture);
}

static void refuses_what_is_no_dump(void **state)
{
	struct kd_dump *dump = NULL;
	struct kd_err err;

	assert_int_equal(kd_dump_open("/nonexistent/vmcore", NULL, &dump, &err), KD_NOTFOUND);
	assert_int_equal(kd_dump_open("/", NULL, &dump, &err), KD_UNSUPPORTED);
	assert_int_equal(kd_dump_open("/dev/zero", NULL, &dump, &err), KD_UNSUPPORTED);
	assert_int_equal(kd_dump_open("/proc/self/exe", NULL, &dump, &err), KD_UNSUPPORTED);
	assert_null(dump);
}

static void walks_page_tables(void **state)
{
	static const unsigned int levels[] = {4, 5};

	for (size_t i = 0; i < 2; i++) {
		struct kd_tables tables = {.root_paddr = FIXTURE_TABLES, .levels = levels[i]};
		uint64_t base = UINT64_C(0xffff888000000000), paddr, bytes;
		struct kd_space space;
		struct fixture fixture;
		struct kd_dump *dump;
		char text[16] = "";

		fixture_init(&fixture, levels[i]);
		fixture_memory(&fixture, 0x40000, 0x3000, 0x3000);
		fixture_poke(&fixture, 0x40ffc, "old ", 4);
		fixture_poke(&fixture, 0x42000, "mem", 4);
		fixture_map(&fixture, base + 0x1000, 0x40000, 12);
		fixture_map(&fixture, base + 0x2000, 0x42000, 12); /* not where the next page is */
		fixture_map(&fixture, base + 0x200000, 0x200000, 21);
		fixture_map(&fixture, base + 0x40000000, 0x40000000, 30);
		fixture_build(&fixture);
		assert_int_equal(kd_dump_open(fixture.path, NULL, &dump, NULL), KD_OK);
		kd_space_init(&space, kd_dump_reader(dump), &tables);
		assert_int_equal(kd_space_read(&space, base + 0x1ffc, text, 8, NULL), KD_OK);
		assert_string_equal(text, "old mem");
		assert_int_equal(kd_space_translate(&space, base + 0x234567, &paddr, &bytes, NULL),
				 KD_OK);
		assert_int_equal(paddr, 0x234567);
		assert_int_equal(bytes, 0x400000 - 0x234567);
		assert_int_equal(
			kd_space_translate(&space, base + 0x41234567, &paddr, &bytes, NULL), KD_OK);
		assert_int_equal(paddr, 0x41234567);
		assert_int_equal(kd_space_read(&space, base + 0x3000, text, 1, NULL), KD_FAULT);
		assert_int_equal(kd_space_read(&space, base + 0x200000, text, 1, NULL), KD_HOLE);
		assert_int_equal(kd_space_read(&space, UINT64_C(1) << 62, text, 1, NULL), KD_FAULT);
		kd_dump_close(dump);
		fixture_deinit(&fixture);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_by_kind_of_address),
		cmocka_unit_test(large_reads_are_as_small_ones),
		cmocka_unit_test(repeated_memory_counts_once),
		cmocka_unit_test(no_cut_goes_unnoticed),
		cmocka_unit_test(no_damaged_header_harms),
		cmocka_unit_test(refuses_what_is_no_dump),
		cmocka_unit_test(walks_page_tables),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
