/* SPDX-License-Identifier: GPL-2.0-or-later */
/* src/save where something fails: targets that run full, processes that die, sources that do not give all pages. */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/file.h"
#include "kdump_fixture.h"
#include "save_fixture.h"
#include "wide_fixture.h"

/* pread(2) of a disk with a bad spot, or of a /proc/vmcore with a page that faults. */
static uint64_t bad_offset, bad_bytes;
static int bad_errno;

ssize_t __real_pread64(int fd, void *buffer, size_t bytes, off_t offset);
ssize_t __wrap_pread64(int fd, void *buffer, size_t bytes, off_t offset);
ssize_t __wrap_pread64(int fd, void *buffer, size_t bytes, off_t offset)
{
	uint64_t start = (uint64_t)offset;

	if (bad_bytes && start + bytes > bad_offset && start < bad_offset + bad_bytes) {
		if (start >= bad_offset) {
			errno = bad_errno;
			return -1;
		}
		bytes = bad_offset - start;
	}
	return __real_pread64(fd, buffer, bytes, offset);
}

/* pwrite(2) that dies in the n-th write, when a seventh of it is done, up to the end of a sector; 0: in none. */
static unsigned int deadly_write;

ssize_t __real_pwrite64(int fd, const void *buffer, size_t bytes, off_t offset);
ssize_t __wrap_pwrite64(int fd, const void *buffer, size_t bytes, off_t offset);
ssize_t __wrap_pwrite64(int fd, const void *buffer, size_t bytes, off_t offset)
{
	if (deadly_write && !--deadly_write) {
		off_t end = (offset + (off_t)bytes / 7) & ~(off_t)511;

		if (end > offset)
			__real_pwrite64(fd, buffer, (size_t)(end - offset), offset);
		raise(SIGKILL);
	}
	return __real_pwrite64(fd, buffer, bytes, offset);
}

/* What is left on a target that ran full, or of a process that died: pages or errors, and it says so. */
static void assert_incomplete(struct world *world, const char *path, unsigned int *opened)
{
	struct kd_err err = {KD_OK, ""};
	struct kd_dump *saved;
	enum kd_status status = kd_dump_open(path, NULL, &saved, &err);

	if (status) { /* too little for a header */
		assert_true(status == KD_TRUNCATED || status == KD_CORRUPT);
		assert_true(strlen(err.text) > strlen(path));
		return;
	}
	(*opened)++;
	compare(world->dump, saved,
		kd_dump_facts(saved)->incomplete || kd_dump_missing_bytes(saved));
	kd_dump_close(saved);
}

static void test_full_target(void **state)
{
	struct world *world = *state;

	for (int form = 0; form < 3; form++) {
		bool elf = form == 1, flat = form == 2;
		struct kd_save_options options =
			options_for(elf ? KD_SAVE_ELF : KD_SAVE_KDUMP, &kd_codec_lzo, 2);
		struct kd_save_result result;
		const unsigned int times = TEST_TIMES(100);
		unsigned int opened = 0;
		uint64_t bytes;

		assert_int_equal(save_to(world->dump, world->kernel, world->path, 0, flat, &options,
					 &result, NULL),
				 KD_OK);
		bytes = result.file_bytes;
		for (unsigned int i = 0; i < times; i++) {
			struct kd_err err;

			assert_int_equal(save_to(world->dump, world->kernel, world->path,
						 1 + (bytes - 2) * i / (times - 1), flat, &options,
						 &result, &err),
					 KD_SYSTEM);
			assert_false(result.complete);
			assert_non_null(strstr(err.text, "MiB"));
			assert_true(result.saved_pages < result.kept_pages || !result.kept_pages);
			assert_incomplete(world, world->path, &opened);
		}
		assert_true(opened > times * 85 / 100);
	}
}

/* Dies at the n-th tick of the progress. */
static bool die(void *opaque, uint64_t done_bytes, uint64_t total_bytes)
{
	unsigned int *left = opaque;

	if (!(*left)--)
		raise(SIGKILL);
	return true;
}

/* Saves in another process, which dies at a tick or in a write; false when it does not live that long. */
static bool dies_saving(struct world *world, bool elf, unsigned int tick, unsigned int write)
{
	pid_t child = fork();
	int ended;

	if (!child) {
		unsigned int left = tick;
		const struct kd_progress progress = {die, &left};
		struct kd_save_options options =
			options_for(elf ? KD_SAVE_ELF : KD_SAVE_KDUMP, &kd_codec_zstd, 2);
		struct kd_save_result result;

		options.progress = &progress;
		deadly_write = write;
		save_to(world->dump, world->kernel, world->path, 0, false, &options, &result, NULL);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &ended, 0), child);
	return WIFSIGNALED(ended);
}

static void test_killed_at_any_moment(void **state)
{
	struct world *world = *state;
	unsigned int opened = 0, died[2] = {0};

	for (int elf = 0; elf < 2; elf++)
		for (int in_write = 0; in_write < 2; in_write++)
			for (unsigned int n = 0; n < 100; n++) {
				if (!dies_saving(world, elf, in_write ? UINT_MAX : n,
						 in_write ? n + 1 : 0))
					break;
				died[in_write]++;
				assert_incomplete(world, world->path, &opened);
				unlink(world->path);
			}
	assert_true(died[0] > 15);
	assert_true(died[1] > 15);
	assert_true(opened > 40);
}

static bool stop_half_way(void *opaque, uint64_t done_bytes, uint64_t total_bytes)
{
	uint64_t *last = opaque;

	assert_true(done_bytes >= *last && done_bytes <= total_bytes);
	*last = done_bytes;
	return !total_bytes || done_bytes < total_bytes / 2;
}

static void test_progress_stops(void **state)
{
	struct world *world = *state;
	struct kd_save_options options = options_for(KD_SAVE_KDUMP, &kd_codec_zstd, 2);
	uint64_t last = 0;
	const struct kd_progress progress = {stop_half_way, &last};
	struct kd_save_result result;
	struct kd_err err;
	unsigned int opened = 0;

	options.progress = &progress;
	assert_int_equal(
		save_to(world->dump, world->kernel, world->path, 0, false, &options, &result, &err),
		KD_SYSTEM);
	assert_true(result.stopped && !result.complete);
	assert_true(result.saved_pages >= result.kept_pages / 2 &&
		    result.saved_pages < result.kept_pages);
	assert_incomplete(world, world->path, &opened);
	assert_int_equal(opened, 1);
}

/* Pages that the source does not give are missing in the dump, counted and named; the others are there. */
static void test_unreadable_pages(void **state)
{
	struct world *world = *state;
	size_t count;
	const struct kd_segment *segments = kd_dump_segments(world->dump, &count);
	const struct kd_segment *ram = &segments[count - 1];

	assert_int_equal(ram->paddr, RAM);
	for (int i = 0; i < 4; i++) {
		const bool elf = i % 2;
		struct kd_save_options options =
			options_for(elf ? KD_SAVE_ELF : KD_SAVE_KDUMP, &kd_codec_zstd, 2);
		struct kd_save_result result;
		struct kd_dump *saved;
		struct kd_err err;
		uint8_t byte;

		/* in the middle of page 300, and page 301 */
		bad_offset = ram->file_offset + 300 * PAGE + 100;
		bad_bytes = PAGE;
		bad_errno = i < 2 ? EIO : EFAULT;
		assert_int_equal(save_to(world->dump, world->kernel, world->path, 0, false,
					 &options, &result, &err),
				 KD_OK);
		bad_bytes = 0;
		assert_false(result.complete);
		assert_int_equal(result.unreadable_pages, 2);
		assert_int_equal(result.unreadable[0], RAM + 300 * PAGE);
		assert_int_equal(result.unreadable[1], RAM + 301 * PAGE);
		assert_int_equal(result.saved_pages, result.kept_pages - 2);
		assert_int_equal(kd_dump_open(world->path, NULL, &saved, &err), KD_OK);
		assert_int_equal(kd_dump_read(saved, RAM + 299 * PAGE, &byte, 1, &err), KD_OK);
		assert_int_equal(kd_dump_read(saved, RAM + 300 * PAGE, &byte, 1, &err),
				 elf ? KD_OK : KD_TRUNCATED);
		assert_true(kd_dump_facts(saved)->incomplete);
		assert_int_equal(kd_dump_read(saved, RAM + 302 * PAGE, &byte, 1, &err), KD_OK);
		kd_dump_close(saved);
	}
}

/* Damages the data of `count` pages of a kdump-compressed dump (docs/format-kdump.md), compressed ones. */
static void damage_pages(const char *path, unsigned int count)
{
	const uint64_t rubbish = UINT64_MAX;
	uint32_t sizes[3]; /* of a block; blocks of the sub header and of the bitmaps */
	struct {
		uint64_t offset;
		uint32_t bytes, flags;
		uint64_t page_flags;
	} desc;
	int fd = open(path, O_RDWR);
	off_t at;

	assert_int_equal(pread(fd, sizes, sizeof(sizes), 428), sizeof(sizes));
	at = (off_t)sizes[0] * (1 + sizes[1] + sizes[2]);
	for (; count; at += (off_t)sizeof(desc)) {
		assert_int_equal(pread(fd, &desc, sizeof(desc), at), sizeof(desc));
		if (!desc.flags)
			continue;
		assert_int_equal(pwrite(fd, &rubbish, 8, (off_t)desc.offset), 8);
		count--;
	}
	close(fd);
}

/* A page whose data does not unpack is one that cannot be read. */
static void test_damaged_pages(void **state)
{
	static const struct kd_codec *const codecs[] = {&kd_codec_zstd, &kd_codec_zlib};
	struct world *world = *state;

	for (int i = 0; i < 4; i++) {
		struct kd_save_options options = options_for(KD_SAVE_KDUMP, codecs[i / 2], 2);
		struct kd_save_result result;
		struct kd_dump *source, *saved;
		unsigned int opened = 0;

		assert_int_equal(save_to(world->dump, world->kernel, world->path, 0, false,
					 &options, &result, NULL),
				 KD_OK);
		damage_pages(world->path, 5);
		assert_int_equal(kd_dump_open(world->path, NULL, &source, NULL), KD_OK);
		assert_false(kd_dump_facts(source)->incomplete);
		options.format = i % 2 ? KD_SAVE_ELF : KD_SAVE_KDUMP;
		assert_int_equal(
			save_to(source, NULL, world->other, 0, false, &options, &result, NULL),
			KD_OK);
		assert_int_equal(result.unreadable_pages, 5);
		assert_int_equal(result.saved_pages, result.kept_pages - 5);
		assert_false(result.complete);
		assert_int_equal(kd_dump_open(world->other, NULL, &saved, NULL), KD_OK);
		assert_true(kd_dump_facts(saved)->incomplete);
		kd_dump_close(saved);
		kd_dump_close(source);
		if (options.format == KD_SAVE_KDUMP) /* an ELF core has zeros in their place */
			assert_incomplete(world, world->other, &opened);
	}
}

/* Where the bitmap of a source cannot be read, its pages are missing: they are not such as the source lacks. */
static void test_unreadable_bitmap(void **state)
{
	/* each range has blocks of the bitmaps of its own, 8 of them, and a count of what is before */
	const uint64_t stride = 1 << 30;
	struct world *world = *state;

	for (int i = 0; i < 4; i++) {
		struct kd_save_options options =
			options_for(i % 2 ? KD_SAVE_ELF : KD_SAVE_KDUMP, &kd_codec_zstd, 1 + i / 2);
		struct kd_save_result result;
		struct kd_dump *source, *saved;
		uint32_t sizes[3];
		uint64_t word;
		int fd;

		wide_core_write(world->other, 8, 1 << 20, stride);
		assert_int_equal(kd_dump_open(world->other, NULL, &source, NULL), KD_OK);
		options.format = KD_SAVE_KDUMP;
		assert_int_equal(
			save_to(source, NULL, world->path, 0, false, &options, &result, NULL),
			KD_OK);
		kd_dump_close(source);
		fd = open(world->path, O_RDONLY);
		assert_int_equal(pread(fd, sizes, sizeof(sizes), 428), sizeof(sizes));
		close(fd);
		assert_int_equal(kd_dump_open(world->path, NULL, &source, NULL), KD_OK);
		bad_offset = PAGE * (1 + sizes[1] + sizes[2] / 2 + 5 * 8);
		bad_bytes = PAGE;
		bad_errno = EIO;
		options.format = i % 2 ? KD_SAVE_ELF : KD_SAVE_KDUMP;
		assert_int_equal(
			save_to(source, NULL, world->other, 0, false, &options, &result, NULL),
			KD_OK);
		bad_bytes = 0;
		kd_dump_close(source);
		assert_false(result.complete);
		assert_int_equal(result.pages[KD_PAGE_ABSENT], 0);
		assert_int_equal(result.unreadable_pages, 256);
		assert_int_equal(result.unreadable[0], 5 * stride);
		assert_int_equal(result.saved_pages, 7 * 256);
		assert_int_equal(kd_dump_open(world->other, NULL, &saved, NULL), KD_OK);
		assert_true(kd_dump_facts(saved)->incomplete);
		for (unsigned int range = 4; range < 7; range += 2) {
			assert_int_equal(kd_dump_read(saved, range * stride + 8, &word, 8, NULL),
					 KD_OK);
			assert_int_equal(word, UINT64_C(0x9e3779b97f4a7c15));
		}
		kd_dump_close(saved);
	}
}

/* Of a split dump's pages those are missing that are in files which are not there. */
static void test_set_without_a_file(void **state)
{
	const struct kdump_spec second = {.split = true, .start_pfn = 20, .end_pfn = KDUMP_PAGES};
	struct world *world = *state;
	struct kd_save_options options = options_for(KD_SAVE_KDUMP, &kd_codec_zstd, 2);
	const char *path = world->other;
	uint8_t bytes[KDUMP_MOST_BYTES];
	struct kd_save_result result;
	struct kd_dump *source, *saved;

	assert_int_equal(kd_file_replace(path, bytes, kdump_make(&second, bytes), 0600, NULL),
			 KD_OK);
	assert_int_equal(kd_dump_open_set(&path, 1, NULL, &source, NULL), KD_OK);
	assert_int_equal(save_to(source, NULL, world->path, 0, false, &options, &result, NULL),
			 KD_OK);
	assert_false(result.complete);
	assert_int_equal(result.unreadable_pages, 8);
	assert_int_equal(result.saved_pages, 24);
	assert_int_equal(kd_dump_open(world->path, NULL, &saved, NULL), KD_OK);
	assert_true(kd_dump_facts(saved)->incomplete);
	for (uint64_t pfn = 0; pfn < KDUMP_PAGES; pfn++) {
		uint64_t word;
		enum kd_status want = kd_dump_read(source, pfn * PAGE, &word, 8, NULL);

		assert_int_equal(kd_dump_read(saved, pfn * PAGE, &word, 8, NULL), want);
		if (!want)
			assert_int_equal(word, pfn);
	}
	kd_dump_close(saved);
	kd_dump_close(source);
}

/* Cut anywhere, and any byte of the headers changed: refused or read, never taken for what it is not. */
static void test_damaged_kdump(void **state)
{
	static const uint8_t flips[] = {0x01, 0x80, 0xff};
	const size_t end = 3 * PAGE + 64;
	struct world *world = *state;
	struct kd_save_options options = options_for(KD_SAVE_KDUMP, &kd_codec_zstd, 1);
	struct kd_save_result result;
	unsigned int refused = 0, opened = 0;
	char *bytes;
	size_t size;

	assert_int_equal(
		save_to(world->dump, world->kernel, world->path, 0, false, &options, &result, NULL),
		KD_OK);
	assert_int_equal(kd_file_read(world->path, 1 << 30, &bytes, &size, NULL), KD_OK);
	for (unsigned int i = 0; i < TEST_TIMES(300); i++) {
		struct kd_dump *dump;

		assert_int_equal(kd_file_replace(world->other, bytes, size * i / TEST_TIMES(300),
						 0600, NULL),
				 KD_OK);
		if (kd_dump_open(world->other, NULL, &dump, NULL))
			continue;
		/* page data has no end of its own: what is cut off there shows when it is read */
		if (!kd_dump_missing_bytes(dump))
			assert_true(compare(world->dump, dump, true) <
				    compare(world->dump, world->dump, false));
		kd_dump_close(dump);
	}
	assert_int_equal(kd_file_replace(world->other, bytes, size, 0600, NULL), KD_OK);
	/* up to there: the header, the sub header with the notes, and a little of the bitmaps and descriptors */
	for (size_t n = 0; n < TEST_TIMES(end); n++) {
		size_t at = n * end / TEST_TIMES(end);

		if (at > 464 && at < PAGE) /* nothing stands there */
			continue;
		for (size_t i = 0; i < sizeof(flips); i++) {
			char bad = (char)(bytes[at] ^ flips[i]);
			int fd = open(world->other, O_WRONLY);
			struct kd_dump *dump;
			uint8_t byte;

			assert_int_equal(pwrite(fd, &bad, 1, (off_t)at), 1);
			if (kd_dump_open(world->other, NULL, &dump, NULL)) {
				refused++;
			} else {
				opened++;
				kd_dump_read(dump, RAM + 5 * PAGE, &byte, 1, NULL);
				kd_dump_read(dump, LOW, &byte, 1, NULL);
				kd_dump_close(dump);
			}
			assert_int_equal(pwrite(fd, &bytes[at], 1, (off_t)at), 1);
			close(fd);
		}
	}
	assert_true(refused > TEST_TIMES(50) && opened > TEST_TIMES(50));
	free(bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_full_target, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_killed_at_any_moment, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_progress_stops, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_unreadable_pages, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_damaged_kdump, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_damaged_pages, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_set_without_a_file, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_unreadable_bitmap, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
