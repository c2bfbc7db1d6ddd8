/* SPDX-License-Identifier: GPL-2.0-or-later */
/* src/dump on what other programs wrote: old and 32-bit headers, split sets, bare memory, QEMU's cores. */
#include "test.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "arch/arch.h"
#include "dump/dump.h"
#include "dump_fixture.h"
#include "kdump_fixture.h"

/* A file in memory, and the path that opens it. */
struct file {
	int fd;
	char path[64];
	size_t bytes;
};

static void make_file(struct file *file, const void *data, size_t bytes)
{
	file->fd = memfd_create("dump", MFD_CLOEXEC);
	file->bytes = bytes;
	snprintf(file->path, sizeof(file->path), "/proc/self/fd/%d", file->fd);
	assert_int_equal(pwrite(file->fd, data, bytes, 0), bytes);
}

static void make_dump(struct file *file, const struct kdump_spec *spec)
{
	uint8_t *bytes = malloc(KDUMP_MOST_BYTES);

	make_file(file, bytes, kdump_make(spec, bytes));
	free(bytes);
}

static enum kd_status read_page(struct kd_dump *dump, uint64_t pfn, uint64_t *word,
				struct kd_err *err)
{
	return kd_dump_read(dump, pfn * KDUMP_BLOCK + 8, word, sizeof(*word), err);
}

/* Every page of a whole dump gives what it should. */
static void check_pages(struct kd_dump *dump, const struct kdump_spec *spec)
{
	uint64_t bits[1];

	for (uint64_t pfn = 0; pfn < KDUMP_PAGES + 2; pfn++) {
		bool is_ram = pfn >= KDUMP_FIRST_RAM && pfn < KDUMP_END_RAM;
		uint64_t word = 0;
		enum kd_status status = read_page(dump, pfn, &word, NULL);

		if (kdump_has_page(spec, pfn)) {
			assert_int_equal(status, KD_OK);
			assert_int_equal(word, pfn);
		} else {
			assert_int_equal(status, is_ram ? KD_EXCLUDED : KD_HOLE);
		}
	}
	assert_int_equal(kd_reader_present(kd_dump_reader(dump), 0, 64, bits, NULL), KD_OK);
	for (uint64_t pfn = 0; pfn < KDUMP_PAGES; pfn++)
		assert_int_equal(bits[0] >> pfn & 1, kdump_has_page(spec, pfn));
}

static void reads_every_header(void **state)
{
	for (int version = 1; version <= 6; version++)
		for (int narrow = 0; narrow < 2; narrow++) {
			const struct kdump_spec spec = {
				.is_32_bit = narrow,
				.version = version,
				.erased = "erased that\n",
			};
			const struct kd_dump_facts *facts;
			struct kd_dump *dump;
			struct file file;
			size_t bytes, count;

			make_dump(&file, &spec);
			assert_int_equal(kd_dump_open(file.path, NULL, &dump, NULL), KD_OK);
			facts = kd_dump_facts(dump);
			assert_string_equal(kd_dump_format(dump), "kdump");
			assert_string_equal(kd_dump_arch(dump)->name, narrow ? "i686" : "x86_64");
			assert_int_equal(facts->level, 31);
			assert_int_equal(facts->ram_pages, KDUMP_END_RAM - KDUMP_FIRST_RAM);
			assert_int_equal(facts->saved_pages, 32);
			assert_int_equal(facts->erased_bytes, version >= 5 ? 12 : 0);
			assert_int_equal(!!kd_dump_vmcoreinfo(dump, &bytes), version >= 3);
			kd_dump_notes(dump, &count);
			assert_int_equal(count, version >= 4);
			check_pages(dump, &spec);
			kd_dump_close(dump);
			close(file.fd);
		}
}

/* What tells the two layouts apart are the fields, not the machine: a 64-bit program may save an i386 dump. */
static void tells_layout_by_fields(void **state)
{
	const struct kdump_spec spec = {.machine = "i686"};
	struct kd_dump *dump;
	struct file file;

	make_dump(&file, &spec);
	assert_int_equal(kd_dump_open(file.path, NULL, &dump, NULL), KD_OK);
	assert_string_equal(kd_dump_arch(dump)->name, "i686");
	check_pages(dump, &spec);
	kd_dump_close(dump);
	close(file.fd);
}

static void reads_diskdump(void **state)
{
	for (int narrow = 0; narrow < 2; narrow++)
		for (int one = 0; one < 2; one++) {
			const struct kdump_spec spec = {
				.is_32_bit = narrow,
				.is_diskdump = true,
				.one_bitmap = one,
				.status = 8, /* compressed */
			};
			struct kd_dump *dump;
			struct file file;

			make_dump(&file, &spec);
			assert_int_equal(kd_dump_open(file.path, NULL, &dump, NULL), KD_OK);
			assert_string_equal(kd_dump_format(dump), "diskdump");
			assert_int_equal(kd_dump_facts(dump)->level, -1);
			assert_false(kd_dump_facts(dump)->incomplete);
			assert_int_equal(kd_dump_facts(dump)->codec_flags, 1);
			check_pages(dump, &spec);
			kd_dump_close(dump);
			close(file.fd);
		}
}

/* Sizes, counts and offsets that make no sense, in headers of both layouts. */
static void refuses_absurd_headers(void **state)
{
	static const struct {
		bool is_32_bit;
		size_t offset; /* from the layouts in makedumpfile's diskdump_mod.h */
		uint32_t value;
		enum kd_status status;
	} cases[] = {
		{true, 8, 7, KD_UNSUPPORTED}, /* header_version */
		{true, 8, 0, KD_UNSUPPORTED},
		{true, 420, 0, KD_CORRUPT}, /* sub_hdr_size */
		{true, 420, 0x7fffffff, KD_TRUNCATED},
		{true, 424, 0xffffffff, KD_TRUNCATED}, /* bitmap_blocks */
		{true, 424, 0, KD_CORRUPT},
		{true, 4096 + 72, 8 * 4096 + 1, KD_CORRUPT},   /* max_mapnr_64 */
		{true, 4096 + 76, 1, KD_CORRUPT},              /* its upper half */
		{true, 4096 + 28, 0xffffffff, KD_UNSUPPORTED}, /* size_vmcoreinfo */
		{true, 4096 + 40, 0xffffffff, KD_UNSUPPORTED}, /* size_note */
		{true, 4096 + 36, 0x7fffffff, KD_TRUNCATED},   /* upper half of offset_note */
		{false, 432, 0, KD_CORRUPT},
		{false, 436, 0xffffffff, KD_TRUNCATED},
		{false, 4096 + 100, 1, KD_CORRUPT},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const struct kdump_spec spec = {.is_32_bit = cases[i].is_32_bit};
		struct kd_dump *dump = NULL;
		struct kd_err err = {0};
		struct file file;

		make_dump(&file, &spec);
		pwrite(file.fd, &cases[i].value, 4, (off_t)cases[i].offset);
		if (kd_dump_open(file.path, NULL, &dump, &err) != cases[i].status)
			fail_msg("case %zu: %s", i, err.text);
		assert_true(strlen(err.text) > strlen(file.path));
		close(file.fd);
	}
}

/* Cut at any place: refused, or its lack is known. */
static void no_cut_goes_unnoticed(void **state)
{
	const struct kdump_spec spec = {.is_32_bit = true};
	struct file file;

	make_dump(&file, &spec);
	for (size_t size = file.bytes; size > 64; size -= 61) {
		struct kd_dump *dump;

		assert_int_equal(ftruncate(file.fd, (off_t)size - 1), 0);
		if (kd_dump_open(file.path, NULL, &dump, NULL))
			continue;
		assert_true(kd_dump_missing_bytes(dump) > 0);
		kd_dump_close(dump);
	}
	close(file.fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_every_header),    cmocka_unit_test(tells_layout_by_fields),
		cmocka_unit_test(reads_diskdump),        cmocka_unit_test(refuses_absurd_headers),
		cmocka_unit_test(no_cut_goes_unnoticed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
