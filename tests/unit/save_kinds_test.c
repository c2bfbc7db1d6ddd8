/* SPDX-License-Identifier: GPL-2.0-or-later */
/* src/save on a dump whose pages can be told apart: levels, orders, and sources that do not always answer. */
#include "test.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "codec/codec.h"
#include "dump/dump.h"
#include "host/file.h"
#include "kinds_fixture.h"
#include "save_fixture.h"

/* Little is held of the source, so that each sweep reads struct pages again. */
static uint64_t store_offset; /* of the struct pages, in the file */

static int set_up_kinds(void **state)
{
	struct world *world = calloc(1, sizeof(*world));
	const struct kd_dump_options how = {.window_bytes = KINDS_PAGE, .access = KD_ACCESS_READ};
	const struct kd_segment *segments;
	size_t count;

	kinds_fixture_init(&world->fixture);
	world_open(world, &how);
	segments = kd_dump_segments(world->dump, &count);
	store_offset = 0;
	for (size_t i = 0; i < count; i++)
		if (KINDS_STORE >= segments[i].paddr &&
		    KINDS_STORE - segments[i].paddr < segments[i].file_bytes)
			store_offset = segments[i].file_offset + KINDS_STORE - segments[i].paddr;
	assert_true(store_offset);
	*state = world;
	return 0;
}

/* Reads of the file within a range fail: so many of them, after so many that do not; counted by all workers. */
static struct {
	uint64_t offset, bytes;
	atomic_int after, count;
} bad;

ssize_t __real_pread64(int fd, void *buffer, size_t bytes, off_t offset);
ssize_t __wrap_pread64(int fd, void *buffer, size_t bytes, off_t offset);
ssize_t __wrap_pread64(int fd, void *buffer, size_t bytes, off_t offset)
{
	uint64_t start = (uint64_t)offset;

	if (atomic_load(&bad.count) > 0 && start < bad.offset + bad.bytes &&
	    start + bytes > bad.offset && atomic_fetch_sub(&bad.after, 1) <= 0 &&
	    atomic_fetch_sub(&bad.count, 1) > 0) {
		errno = EIO;
		return -1;
	}
	return __real_pread64(fd, buffer, bytes, offset);
}

/* What was asked of the file last, in order: its length set, and everything synced. */
static char asked[8];

static void note_asked(char what)
{
	memmove(asked, asked + 1, sizeof(asked) - 2);
	asked[sizeof(asked) - 2] = what;
}

int __real_fsync(int fd);
int __wrap_fsync(int fd);
int __wrap_fsync(int fd)
{
	note_asked('s');
	return __real_fsync(fd);
}

int __real_ftruncate64(int fd, off_t bytes);
int __wrap_ftruncate64(int fd, off_t bytes);
int __wrap_ftruncate64(int fd, off_t bytes)
{
	note_asked('l');
	return __real_ftruncate64(fd, bytes);
}

static struct kd_save_options options_of(enum kd_save_format format, unsigned int level,
					 unsigned int workers)
{
	struct kd_save_options options = options_for(format, &kd_codec_zstd, workers);

	options.exclude[0] = kd_level_kinds(level);
	return options;
}

static enum kd_status save_world(struct world *world, const char *path, uint64_t limit_bytes,
				 const struct kd_save_options *options,
				 struct kd_save_result *result, struct kd_err *err)
{
	return save_to(world->dump, world->kernel, path, limit_bytes, false, options, result, err);
}

/* Pages that are there are right; those that are kept at a level are there, unless the dump says otherwise. */
static unsigned int compare_kinds(struct world *world, const char *path, unsigned int level,
				  bool partial)
{
	unsigned int found = 0;
	struct kd_dump *saved;
	uint8_t a[KINDS_PAGE], b[KINDS_PAGE];

	assert_int_equal(kd_dump_open(path, NULL, &saved, NULL), KD_OK);
	for (unsigned int i = 0; i < KINDS_ALL; i++) {
		uint64_t at = KINDS_RAM + (uint64_t)i * KINDS_PAGE;
		bool out = kd_level_kinds(level) & KD_KIND(kinds_fixture_kind(i));
		enum kd_status status = kd_dump_read(saved, at, b, sizeof(b), NULL);

		assert_int_equal(kd_dump_read(world->dump, at, a, sizeof(a), NULL), KD_OK);
		if (status == KD_OK) {
			assert_memory_equal(a, b, sizeof(a));
			found++;
		}
		if (!partial)
			assert_int_equal(status, out ? KD_EXCLUDED : KD_OK);
		else if (status)
			assert_true(status == KD_EXCLUDED || status == KD_TRUNCATED);
	}
	kd_dump_close(saved);
	return found;
}

/*
 * A struct page that cannot be read is not known, and its page kept. Where that happens in one sweep only, the sweeps
 * do not agree on which pages are kept: no page may then be given the data of another, and no dump called complete.
 */
static void test_flaky_source(void **state)
{
	struct world *world = *state;
	unsigned int complete = 0, failed = 0;

	/* what is remembered of the first sweep is what the others go by */
	for (unsigned int form = 0; form < 8; form++) {
		enum kd_save_format format = form % 2 ? KD_SAVE_ELF : KD_SAVE_KDUMP;

		for (int after = 0; after < 24; after++) {
			struct kd_save_options options =
				options_of(format, 31, 1 + form / 2 % 2 * 2);
			struct kd_save_result result;
			struct kd_err err = {KD_OK, ""};
			enum kd_status status;

			options.judge_again = form / 4;
			bad.offset = store_offset;
			bad.bytes = KINDS_PAGES * KINDS_STRUCT;
			atomic_store(&bad.after, after);
			atomic_store(&bad.count,
				     2); /* what fails is tried again, without what is read ahead */
			status = save_world(world, world->path, 0, &options, &result, &err);
			atomic_store(&bad.count, 0);
			assert_int_equal(result.complete, !status && !result.unreadable_pages);
			if (status) {
				struct kd_dump *saved;

				failed++;
				assert_true(options.judge_again);
				assert_int_equal(status, KD_CORRUPT);
				assert_non_null(strstr(err.text, "struct pages"));
				if (kd_dump_open(world->path, NULL, &saved, NULL))
					continue; /* it failed before there was one */
				assert_true(kd_dump_facts(saved)->incomplete ||
					    kd_dump_missing_bytes(saved));
				kd_dump_close(saved);
			} else {
				complete++;
			}
			/* struct pages are pages, too: what is read of these for the dump is zeros then, and said */
			if (!result.unreadable_pages)
				compare_kinds(world, world->path, 31, true);
		}
	}
	assert_true(failed > 5); /* of the few reads of a sweep, any can be the first that fails */
	assert_true(complete);
}

/* A device that held something else before: nothing of that is in the dump, or taken for one that was cut off. */
static void test_device_with_a_past(void **state)
{
	struct world *world = *state;
	static const uint64_t limits[] = {0, 64 << 10, 3 << 20};
	struct kd_save_options options = options_of(KD_SAVE_ELF, 0, 2);
	struct kd_save_result result;
	char *past = malloc(8 << 20);

	assert_non_null(past);
	for (int i = 0; i < 3; i++) {
		struct kd_dump *saved;
		struct kd_sink sink;

		/* what was there before is a dump, too, with zero pages of its own */
		memset(past, 0xa5, 8 << 20);
		assert_int_equal(kd_file_replace(world->path, past, 8 << 20, 0600, NULL), KD_OK);
		assert_int_equal(kd_sink_open_device(&sink, world->path, 0, NULL), KD_OK);
		assert_int_equal(
			kd_save(world->dump, world->kernel, &sink, &options, &result, NULL), KD_OK);
		assert_true(result.complete && result.zero_pages > 100);
		kd_sink_close(&sink);
		compare_kinds(world, world->path, 0, false);
		if (!limits[i])
			continue;
		/* over that dump another, which is cut off */
		assert_int_equal(kd_sink_open_device(&sink, world->path, 0, NULL), KD_OK);
		sink.limit_bytes = limits[i];
		assert_int_equal(
			kd_save(world->dump, world->kernel, &sink, &options, &result, NULL),
			KD_SYSTEM);
		kd_sink_close(&sink);
		assert_false(result.complete);
		assert_int_equal(kd_dump_open(world->path, NULL, &saved, NULL), KD_UNSUPPORTED);
	}
	free(past);
}

/* What an incomplete dump becomes is not complete either, in any format, through any sink, and says so. */
static void test_incomplete_source(void **state)
{
	struct world *world = *state;

	for (int form = 0; form < 4; form++) {
		struct kd_save_options options = options_of(KD_SAVE_KDUMP, 31, 1);
		struct kd_dump *source, *saved;
		struct kd_save_result result;
		struct kd_sink sink;

		assert_int_equal(
			save_world(world, world->other, 600 << 10, &options, &result, NULL),
			KD_SYSTEM);
		assert_int_equal(kd_dump_open(world->other, NULL, &source, NULL), KD_OK);
		assert_true(kd_dump_facts(source)->incomplete);
		options.format = form % 2 ? KD_SAVE_ELF : KD_SAVE_KDUMP;
		unlink(world->path);
		assert_int_equal(kd_sink_open_file(&sink, world->path, NULL), KD_OK);
		if (form == 2)
			assert_int_equal(kd_sink_flatten(&sink, NULL), KD_OK);
		if (form == 3) {
			int fd = sink.fd;

			assert_int_equal(kd_sink_open_stream(&sink, fd, false, NULL), KD_OK);
			close(fd);
		}
		assert_int_equal(kd_save(source, NULL, &sink, &options, &result, NULL), KD_OK);
		kd_sink_close(&sink);
		assert_true(result.unreadable_pages > 50);
		assert_false(result.complete);
		assert_int_equal(kd_dump_open(world->path, NULL, &saved, NULL), KD_OK);
		assert_true(kd_dump_facts(saved)->incomplete);
		kd_dump_close(saved);
		kd_dump_close(source);
	}
}

/* Every level leaves out what it should; nothing depends on how many threads there are, or on what they remember. */
static void test_levels(void **state)
{
	struct world *world = *state;

	for (unsigned int level = 0; level <= KD_LEVEL_MOST; level++) {
		unsigned int most = level % 10 == 1 ? 3 : 1;

		for (unsigned int workers = 1; workers <= most; workers++) {
			struct kd_save_options options =
				options_of(KD_SAVE_KDUMP, level, most == 1 ? 2 : workers);
			const char *path = workers == 1 ? world->path : world->other;
			struct kd_save_result result;

			options.judge_again = workers == 2;
			assert_int_equal(save_world(world, path, 0, &options, &result, NULL),
					 KD_OK);
			assert_true(result.complete && result.classified);
			compare_kinds(world, path, level, false);
			if (workers > 1)
				assert_same_bytes(world->path, world->other);
		}
	}
}

/* Of a dump that is cut off the kernel's own pages are there, unless the order was to be another. */
static void test_valuable_pages_first(void **state)
{
	struct world *world = *state;

	for (int by_address = 0; by_address < 2; by_address++) {
		struct kd_save_options options = options_of(KD_SAVE_KDUMP, 0, 2);
		struct kd_save_result result;
		struct kd_dump *saved;
		unsigned int lost = 0, others = 0;

		options.by_address = by_address;
		assert_int_equal(save_world(world, world->path, 2 << 20, &options, &result, NULL),
				 KD_SYSTEM);
		compare_kinds(world, world->path, 0, true);
		assert_int_equal(kd_dump_open(world->path, NULL, &saved, NULL), KD_OK);
		for (unsigned int i = 0; i < KINDS_ALL; i++) {
			bool is_kernel = kinds_fixture_kind(i) == KD_PAGE_KERNEL;
			uint8_t byte;
			bool is_lost = kd_dump_read(saved, KINDS_RAM + (uint64_t)i * KINDS_PAGE,
						    &byte, 1, NULL);

			lost += is_kernel && is_lost;
			others += !is_kernel && !is_lost;
		}
		kd_dump_close(saved);
		assert_int_equal(!!lost, by_address);
		assert_true(others);
	}
}

/* The next level is tried from the start, in all that can be begun again, and is what the dump then tells. */
static void test_next_level_when_full(void **state)
{
	struct world *world = *state;
	static const struct {
		enum kd_save_format format;
		bool flattened;
		uint64_t limit_bytes;
		/* the full one is synced; emptied, and synced, which gives its blocks back; then the next one */
		const char *asked;
	} forms[] = {{KD_SAVE_KDUMP, false, 2 << 20, "-slssls"},
		     {KD_SAVE_KDUMP, true, 2 << 20, "--slsss"},
		     {KD_SAVE_ELF, false, 3 << 20, "-slssls"}};

	for (size_t i = 0; i < sizeof(forms) / sizeof(*forms); i++) {
		struct kd_save_options options = options_of(forms[i].format, 1, 2);
		struct kd_save_result result;
		struct kd_dump *saved;
		struct kd_sink sink;

		options.exclude[1] = kd_level_kinds(31);
		options.exclude_count = 2;
		unlink(world->path);
		assert_int_equal(kd_sink_open_file(&sink, world->path, NULL), KD_OK);
		if (forms[i].flattened)
			assert_int_equal(kd_sink_flatten(&sink, NULL), KD_OK);
		sink.limit_bytes = forms[i].limit_bytes;
		memset(asked, '-', sizeof(asked) - 1);
		assert_int_equal(
			kd_save(world->dump, world->kernel, &sink, &options, &result, NULL), KD_OK);
		kd_sink_close(&sink);
		assert_string_equal(asked, forms[i].asked);
		assert_true(result.complete);
		assert_int_equal(kd_kinds_level(result.excluded), 31);
		assert_int_equal(kd_save_all_pages(&result), kd_dump_facts(world->dump)->ram_pages);
		assert_true(compare_kinds(world, world->path, 31, false) < KINDS_PAGES / 2);
		assert_int_equal(kd_dump_open(world->path, NULL, &saved, NULL), KD_OK);
		assert_false(kd_dump_facts(saved)->incomplete);
		assert_int_equal(kd_dump_facts(saved)->flattened, forms[i].flattened);
		if (forms[i].format == KD_SAVE_KDUMP)
			assert_int_equal(kd_dump_facts(saved)->level, 31);
		kd_dump_close(saved);
	}
}

/* A file gets its full length, and loses its mark, when the pages in it are on stable storage, not before. */
static void test_pages_before_the_length(void **state)
{
	struct world *world = *state;

	for (int elf = 0; elf < 2; elf++) {
		struct kd_save_options options =
			options_of(elf ? KD_SAVE_ELF : KD_SAVE_KDUMP, 31, 1);
		struct kd_save_result result;

		memset(asked, '-', sizeof(asked) - 1);
		assert_int_equal(save_world(world, world->path, 0, &options, &result, NULL), KD_OK);
		assert_string_equal(asked, "----sls");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_levels, set_up_kinds, tear_down),
		cmocka_unit_test_setup_teardown(test_valuable_pages_first, set_up_kinds, tear_down),
		cmocka_unit_test_setup_teardown(test_next_level_when_full, set_up_kinds, tear_down),
		cmocka_unit_test_setup_teardown(test_flaky_source, set_up_kinds, tear_down),
		cmocka_unit_test_setup_teardown(test_device_with_a_past, set_up_kinds, tear_down),
		cmocka_unit_test_setup_teardown(test_incomplete_source, set_up_kinds, tear_down),
		cmocka_unit_test_setup_teardown(test_pages_before_the_length, set_up_kinds,
						tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
