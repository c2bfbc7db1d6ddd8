/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test.h"

#include "save_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/file.h"

void world_open(struct world *world, const struct kd_dump_options *how)
{
	snprintf(world->folder, sizeof(world->folder), "%s/kdump-save-XXXXXX",
		 access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm");
	assert_non_null(mkdtemp(world->folder));
	snprintf(world->path, sizeof(world->path), "%s/saved", world->folder);
	snprintf(world->other, sizeof(world->other), "%s/other", world->folder);
	assert_int_equal(kd_dump_open(world->fixture.path, how, &world->dump, NULL), KD_OK);
	assert_int_equal(kd_kernel_open(world->dump, &world->kernel, NULL), KD_OK);
}

void world_close(struct world *world)
{
	kd_kernel_close(world->kernel);
	kd_dump_close(world->dump);
	unlink(world->path);
	unlink(world->other);
	rmdir(world->folder);
	fixture_deinit(&world->fixture);
}

void fill_page(struct fixture *fixture, uint64_t paddr, unsigned int number)
{
	uint64_t page[PAGE / 8] = {0}, random = number * UINT64_C(0x9e3779b97f4a7c15) + 1;

	for (unsigned int i = 0; i < PAGE / 8; i++) {
		random ^= random << 13;
		random ^= random >> 7;
		random ^= random << 17;
		page[i] = number % 4 == 0   ? random
			  : number % 4 == 1 ? UINT64_C(0x2073692073696874) + (random & 3)
			  : number % 4 == 2 ? 0
			  : i % 16 == 0     ? random
					    : 0;
	}
	fixture_poke(fixture, paddr, page, sizeof(page));
}

int set_up(void **state)
{
	struct world *world = calloc(1, sizeof(*world));

	fixture_init(&world->fixture, 5);
	fixture_info(&world->fixture, "OSRELEASE=6.1.0-test");
	fixture_info(&world->fixture, "CRASHTIME=1700000000");
	fixture_memory(&world->fixture, RAM, RAM_BYTES, RAM_BYTES);
	/* ends within a page, and a part of it was left out */
	fixture_memory(&world->fixture, LOW, LOW_BYTES, LOW_BYTES - PAGE);
	for (unsigned int i = 0; i < RAM_BYTES / PAGE; i++)
		fill_page(&world->fixture, RAM + i * PAGE, i);
	fill_page(&world->fixture, LOW, 1);
	fixture_poke_number(&world->fixture, LOW + LOW_BYTES - PAGE - 8, 0x1122334455667788, 8);
	fixture_cpu(&world->fixture, 7, 0x1234, 0x5678);
	fixture_build(&world->fixture);
	world_open(world, NULL);
	*state = world;
	return 0;
}

int tear_down(void **state)
{
	struct world *world = *state;

	world_close(world);
	free(world);
	return 0;
}

struct kd_save_options options_for(enum kd_save_format format, const struct kd_codec *codec,
				   unsigned int workers)
{
	return (struct kd_save_options){
		.format = format,
		.codec = codec,
		.codec_level = codec ? codec->default_level : 0,
		.exclude = {kd_level_kinds(1)},
		.exclude_count = 1,
		.workers = workers,
	};
}

enum kd_status save_to(struct kd_dump *dump, struct kd_kernel *kernel, const char *path,
		       uint64_t limit_bytes, bool flattened, const struct kd_save_options *options,
		       struct kd_save_result *result, struct kd_err *err)
{
	struct kd_sink sink;
	enum kd_status status;

	unlink(path);
	assert_int_equal(kd_sink_open_file(&sink, path, err), KD_OK);
	if (flattened)
		assert_int_equal(kd_sink_flatten(&sink, err), KD_OK);
	if (limit_bytes)
		sink.limit_bytes = limit_bytes;
	status = kd_save(dump, kernel, &sink, options, result, err);
	assert_int_equal(status && limit_bytes, sink.full);
	kd_sink_close(&sink);
	return status;
}

unsigned int compare(struct kd_dump *source, struct kd_dump *saved, bool partial)
{
	static const uint64_t ranges[][2] = {
		{0, 0x40000}, {LOW, LOW + 0xb000}, {RAM - PAGE, RAM + RAM_BYTES + PAGE}};
	unsigned int equal = 0;

	for (size_t range = 0; range < 3; range++)
		for (uint64_t at = ranges[range][0]; at < ranges[range][1]; at += 1024) {
			uint8_t a[1024], b[1024];
			enum kd_status want = kd_dump_read(source, at, a, sizeof(a), NULL);
			enum kd_status got = kd_dump_read(saved, at, b, sizeof(b), NULL);

			if (!want && !got) {
				assert_memory_equal(a, b, sizeof(a));
				equal++;
			} else if (want == KD_OK) {
				assert_true(partial);
				assert_true(got == KD_TRUNCATED || got == KD_EXCLUDED ||
					    got == KD_HOLE);
			}
		}
	return equal;
}

void assert_same_bytes(const char *a, const char *b)
{
	char *left, *right;
	size_t left_bytes, right_bytes;

	assert_int_equal(kd_file_read(a, 1 << 30, &left, &left_bytes, NULL), KD_OK);
	assert_int_equal(kd_file_read(b, 1 << 30, &right, &right_bytes, NULL), KD_OK);
	assert_int_equal(left_bytes, right_bytes);
	assert_memory_equal(left, right, left_bytes);
	free(left);
	free(right);
}
