/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * src/save, and the readers of what it writes: every page comes back in every format, the output is
 * the same for any number of workers, and whatever ends the work leaves a dump that says so.
 */
#include "test.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "arch/arch.h"
#include "base/bytes.h"
#include "codec/codec.h"
#include "dump/dump.h"
#include "host/file.h"
#include "save_fixture.h"
#include "save/zero.h"
#include "wide_fixture.h"

/* What is beside the pages: notes, VMCOREINFO, what the machine had. */
static void assert_same_facts(struct kd_dump *source, struct kd_dump *saved)
{
	size_t source_bytes, saved_bytes;
	const char *a = kd_dump_vmcoreinfo(source, &source_bytes);
	const char *b = kd_dump_vmcoreinfo(saved, &saved_bytes);

	assert_int_equal(source_bytes, saved_bytes);
	assert_memory_equal(a, b, source_bytes);
	kd_dump_notes(source, &source_bytes);
	kd_dump_notes(saved, &saved_bytes);
	assert_int_equal(source_bytes, saved_bytes);
	assert_int_equal(kd_dump_missing_bytes(saved), 0);
	assert_false(kd_dump_facts(saved)->incomplete);
}

static void test_every_format_and_codec(void **state)
{
	struct world *world = *state;
	unsigned int all = compare(world->dump, world->dump, false);

	assert_true(all > RAM_BYTES / 1024);
	for (int form = 0; form < 3; form++)
		for (const struct kd_codec *const *codec = kd_codecs; *codec; codec++)
			for (unsigned int workers = 1; workers <= 5; workers += 2) {
				bool elf = form == 1, flat = form == 2;
				struct kd_save_options options = options_for(
					elf ? KD_SAVE_ELF : KD_SAVE_KDUMP, *codec, workers);
				const char *path = workers == 1 ? world->path : world->other;
				struct kd_save_result result;
				struct kd_dump *saved;

				assert_int_equal(save_to(world->dump, world->kernel, path, 0, flat,
							 &options, &result, NULL),
						 KD_OK);
				assert_true(result.complete);
				assert_int_equal(result.saved_pages, result.kept_pages);
				assert_true(result.zero_pages > RAM_BYTES / PAGE / 5);
				if (workers > 1) {
					assert_same_bytes(world->path, world->other);
					continue;
				}
				assert_int_equal(kd_dump_open(path, NULL, &saved, NULL), KD_OK);
				assert_string_equal(kd_dump_format(saved), elf ? "elf" : "kdump");
				assert_int_equal(kd_dump_facts(saved)->flattened, flat);
				assert_int_equal(compare(world->dump, saved, false), all);
				assert_same_facts(world->dump, saved);
				kd_dump_close(saved);
			}
}

/* From format to format and back: nothing is lost on the way. */
static void test_conversions(void **state)
{
	struct world *world = *state;
	struct kd_save_options options = options_for(KD_SAVE_KDUMP, &kd_codec_zlib, 2);
	unsigned int all = compare(world->dump, world->dump, false);
	struct kd_save_result result;
	struct kd_dump *first, *second;
	struct kd_kernel *kernel;

	assert_int_equal(
		save_to(world->dump, world->kernel, world->path, 0, true, &options, &result, NULL),
		KD_OK);
	assert_int_equal(kd_dump_open(world->path, NULL, &first, NULL), KD_OK);
	assert_int_equal(kd_kernel_open(first, &kernel, NULL), KD_OK);
	options.format = KD_SAVE_ELF;
	assert_int_equal(save_to(first, kernel, world->other, 0, false, &options, &result, NULL),
			 KD_OK);
	assert_int_equal(kd_dump_open(world->other, NULL, &second, NULL), KD_OK);
	assert_int_equal(compare(world->dump, second, false), all);
	assert_same_facts(world->dump, second);
	kd_kernel_close(kernel);
	kd_dump_close(first);
	kd_dump_close(second);
}

/* What is to be erased is, to the byte, in every format; and the record of it outlives further saving. */
static void test_erases(void **state)
{
	struct kd_erasure ranges[] = {
		{RAM + 100, 28}, {RAM + 2 * PAGE - 1, 2}, {RAM + 5 * PAGE, 2 * PAGE}};
	char text[] = "erase one size 28\nerase two size 8194\n";
	const struct kd_erasures erasures = {ranges, 3, 3, text, sizeof(text) - 1};
	static const enum kd_save_format formats[] = {KD_SAVE_KDUMP, KD_SAVE_ELF};
	struct world *world = *state;

	for (int i = 0; i < 4; i++) {
		struct kd_save_options options = options_for(
			formats[i / 2], i / 2 ? &kd_codec_none : &kd_codec_zstd, i % 2 ? 3 : 1);
		struct kd_save_result result;
		struct kd_dump *saved, *again;
		unsigned int erased = 0;

		options.erasures = &erasures;
		assert_int_equal(save_to(world->dump, world->kernel, world->path, 0, false,
					 &options, &result, NULL),
				 KD_OK);
		assert_int_equal(kd_dump_open(world->path, NULL, &saved, NULL), KD_OK);
		for (uint64_t at = RAM; at < RAM + RAM_BYTES; at += PAGE) {
			uint8_t source[PAGE], page[PAGE];

			assert_int_equal(kd_dump_read(world->dump, at, source, PAGE, NULL), KD_OK);
			assert_int_equal(kd_dump_read(saved, at, page, PAGE, NULL), KD_OK);
			for (unsigned int byte = 0; byte < PAGE; byte++) {
				bool in = false;

				for (int range = 0; range < 3; range++)
					in |= at + byte >= ranges[range].paddr &&
					      at + byte - ranges[range].paddr < ranges[range].bytes;
				assert_int_equal(page[byte], in ? KD_ERASED_BYTE : source[byte]);
				erased += in;
			}
		}
		assert_int_equal(erased, 28 + 2 + 2 * PAGE);
		for (int other = 0; other < 2; other++) {
			options.format = formats[other];
			options.codec = other ? &kd_codec_none : &kd_codec_zlib;
			options.codec_level = options.codec->default_level;
			options.erasures = NULL;
			assert_int_equal(save_to(saved, NULL, world->other, 0, false, &options,
						 &result, NULL),
					 KD_OK);
			assert_int_equal(kd_dump_open(world->other, NULL, &again, NULL), KD_OK);
			assert_int_equal(kd_dump_facts(again)->erased_bytes, strlen(text));
			assert_memory_equal(kd_dump_facts(again)->erased, text, strlen(text));
			kd_dump_close(again);
		}
		kd_dump_close(saved);
	}
}

/* A filtered ELF core, saved as one again, is the same: its mappings come in many pieces. */
static void test_elf_of_elf(void **state)
{
	struct world *world = *state;
	struct kd_save_options options = options_for(KD_SAVE_ELF, &kd_codec_none, 1);
	struct kd_save_result result;
	struct kd_kernel *kernel;
	struct kd_dump *dump;
	struct fixture fixture;

	fixture_init(&fixture, 4);
	fixture_info(&fixture, "OSRELEASE=6.1.0-test");
	for (unsigned int i = 0; i < 12; i++) {
		fixture_memory(&fixture, RAM + i * 4 * PAGE, 2 * PAGE, 2 * PAGE);
		fixture_memory(&fixture, RAM + i * 4 * PAGE, 2 * PAGE, 2 * PAGE);
		fixture.segments[fixture.segment_count - 1].vaddr = FIXTURE_TEXT + i * 4 * PAGE;
		fill_page(&fixture, RAM + i * 4 * PAGE, i);
	}
	fixture_build(&fixture);
	assert_int_equal(kd_dump_open(fixture.path, NULL, &dump, NULL), KD_OK);
	assert_int_equal(kd_kernel_open(dump, &kernel, NULL), KD_OK);
	assert_int_equal(save_to(dump, kernel, world->path, 0, false, &options, &result, NULL),
			 KD_OK);
	kd_kernel_close(kernel);
	kd_dump_close(dump);
	assert_int_equal(kd_dump_open(world->path, NULL, &dump, NULL), KD_OK);
	assert_int_equal(kd_kernel_open(dump, &kernel, NULL), KD_OK);
	assert_int_equal(save_to(dump, kernel, world->other, 0, false, &options, &result, NULL),
			 KD_OK);
	assert_same_bytes(world->path, world->other);
	kd_kernel_close(kernel);
	kd_dump_close(dump);
	fixture_deinit(&fixture);
}

/* Dumps of machines that have other pages, or whose pages VMCOREINFO alone tells. */
static void test_other_machines(void **state)
{
	static const struct {
		uint16_t machine;
		unsigned int page_bytes;
		const struct kd_arch *arch;
	} machines[] = {
		{EM_386, 4096, &kd_arch_i386},
		{EM_AARCH64, 4096, &kd_arch_arm64_4k},
		{EM_AARCH64, 16384, &kd_arch_arm64_16k},
		{EM_AARCH64, 65536, &kd_arch_arm64_64k},
	};
	struct world *world = *state;

	for (size_t i = 0; i < 2 * sizeof(machines) / sizeof(*machines); i++) {
		struct kd_save_options options =
			options_for(i & 1 ? KD_SAVE_ELF : KD_SAVE_KDUMP, kd_codecs[0], 2);
		struct kd_dump *dump, *saved;
		struct kd_save_result result;
		struct kd_kernel *kernel;
		struct fixture fixture;
		struct kd_err err;

		fixture_init(&fixture, 0);
		fixture.machine = machines[i / 2].machine;
		fixture_info(&fixture, "OSRELEASE=6.1.0-test");
		fixture_info(&fixture, "PAGESIZE=%u", machines[i / 2].page_bytes);
		fixture_memory(&fixture, RAM, RAM_BYTES, RAM_BYTES);
		for (unsigned int page = 0; page < RAM_BYTES / PAGE; page++)
			fill_page(&fixture, RAM + page * PAGE, page);
		fixture_build(&fixture);
		assert_int_equal(kd_dump_open(fixture.path, NULL, &dump, NULL), KD_OK);
		assert_int_equal(kd_kernel_open(dump, &kernel, NULL), KD_OK);
		assert_ptr_equal(kd_dump_arch(dump), machines[i / 2].arch);
		assert_int_equal(
			save_to(dump, kernel, world->path, 0, false, &options, &result, &err),
			KD_OK);
		assert_int_equal(kd_dump_open(world->path, NULL, &saved, &err), KD_OK);
		assert_ptr_equal(kd_dump_arch(saved), machines[i / 2].arch);
		assert_int_equal(kd_dump_facts(saved)->ram_pages,
				 RAM_BYTES / machines[i / 2].page_bytes);
		assert_int_equal(compare(dump, saved, false), RAM_BYTES / 1024);
		assert_same_facts(dump, saved);
		kd_dump_close(saved);
		kd_kernel_close(kernel);
		kd_dump_close(dump);
		fixture_deinit(&fixture);
	}
}

/* Through a pipe: the same bytes as in a file. */
static void test_streams(void **state)
{
	struct world *world = *state;

	for (int flattened = 0; flattened < 2; flattened++) {
		struct kd_save_options options =
			options_for(flattened ? KD_SAVE_KDUMP : KD_SAVE_ELF, &kd_codec_zstd, 2);
		char command[160];
		struct kd_save_result result;
		struct kd_sink sink;
		FILE *pipe;

		assert_int_equal(save_to(world->dump, world->kernel, world->path, 0, flattened,
					 &options, &result, NULL),
				 KD_OK);
		snprintf(command, sizeof(command), "cat >%s", world->other);
		pipe = popen(command, "w");
		assert_non_null(pipe);
		assert_int_equal(kd_sink_open_stream(&sink, fileno(pipe), flattened, NULL), KD_OK);
		assert_int_equal(
			kd_save(world->dump, world->kernel, &sink, &options, &result, NULL), KD_OK);
		kd_sink_close(&sink);
		assert_int_equal(pclose(pipe), 0);
		assert_same_bytes(world->path, world->other);
	}
}

/* More runs of pages than an ELF header counts, and the header that counts them instead. */
static void test_many_segments(void **state)
{
	struct world *world = *state;
	struct kd_save_options options = options_for(KD_SAVE_ELF, NULL, 2);
	struct kd_save_result result;
	struct kd_dump *wide, *saved;
	uint64_t word;
	size_t count;

	wide_core_write(world->other, 70000, PAGE, 2 * PAGE);
	assert_int_equal(kd_dump_open(world->other, NULL, &wide, NULL), KD_OK);
	assert_int_equal(save_to(wide, NULL, world->path, 0, false, &options, &result, NULL),
			 KD_OK);
	assert_int_equal(result.saved_pages, 70000);
	assert_int_equal(kd_dump_open(world->path, NULL, &saved, NULL), KD_OK);
	kd_dump_segments(saved, &count);
	assert_int_equal(count, 70000);
	assert_int_equal(kd_dump_read(saved, UINT64_C(69999) * 2 * PAGE + 8, &word, 8, NULL),
			 KD_OK);
	assert_int_equal(word, UINT64_C(0x9e3779b97f4a7c15));
	assert_int_equal(kd_dump_read(saved, UINT64_C(69999) * 2 * PAGE - 8, &word, 8, NULL),
			 KD_HOLE);
	kd_dump_close(saved);
	kd_dump_close(wide);
}

/* What a save should find in a machine of 64 ranges, and does; and what should be in the dump, and is. */
static void assert_wide_machine(struct world *world, const struct kd_save_result *result,
				uint64_t stride)
{
	uint64_t pages[KD_PAGE_KINDS] = {0};
	struct kd_dump *saved;
	uint8_t byte;

	for (unsigned int range = 0; range < 64; range++)
		for (unsigned int i = 0; i < WIDE_LEAST_BYTES / PAGE; i++)
			pages[wide_machine_kind(range * stride / PAGE + i)]++;
	assert_true(result->classified && result->complete);
	for (int kind = 0; kind < KD_PAGE_KINDS; kind++)
		assert_int_equal(result->pages[kind], pages[kind]);
	assert_int_equal(result->saved_pages, pages[KD_PAGE_KERNEL]);
	assert_int_equal(kd_dump_open(world->path, NULL, &saved, NULL), KD_OK);
	assert_int_equal(kd_dump_facts(saved)->saved_pages, pages[KD_PAGE_KERNEL]);
	assert_int_equal(kd_dump_read(saved, 63 * stride + WIDE_LEAST_BYTES - 1, &byte, 1, NULL),
			 KD_EXCLUDED);
	kd_dump_close(saved);
}

/*
 * The most memory, in KiB, that it took to judge and save a machine of 64 ranges whose kernel tells what their pages are,
 * the struct pages spread as far as the ranges.
 */
static long peak_of_save(struct world *world, uint64_t stride, unsigned int workers)
{
	struct rusage usage;
	pid_t child;
	int ended;

	wide_machine_write(world->other, 64, WIDE_LEAST_BYTES, stride);
	child = fork();
	if (!child) {
		struct kd_save_options options =
			options_for(KD_SAVE_KDUMP, &kd_codec_zstd, workers);
		struct kd_save_result result;
		struct kd_kernel *kernel;
		struct kd_dump *wide;

		options.exclude[0] = kd_level_kinds(31);
		assert_int_equal(kd_dump_open(world->other, NULL, &wide, NULL), KD_OK);
		assert_int_equal(kd_kernel_open(wide, &kernel, NULL), KD_OK);
		assert_int_equal(
			save_to(wide, kernel, world->path, 0, false, &options, &result, NULL),
			KD_OK);
		assert_wide_machine(world, &result, stride);
		kd_kernel_close(kernel);
		kd_dump_close(wide);
		_exit(0);
	}
	assert_int_equal(wait4(child, &ended, 0, &usage), child);
	assert_true(WIFEXITED(ended) && !WEXITSTATUS(ended));
	return usage.ru_maxrss;
}

/* A machine of 1 GiB, and one spread over 64 TiB: no more memory, and no more of the disk but bitmaps. */
static void test_memory_does_not_grow(void **state)
{
	struct world *world = *state;
	struct stat st;

	for (unsigned int workers = 1; workers <= 2; workers++) {
		const struct kd_save_options options =
			options_for(KD_SAVE_KDUMP, &kd_codec_zstd, workers);
		long small = peak_of_save(world, WIDE_LEAST_BYTES, workers);
		long large = peak_of_save(world, UINT64_C(1) << 40, workers);

		if (large >= small + TEST_SLACK_KIB)
			fail_msg("%ld KiB for 1 GiB, %ld KiB for 64 TiB", small, large);
		assert_true(kd_save_memory(&options, workers, PAGE) < 8 << 20);
	}
	assert_int_equal(stat(world->path, &st), 0);
	/* two bitmaps of 2 GiB, holes but for some blocks in each for each range */
	assert_true((uint64_t)st.st_size > (UINT64_C(4) << 30) - (UINT64_C(64) << 20));
	assert_true(st.st_blocks * 512 < 80 << 20);
}

/* Sizes that are told beforehand beside those of the file: of few windows, all of them, and of many a part. */
static void test_expected_sizes(void **state)
{
	struct world *world = *state;
	const struct kd_codec *const codecs[] = {&kd_codec_zstd, &kd_codec_lzo, &kd_codec_none};
	struct kd_save_result saved, expected, again;
	struct kd_dump *wide;

	wide_core_write(world->other, 1000, 1 << 20, 1 << 20);
	assert_int_equal(kd_dump_open(world->other, NULL, &wide, NULL), KD_OK);
	for (unsigned int i = 0; i < 8; i++) {
		struct kd_dump *dump = i < 4 ? world->dump : wide;
		struct kd_save_options options =
			options_for(i % 4 == 3 ? KD_SAVE_ELF : KD_SAVE_KDUMP,
				    i % 4 == 3 ? NULL : codecs[i % 4], 2);

		options.sample = true;
		assert_int_equal(kd_save_estimate(dump, NULL, &options, &expected, NULL), KD_OK);
		assert_int_equal(kd_save_estimate(dump, NULL, &options, &again, NULL), KD_OK);
		assert_int_equal(save_to(dump, NULL, world->path, 0, false, &options, &saved, NULL),
				 KD_OK);
		assert_int_equal(expected.file_bytes, again.file_bytes);
		assert_int_equal(expected.kept_pages, saved.kept_pages);
		assert_in_range(expected.file_bytes, saved.file_bytes * 9 / 10,
				saved.file_bytes * 11 / 10);
		assert_int_equal(expected.zero_pages, saved.zero_pages);
		options.sample = false;
		assert_int_equal(kd_save_estimate(dump, NULL, &options, &expected, NULL), KD_OK);
		assert_int_equal(expected.file_bytes, 0);
	}
	kd_dump_close(wide);
}

/*
 * Windows of pages that are alike, but for one among them that differs where no key looks: of such a run all pages but its
 * first two share data, and none is taken for another.
 */
static void test_repeated_pages(void **state)
{
	enum { WINDOW = 256, WINDOWS = 5, ODD = 100, UNLOOKED = 8 };
	static const struct kd_codec *const codecs[] = {&kd_codec_zstd, &kd_codec_none};
	struct world *world = *state;
	uint64_t base = kd_round_up(RAM + RAM_BYTES, WINDOW * PAGE);
	uint8_t odd = 0;
	struct fixture fixture;
	struct kd_dump *dump;

	fixture_init(&fixture, 0);
	fixture_memory(&fixture, base, WINDOWS * WINDOW * PAGE, WINDOWS * WINDOW * PAGE);
	for (uint64_t i = 0; i < WINDOWS * WINDOW; i++) {
		fill_page(&fixture, base + i * PAGE, 4); /* noise: it gets no smaller */
		if (i % WINDOW == ODD)
			fixture_poke(&fixture, base + i * PAGE + UNLOOKED, &odd, 1);
	}
	fixture_build(&fixture);
	assert_int_equal(kd_dump_open(fixture.path, NULL, &dump, NULL), KD_OK);
	for (unsigned int i = 0; i < 2; i++)
		for (unsigned int workers = 1; workers <= 3; workers++) {
			struct kd_save_options options =
				options_for(KD_SAVE_KDUMP, codecs[i], workers);
			const char *path = workers == 1 ? world->path : world->other;
			struct kd_save_result result;
			struct kd_dump *saved;
			uint8_t a[PAGE], b[PAGE];

			assert_int_equal(
				save_to(dump, NULL, path, 0, false, &options, &result, NULL),
				KD_OK);
			/* what is not compressed is read to where it goes */
			assert_int_equal(result.repeated_pages,
					 codecs[i] == &kd_codec_none
						 ? 0
						 : WINDOWS * (ODD - 2 + WINDOW - ODD - 2));
			assert_int_equal(result.data_bytes,
					 (result.saved_pages - result.repeated_pages) * PAGE);
			assert_int_equal(result.saved_pages, WINDOWS * WINDOW);
			assert_int_equal(kd_dump_open(path, NULL, &saved, NULL), KD_OK);
			for (uint64_t at = base; at < base + WINDOWS * WINDOW * PAGE; at += PAGE) {
				assert_int_equal(kd_dump_read(dump, at, a, PAGE, NULL), KD_OK);
				assert_int_equal(kd_dump_read(saved, at, b, PAGE, NULL), KD_OK);
				assert_memory_equal(a, b, PAGE);
			}
			kd_dump_close(saved);
			if (workers > 1)
				assert_same_bytes(world->path, world->other);
		}
	kd_dump_close(dump);
	fixture_deinit(&fixture);
}

static void test_zero_test(void **state)
{
	uint8_t page[PAGE] __attribute__((aligned(64))) = {0};

	assert_true(kd_is_zero(page, sizeof(page)));
	for (unsigned int i = 0; i < PAGE; i++) {
		page[i] = 0x80;
		assert_false(kd_is_zero(page, sizeof(page)));
		page[i] = 0;
	}
}

/* VMCOREINFO that was found in memory becomes a part of the dump, beside the notes that QEMU wrote. */
static void test_vmcoreinfo_of_memory(void **state)
{
	static const char text[] = "OSRELEASE=6.1.0-found\nPAGESIZE=4096\n";
	static const enum kd_save_format formats[] = {KD_SAVE_KDUMP, KD_SAVE_ELF};
	struct world *world = *state;
	struct fixture fixture;
	struct kd_kernel *kernel;
	struct kd_dump *dump;

	fixture_init(&fixture, 0);
	fixture_memory(&fixture, RAM, 4 * PAGE, 4 * PAGE);
	fixture_poke(&fixture, RAM + PAGE, text, sizeof(text));
	fixture_cpu(&fixture, 1, 2, 3);
	fixture_note(&fixture, "QEMU", 0, "state", 5);
	fixture_build(&fixture);
	assert_int_equal(kd_dump_open(fixture.path, NULL, &dump, NULL), KD_OK);
	assert_int_equal(kd_kernel_open(dump, &kernel, NULL), KD_OK);
	for (size_t i = 0; i < 2; i++) {
		struct kd_save_options options = options_for(formats[i], &kd_codec_zstd, 1);
		struct kd_save_result result;
		struct kd_dump *saved;
		const char *info;
		size_t bytes;

		assert_int_equal(
			save_to(dump, kernel, world->path, 0, false, &options, &result, NULL),
			KD_OK);
		assert_int_equal(kd_dump_open(world->path, NULL, &saved, NULL), KD_OK);
		info = kd_dump_vmcoreinfo(saved, &bytes);
		assert_int_equal(bytes, sizeof(text) - 1);
		assert_memory_equal(info, text, bytes);
		kd_dump_notes(saved, &bytes);
		assert_int_equal(bytes, formats[i] == KD_SAVE_ELF ? 3 : 2);
		kd_dump_close(saved);
	}
	kd_kernel_close(kernel);
	kd_dump_close(dump);
	fixture_deinit(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_zero_test),
		cmocka_unit_test_setup_teardown(test_repeated_pages, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_expected_sizes, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_every_format_and_codec, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_conversions, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_erases, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_elf_of_elf, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_other_machines, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_streams, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_vmcoreinfo_of_memory, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_many_segments, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_memory_does_not_grow, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
