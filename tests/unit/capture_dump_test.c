/* SPDX-License-Identifier: GPL-2.0-or-later */
/* src/capture: what is decided before the dump is made, and what the manifest then tells of it. */
#include "test.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "capture/crash.h"
#include "capture/manifest.h"
#include "save/save.h"

enum { PAGE = 4096 };

/* As many threads as CPUs, where half of the free memory has room for them. */
static void test_threads(void **state)
{
	const struct kd_save_options options = {.codec = &kd_codec_zstd, .codec_level = -1};
	const size_t one = kd_save_memory(&options, 1, PAGE);
	const size_t four = kd_save_memory(&options, 4, PAGE);
	const struct {
		long cpus;
		uint64_t free_bytes;
		unsigned int workers;
	} cases[] = {
		{-1, UINT64_MAX, 1},
		{0, UINT64_MAX, 1},
		{1, UINT64_MAX, 1},
		{4, UINT64_MAX, 4},
		{1000, UINT64_MAX, KD_WORKERS_MOST},
		{4, 2 * four, 4},
		{4, 2 * four - 2, 3},
		{1000, 2 * four, 4},
		{4, 2 * one, 1},
		{4, one, 1}, /* and then it is tried all the same */
		{4, 0, 1},
	};

	assert_true(one < four);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_int_equal(
			kd_crash_workers(&options, PAGE, cases[i].cpus, cases[i].free_bytes),
			cases[i].workers);
}

static double number(const json_t *object, const char *name)
{
	assert_true(json_is_real(json_object_get(object, name)));
	return json_real_value(json_object_get(object, name));
}

/* Each stage's time, under its name and in seconds. */
static void test_timings(void **state)
{
	struct kd_capture *capture = kd_capture_new();
	json_t *root, *seconds, *threads;
	struct kd_err err;
	FILE *stream;
	size_t bytes;
	char *text;

	assert_non_null(capture);
	stream = open_memstream(&text, &bytes);
	capture->saved.plan_ns = 1500000000;
	capture->saved.data_ns = 2500000000;
	capture->saved.sync_ns = 3500000000;
	capture->saved.judge_ns = 4500000000;
	capture->saved.read_ns = 5500000000;
	capture->saved.pack_ns = 6500000000;
	capture->saved.write_ns = 7500000000;
	assert_int_equal(kd_manifest_write(capture, stream, &err), KD_OK);
	fclose(stream);
	root = json_loads(text, 0, NULL);
	seconds = json_object_get(root, "seconds");
	threads = json_object_get(seconds, "threads");
	assert_true(number(seconds, "plan") == 1.5);
	assert_true(number(seconds, "data") == 2.5);
	assert_true(number(seconds, "sync") == 3.5);
	assert_true(number(threads, "judge") == 4.5);
	assert_true(number(threads, "read") == 5.5);
	assert_true(number(threads, "pack") == 6.5);
	assert_true(number(threads, "write") == 7.5);
	json_decref(root);
	free(text);
	munmap(capture, sizeof(*capture));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_threads),
		cmocka_unit_test(test_timings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
