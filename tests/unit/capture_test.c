/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * src/capture: steps that fail in every way, and the stores. How the whole program behaves as a
 * process is tests/unit/capture.py's.
 */
#include "test.h"

#include <fcntl.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/sha256.h"
#include "capture/capture.h"
#include "capture/assemble.h"
#include "capture/manifest.h"
#include "capture/program.h"
#include "crashes/raw.h"
#include "capture/store.h"
#include "capture/supervise.h"
#include "host/file.h"
#include "host/system.h"

static int set_up(void **state)
{
	struct kd_capture *capture = kd_capture_new();

	assert_non_null(capture);
	capture->step_timeout_s = 1;
	capture->dump_timeout_s = 30;
	*state = capture;
	return 0;
}

static int tear_down(void **state)
{
	munmap(*state, sizeof(struct kd_capture));
	return 0;
}

static unsigned int one_second(const struct kd_capture *capture)
{
	return capture->step_timeout_s;
}

static unsigned int long_limit(const struct kd_capture *capture)
{
	return capture->dump_timeout_s;
}

static enum kd_status succeed(struct kd_capture *capture, struct kd_err *err)
{
	snprintf(capture->release, sizeof(capture->release), "left behind");
	return KD_OK;
}

static enum kd_status refuse(struct kd_capture *capture, struct kd_err *err)
{
	return kd_fail(err, KD_SYSTEM, "the disk: on fire");
}

static enum kd_status crash(struct kd_capture *capture, struct kd_err *err)
{
	signal(SIGBUS, SIG_DFL); /* a sanitizer would catch it */
	raise(SIGBUS);
	return KD_OK;
}

static enum kd_status hang(struct kd_capture *capture, struct kd_err *err)
{
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	for (;;)
		pause();
	return KD_OK;
}

/* Moves, then stops moving: the limit is far, but nothing happens any more. */
static enum kd_status stall(struct kd_capture *capture, struct kd_err *err)
{
	capture->progress_bytes = 4096;
	return hang(capture, err);
}

static void test_outcomes(void **state)
{
	struct kd_capture *capture = *state;
	const struct {
		struct kd_step step;
		enum kd_outcome outcome;
		const char *why;
	} cases[] = {
		{{"good", succeed, one_second}, KD_STEP_DONE, ""},
		{{"bad", refuse, one_second}, KD_STEP_FAILED, "the disk: on fire"},
		{{"crashing", crash, one_second}, KD_STEP_CRASHED, "died: Bus error"},
		{{"hanging", hang, one_second}, KD_STEP_HUNG, "took too long"},
		{{"stalling", stall, long_limit}, KD_STEP_HUNG, "took too long"},
	};

	for (unsigned int i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		uint64_t start = kd_monotonic_ns();

		assert_int_equal(kd_supervise(capture, &cases[i].step), cases[i].outcome);
		/* generous: only that it does not wait for the long limit, or for ever */
		assert_true(kd_monotonic_ns() - start < UINT64_C(25000000000));
		assert_int_equal(capture->step_count, i + 1);
		assert_string_equal(capture->steps[i].name, cases[i].step.name);
		assert_int_equal(capture->steps[i].failed, cases[i].outcome != KD_STEP_DONE);
		assert_non_null(strstr(capture->steps[i].why, cases[i].why));
	}
	assert_string_equal(capture->release, "left behind");
}

/* A program's lines go into the log; it ends at its limit, with what it started. */
static void test_programs(void **state)
{
	struct kd_capture *capture = *state;
	static char shell[] = "/bin/sh", dash_c[] = "-c", none[] = "/nonexistent/program";
	static char extra[] = "KDUMP_WORD=from kdump", *const environment[] = {extra, NULL};
	const struct {
		const char *script;
		unsigned int
			limit_s; /* ample where it is not to be reached: the machine may be busy */
		enum kd_status status;
		const char *why, *said;
	} cases[] = {
		{"echo one; echo two >&2; printf 'th\\tree'", 60, KD_OK, "", "title: th ree\n"},
		{"echo $KDUMP_WORD $LD_LIBRARY_PATH; exit 3", 60, KD_SYSTEM, "ended with status 3",
		 "title: from kdump /lib/kdump\n"},
		{"kill -SEGV $$", 60, KD_SYSTEM, "died: Segmentation fault", ""},
		{"echo before; sleep 1000; echo after", 3, KD_SYSTEM, "took longer than 3 s",
		 "title: before\n"},
		{"trap '' TERM; exec >/dev/null 2>&1; sleep 1000", 1, KD_SYSTEM,
		 "took longer than 1 s", ""},
		{"while :; do echo again; done", 3, KD_SYSTEM, "took longer than 3 s",
		 "title: and more that is not kept\n"},
		{"sleep 30 & echo left one", 20, KD_OK, "", "title: left one\n"},
	};
	struct kd_err err;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char script[128];
		char *const words[] = {shell, dash_c, script, NULL};
		const struct kd_program program = {"title", words, environment, cases[i].limit_s};

		snprintf(script, sizeof(script), "%s", cases[i].script);
		err.text[0] = '\0';
		capture->log_bytes = 0;
		memset(capture->log, 0, sizeof(capture->log));
		assert_int_equal(kd_program_run(capture, &program, &err), cases[i].status);
		assert_non_null(strstr(err.text, cases[i].why));
		assert_non_null(strstr(capture->log, cases[i].said));
		assert_null(strstr(capture->log, "after"));
	}
	{
		char *const words[] = {none, NULL};
		const struct kd_program program = {"title", words, NULL, 60};

		assert_int_equal(kd_program_run(capture, &program, &err), KD_SYSTEM);
		assert_non_null(strstr(capture->log, "/nonexistent/program: No such file"));
	}
}

/* What one target had reached says nothing about the next. */
static void test_next_target(void **state)
{
	struct kd_capture *capture = *state;
	struct kd_config config;

	assert_int_equal(kd_config_init(&config, NULL), KD_OK);
	assert_int_equal(kd_config_set(&config, "target", "device", "LABEL=a", NULL), KD_OK);
	assert_int_equal(kd_config_set(&config, "target b", "device", "/dev/vdb", NULL), KD_OK);
	assert_int_equal(kd_config_set(&config, "target b", "type", "raw", NULL), KD_OK);
	kd_capture_configure(capture, &config);
	kd_config_deinit(&config);
	assert_int_equal(capture->target_count, 2);
	assert_string_equal(capture->device, "LABEL=a");
	assert_string_equal(kd_store_of(capture)->name, "folder");
	kd_part(capture, "vmcore")->whole = true;
	snprintf(capture->folder, sizeof(capture->folder), "/x");
	capture->dump_tried = capture->target_ready = capture->begun = true;
	capture->saved.file_bytes = 7;
	kd_capture_use_target(capture, 1);
	assert_string_equal(capture->device, "/dev/vdb");
	assert_string_equal(kd_store_of(capture)->name, "raw device");
	assert_int_equal(capture->part_count, 0);
	assert_false(kd_part(capture, "vmcore")->whole);
	assert_string_equal(capture->folder, "");
	assert_false(capture->dump_tried || capture->target_ready || capture->begun);
	assert_int_equal(capture->saved.file_bytes, 0);
}

static void test_assembly_lines(void **state)
{
	static const char *const bad[] = {"",
					  "0",
					  "0 md",
					  "0 md a:b 1.2",
					  "0 md a:b 1.2 0",
					  "0 md a:b 0.90 2",
					  "0 md a:b 1.2 2 x",
					  "x md a:b 1.2 2",
					  "0 lvm",
					  "0 lvm vg",
					  "0 lvm vg/lv more",
					  "0 zfs vg/lv"};
	struct kd_assembly assembly;
	char line[2048];

	assert_true(kd_assembly_parse("3 md 01-02 1.2 4", &assembly));
	assert_int_equal(assembly.target, 3);
	assert_string_equal(assembly.how, "md");
	assert_string_equal(assembly.what, "01-02");
	assert_int_equal(assembly.metadata_minor, 2);
	assert_int_equal(assembly.members, 4);
	assert_true(kd_assembly_parse("0 lvm my-vg/the-lv", &assembly));
	assert_string_equal(assembly.how, "lvm");
	assert_string_equal(assembly.what, "my-vg/the-lv");
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		if (kd_assembly_parse(bad[i], &assembly))
			fail_msg("\"%s\" was taken", bad[i]);
	memset(line, 'x', sizeof(line) - 1);
	line[sizeof(line) - 1] = '\0';
	memcpy(line, "0 lvm v/", strlen("0 lvm v/"));
	assert_false(kd_assembly_parse(line, &assembly));
	assert_string_equal(assembly.what, "my-vg/the-lv");
}

static void test_host_names(void **state)
{
	static const struct {
		const char *from, *to;
	} cases[] = {
		{"web-1.example.org", "web-1.example.org"},
		{"../../etc", "_._.._etc"},
		{"a/b c", "a_b_c"},
		{"", "localhost"},
		{NULL, "localhost"},
		{".", "_"},
	};
	char host[KD_HOST_BYTES], endless[300];

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		kd_host_name(cases[i].from, host);
		if (i == 1) {
			/* no slash, and no name that begins with a dot */
			assert_null(strchr(host, '/'));
			assert_true(host[0] != '.');
		} else {
			assert_string_equal(host, cases[i].to);
		}
	}
	memset(endless, 'x', sizeof(endless));
	endless[sizeof(endless) - 1] = '\0';
	kd_host_name(endless, host);
	assert_int_equal(strlen(host), KD_HOST_BYTES - 1);
}

static void write_part(struct kd_capture *capture, const char *name, const char *text)
{
	const struct kd_store *store = kd_store_of(capture);
	struct kd_err err;
	FILE *stream;

	assert_int_equal(store->open_part(capture, name, &stream, &err), KD_OK);
	fputs(text, stream);
	assert_int_equal(store->close_part(capture, stream, &err), KD_OK);
}

static void test_raw_store(void **state)
{
	struct kd_capture *capture = *state;
	const struct kd_store *store;
	struct kd_raw_header header;
	uint8_t digest[KD_SHA256_BYTES];
	char path[PATH_MAX], text[16];
	struct kd_sha256 hash;
	struct kd_sink sink;
	struct kd_err err;
	int fd;

	snprintf(capture->node, sizeof(capture->node), "/tmp/kdump-raw-XXXXXX");
	fd = mkstemp(capture->node);
	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, KD_RAW_DUMP_OFFSET + (1 << 20)), 0);
	capture->target_type = KD_TARGET_RAW;
	snprintf(capture->host, sizeof(capture->host), "box");
	store = kd_store_of(capture);
	assert_int_equal(store->begin(capture, &err), KD_OK);
	assert_int_equal(pread(fd, &header, sizeof(header), 0), sizeof(header));
	assert_int_equal(header.state, KD_RAW_WRITING);
	assert_int_equal(header.part_count, 0);

	write_part(capture, "dmesg.txt", "first");
	write_part(capture, "report.txt", "second");
	assert_int_equal(store->open_dump(capture, &sink, path, &err), KD_OK);
	assert_int_equal(kd_sink_write(&sink, 0, "dump", 4, &err), KD_OK);
	capture->saved.file_bytes = 4;
	assert_int_equal(store->close_dump(capture, &sink, &err), KD_OK);
	kd_sink_close(&sink);
	write_part(capture, "manifest.json", "{}");
	assert_int_equal(store->end(capture, &err), KD_OK);

	assert_int_equal(pread(fd, &header, sizeof(header), 0), sizeof(header));
	assert_memory_equal(header.magic, KD_RAW_MAGIC, 8);
	assert_int_equal(header.version, KD_RAW_VERSION);
	assert_int_equal(header.state, KD_RAW_ENDED);
	assert_string_equal(header.host, "box");
	assert_int_equal(header.part_count, 4);
	kd_sha256_init(&hash);
	kd_sha256_update(&hash, &header, offsetof(struct kd_raw_header, digest));
	kd_sha256_final(&hash, digest);
	assert_memory_equal(digest, header.digest, sizeof(digest));
	for (unsigned int i = 0; i < 4; i++) {
		static const char *const content[] = {"first", "second", "dump", "{}"};
		const struct kd_raw_part *part = &header.parts[i];

		assert_int_equal(part->whole, 1);
		assert_int_equal(part->offset % KD_RAW_ALIGNMENT, 0);
		assert_int_equal(part->bytes, strlen(content[i]));
		assert_int_equal(pread(fd, text, part->bytes, (off_t)part->offset), part->bytes);
		assert_memory_equal(text, content[i], part->bytes);
	}
	assert_int_equal(header.parts[2].offset, KD_RAW_DUMP_OFFSET);
	close(fd);
	unlink(capture->node);
}

/* A step that died left two parts behind, and what is tried instead writes them anew. */
static void check_second_try(struct kd_capture *capture)
{
	const struct kd_store *store = kd_store_of(capture);
	struct kd_err err;
	FILE *stream;

	assert_int_equal(store->open_part(capture, "report.txt", &stream, &err), KD_OK);
	fclose(stream);
	assert_int_equal(store->open_part(capture, "report.json", &stream, &err), KD_OK);
	fclose(stream);
	write_part(capture, "report.txt", "again");
	assert_string_equal(capture->parts[0].name, "report.txt");
	assert_true(capture->parts[0].whole);
	assert_int_equal(capture->parts[0].bytes, strlen("again"));
	assert_string_equal(capture->parts[1].name, "report.json");
	assert_false(capture->parts[1].whole);
}

static void test_second_tries(void **state)
{
	struct kd_capture *capture = *state;
	char base[] = "/tmp/kdump-folder-XXXXXX", command[PATH_MAX];
	struct kd_err err;

	assert_non_null(mkdtemp(base));
	snprintf(capture->target_path, sizeof(capture->target_path), "%s", base);
	snprintf(capture->host, sizeof(capture->host), "box");
	assert_int_equal(kd_store_of(capture)->begin(capture, &err), KD_OK);
	check_second_try(capture);

	snprintf(capture->node, sizeof(capture->node), "%s/disk", base);
	assert_int_equal(kd_file_replace(capture->node, "", 0, 0600, &err), KD_OK);
	assert_int_equal(truncate(capture->node, KD_RAW_DUMP_OFFSET), 0);
	capture->part_count = 0;
	capture->target_type = KD_TARGET_RAW;
	assert_int_equal(kd_store_of(capture)->begin(capture, &err), KD_OK);
	check_second_try(capture);
	snprintf(command, sizeof(command), "rm -r %s", base);
	assert_int_equal(system(command), 0);
}

/* What a dump that was not ended says of itself on a raw device: its length, and that it is not whole. */
static void test_raw_store_of_a_failure(void **state)
{
	struct kd_capture *capture = *state;
	const struct kd_store *store;
	char path[PATH_MAX];
	struct kd_raw_crash crash;
	struct kd_sink sink;
	struct kd_err err;
	int fd;

	snprintf(capture->node, sizeof(capture->node), "/tmp/kdump-raw-XXXXXX");
	fd = mkstemp(capture->node);
	assert_int_equal(ftruncate(fd, KD_RAW_DUMP_OFFSET + (1 << 20)), 0);
	close(fd);
	capture->target_type = KD_TARGET_RAW;
	store = kd_store_of(capture);
	assert_int_equal(store->begin(capture, &err), KD_OK);
	assert_int_equal(store->open_dump(capture, &sink, path, &err), KD_OK);
	kd_sink_close(&sink);
	capture->saved.file_bytes = 12345;
	store->make_room(capture);
	write_part(capture, "manifest.json", "{}");
	assert_int_equal(store->end(capture, &err), KD_OK);
	assert_int_equal(kd_raw_read(capture->node, &crash, &err), KD_OK);
	assert_int_equal(crash.state, KD_RAW_ENDED);
	assert_int_equal(crash.part_count, 2);
	assert_int_equal(crash.parts[0].bytes, 12345);
	assert_int_equal(crash.parts[0].whole, 0);
	assert_int_equal(crash.parts[1].whole, 1);
	unlink(capture->node);
}

/* A folder's small part is whole only once it was closed. */
static void test_folder_store(void **state)
{
	struct kd_capture *capture = *state;
	char base[] = "/tmp/kdump-folder-XXXXXX", path[PATH_MAX + 32], command[PATH_MAX];
	const struct kd_store *store = kd_store_of(capture);
	struct kd_err err;
	struct stat st;
	FILE *stream;

	assert_non_null(mkdtemp(base));
	snprintf(capture->target_path, sizeof(capture->target_path), "%s/deep/down", base);
	snprintf(capture->host, sizeof(capture->host), "box");
	capture->capture_time_s = 1700000000;
	assert_int_equal(store->begin(capture, &err), KD_OK);
	assert_non_null(strstr(capture->folder, "/deep/down/box-2023-11-14T22-13-20Z"));
	assert_int_equal(stat(capture->folder, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);

	assert_int_equal(store->open_part(capture, "dmesg.txt", &stream, &err), KD_OK);
	fputs("hello", stream);
	assert_false(capture->parts[0].whole);
	assert_int_equal(store->close_part(capture, stream, &err), KD_OK);
	assert_true(capture->parts[0].whole);
	assert_int_equal(capture->parts[0].bytes, 5);
	snprintf(path, sizeof(path), "%s/dmesg.txt", capture->folder);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);

	/* a dump that is not whole gives up its end, so that there is room to say so */
	snprintf(path, sizeof(path), "%s/vmcore.incomplete", capture->folder);
	assert_int_equal(kd_file_replace(path, "", 0, 0600, &err), KD_OK);
	assert_int_equal(truncate(path, 3 << 20), 0);
	store->make_room(capture);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_size, 2 << 20);

	/* a second crash in the same second gets a folder of its own */
	assert_int_equal(store->begin(capture, &err), KD_OK);
	assert_non_null(strstr(capture->folder, "20Z-2"));
	snprintf(command, sizeof(command), "rm -r %s", base);
	assert_int_equal(system(command), 0);
}

static void test_manifest_of_a_failure(void **state)
{
	struct kd_capture *capture = *state;
	const struct kd_step bad = {"dump", refuse, one_second};
	json_t *root;
	char *text;
	size_t bytes;
	FILE *stream = open_memstream(&text, &bytes);
	struct kd_err err;

	kd_supervise(capture, &bad);
	kd_part(capture, "vmcore");
	capture->saved.file_bytes = 1 << 30;
	capture->saved.unreadable_pages = 1;
	capture->saved.unreadable[0] = 0x3000;
	assert_int_equal(kd_manifest_write(capture, stream, &err), KD_OK);
	fclose(stream);
	root = json_loads(text, 0, NULL);
	assert_non_null(root);
	assert_true(json_is_false(json_object_get(root, "complete")));
	assert_string_equal(json_string_value(json_object_get(root, "reason")),
			    "dump: the disk: on fire");
	assert_string_equal(
		json_string_value(json_array_get(
			json_object_get(json_object_get(root, "unreadable"), "addresses"), 0)),
		"0x3000");
	json_decref(root);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_programs, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_next_target, set_up, tear_down),
		cmocka_unit_test(test_assembly_lines),
		cmocka_unit_test_setup_teardown(test_outcomes, set_up, tear_down),
		cmocka_unit_test(test_host_names),
		cmocka_unit_test_setup_teardown(test_raw_store, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_folder_store, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_second_tries, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_raw_store_of_a_failure, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_manifest_of_a_failure, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
