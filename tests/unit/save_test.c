/* SPDX-License-Identifier: GPL-2.0-or-later */
/* src/save: an ELF core comes out byte for byte, sparse, whatever the sink and the source do. */
#include "test.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dump/dump.h"
#include "dump_fixture.h"
#include "host/file.h"
#include "save/elf_copy.h"
#include "save/zero.h"

enum { PAGE = 4096, RAM = 0x1000000, RAM_BYTES = 4 << 20 };

struct world {
	struct fixture fixture;
	char folder[64];
	char path[96];
};

static int set_up(void **state)
{
	struct world *world = calloc(1, sizeof(*world));

	fixture_init(&world->fixture, 5);
	fixture_memory(&world->fixture, RAM, RAM_BYTES, RAM_BYTES);
	/* a page of data, a byte at a page's very end, and zeros in between */
	for (unsigned int i = 0; i < PAGE; i++)
		fixture_poke_number(&world->fixture, RAM + 17 * PAGE + i, i % 251 + 1, 1);
	fixture_poke_number(&world->fixture, RAM + 300 * PAGE - 1, 0xff, 1);
	fixture_poke_number(&world->fixture, RAM + RAM_BYTES - 8, 0x1122334455667788, 8);
	fixture_build(&world->fixture);
	snprintf(world->folder, sizeof(world->folder), "/tmp/kdump-save-XXXXXX");
	assert_non_null(mkdtemp(world->folder));
	snprintf(world->path, sizeof(world->path), "%s/vmcore", world->folder);
	*state = world;
	return 0;
}

static int tear_down(void **state)
{
	struct world *world = *state;

	unlink(world->path);
	rmdir(world->folder);
	fixture_deinit(&world->fixture);
	free(world);
	return 0;
}

static enum kd_status save(struct world *world, const struct kd_dump_options *dump_options,
			   const struct kd_save_options *options, struct kd_save_result *result,
			   struct kd_err *err)
{
	struct kd_dump *dump;
	struct kd_sink sink;
	enum kd_status status;

	assert_int_equal(kd_dump_open(world->fixture.path, dump_options, &dump, err), KD_OK);
	assert_int_equal(kd_sink_open_file(&sink, world->path, err), KD_OK);
	status = kd_save_elf(dump, &sink, options, result, err);
	kd_sink_close(&sink);
	kd_dump_close(dump);
	return status;
}

/* Compares what is saved with the fixture, up to a length. */
static void assert_same(struct world *world, size_t bytes)
{
	char *saved, *source;
	size_t saved_bytes, source_bytes;

	assert_int_equal(kd_file_read(world->path, 1 << 30, &saved, &saved_bytes, NULL), KD_OK);
	assert_int_equal(kd_file_read(world->fixture.path, 1 << 30, &source, &source_bytes, NULL),
			 KD_OK);
	assert_true(saved_bytes >= bytes && source_bytes >= bytes);
	assert_memory_equal(saved, source, bytes);
	free(saved);
	free(source);
}

static void test_same_bytes_and_holes(void **state)
{
	static const size_t windows[] = {0, PAGE, 64 << 10};
	struct world *world = *state;

	for (int by_read = 0; by_read < 2; by_read++) {
		for (size_t i = 0; i < sizeof(windows) / sizeof(*windows); i++) {
			const struct kd_dump_options how = {windows[i], by_read ? KD_ACCESS_READ
										: KD_ACCESS_MAP};
			const struct kd_save_options options = {.digest = true};
			struct kd_save_result result;
			uint8_t digest[KD_SHA256_BYTES];
			struct kd_err err;
			struct stat st;

			assert_int_equal(save(world, &how, &options, &result, &err), KD_OK);
			assert_true(result.complete);
			assert_int_equal(result.file_bytes, world->fixture.file_bytes);
			assert_int_equal(result.written_bytes + result.zero_bytes,
					 result.file_bytes);
			assert_int_equal(result.unreadable_pages, 0);
			assert_same(world, world->fixture.file_bytes);
			assert_int_equal(stat(world->path, &st), 0);
			assert_int_equal(st.st_size, world->fixture.file_bytes);
			/* three pages of memory, the page tables and the headers: far less than all */
			assert_true(st.st_blocks * 512 < RAM_BYTES / 4);
			assert_true(result.written_bytes < RAM_BYTES / 4);
			assert_int_equal(kd_file_sha256(world->path, digest, NULL, NULL), KD_OK);
			assert_true(result.has_digest);
			assert_memory_equal(digest, result.digest, sizeof(digest));
			unlink(world->path);
		}
	}
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

/* A full target: what was written is the beginning of the dump, and the message says how much. */
static void test_full_target(void **state)
{
	struct world *world = *state;
	const struct kd_save_options options = {0};
	const rlim_t limit = RAM_BYTES - PAGE;
	struct rlimit before, small;
	struct kd_save_result result;
	struct kd_err err;

	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	small = before;
	small.rlim_cur = limit;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	assert_int_equal(save(world, NULL, &options, &result, &err), KD_SYSTEM);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_false(result.complete);
	assert_true(result.done_bytes > 0 && result.done_bytes < result.file_bytes);
	assert_non_null(strstr(err.text, "after "));
	assert_int_equal(truncate(world->path, (off_t)result.done_bytes), 0);
	assert_same(world, result.done_bytes);
}

/* A device has an end, and keeps what it held where nothing is written. */
static void test_device_end_and_old_content(void **state)
{
	struct world *world = *state;
	const struct kd_save_options options = {0};
	struct kd_save_result result;
	struct kd_dump *dump;
	struct kd_sink sink;
	struct kd_err err;
	int fd;

	/* a file stands for the device: the sink's kind decides, and old content is not zero */
	fd = open(world->path, O_RDWR | O_CREAT, 0600);
	for (size_t i = 0; i < world->fixture.file_bytes + PAGE; i += 64)
		assert_int_equal(
			write(fd,
			      "old content, old content, old content, old content, old content.",
			      64),
			64);
	close(fd);
	assert_int_equal(kd_dump_open(world->fixture.path, NULL, &dump, &err), KD_OK);
	assert_int_equal(kd_sink_open_device(&sink, world->path, 0, &err), KD_OK);
	assert_int_equal(kd_save_elf(dump, &sink, &options, &result, &err), KD_OK);
	kd_sink_close(&sink);
	assert_same(world, world->fixture.file_bytes);

	assert_int_equal(truncate(world->path, RAM_BYTES / 2), 0);
	assert_int_equal(kd_sink_open_device(&sink, world->path, 0, &err), KD_OK);
	assert_int_equal(kd_save_elf(dump, &sink, &options, &result, &err), KD_SYSTEM);
	assert_non_null(strstr(err.text, "No space left"));
	kd_sink_close(&sink);
	assert_int_equal(kd_sink_open_device(&sink, world->path, RAM_BYTES, &err), KD_SYSTEM);
	kd_dump_close(dump);
}

/* Pages that the source does not give are zeros in the dump, counted and named. */
static void test_unreadable_pages(void **state)
{
	struct world *world = *state;
	const struct kd_dump_options how = {PAGE, KD_ACCESS_READ};
	const struct kd_save_options options = {0};
	uint64_t cut = world->fixture.file_bytes - 5 * PAGE;
	struct kd_save_result result;
	struct kd_dump *dump;
	struct kd_sink sink;
	struct kd_err err;
	struct stat st;

	assert_int_equal(kd_dump_open(world->fixture.path, &how, &dump, &err), KD_OK);
	assert_int_equal(kd_sink_open_file(&sink, world->path, &err), KD_OK);
	assert_int_equal(ftruncate(world->fixture.fd, (off_t)cut), 0);
	assert_int_equal(kd_save_elf(dump, &sink, &options, &result, &err), KD_OK);
	kd_sink_close(&sink);
	kd_dump_close(dump);
	assert_true(result.complete);
	assert_true(result.unreadable_pages == 5 || result.unreadable_pages == 6);
	assert_true(result.unreadable[0] >= cut - PAGE && result.unreadable[0] <= cut);
	assert_int_equal(stat(world->path, &st), 0);
	assert_int_equal(st.st_size, world->fixture.file_bytes);
	assert_same(world, (size_t)(cut - PAGE));
}

static bool stop_half_way(void *opaque, uint64_t done_bytes, uint64_t total_bytes)
{
	uint64_t *last = opaque;

	assert_true(done_bytes >= *last && done_bytes <= total_bytes);
	*last = done_bytes;
	return done_bytes < total_bytes / 2;
}

static void test_progress_stops(void **state)
{
	struct world *world = *state;
	uint64_t last = 0;
	const struct kd_progress progress = {stop_half_way, &last};
	const struct kd_save_options options = {.progress = &progress};
	struct kd_save_result result;
	struct kd_err err;

	assert_int_equal(save(world, NULL, &options, &result, &err), KD_SYSTEM);
	assert_false(result.complete);
	assert_true(last >= result.file_bytes / 2);
	assert_int_equal(last, result.done_bytes);
	assert_non_null(strstr(err.text, "stopped"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_same_bytes_and_holes, set_up, tear_down),
		cmocka_unit_test(test_zero_test),
		cmocka_unit_test_setup_teardown(test_full_target, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_device_end_and_old_content, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_unreadable_pages, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_progress_stops, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
