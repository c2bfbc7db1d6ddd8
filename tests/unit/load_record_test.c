/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The record survives a round trip and nothing that is done to it survives unnoticed. */
#include "test.h"

#include "load_machine.h"

#include "load/record.h"

static char *copy(const char *text)
{
	char *made = strdup(text);

	assert_non_null(made);
	return made;
}

static struct kd_load_record sample(void)
{
	struct kd_load_record record = {
		.armed = true,
		.arguments = {.kernel = copy("/boot/k"),
			      .append = copy("a=\"b c\" d"),
			      .reuse_command_line = true,
			      .method = KD_LOAD_AUTO,
			      .backup = KD_BACKUP_ALWAYS},
		.time_s = 1700000000,
		.boot_id = "boot",
		.release = "6.1",
		.method = KD_LOAD_SEGMENTS,
		.backup = true,
		.command_line = copy("panic=1"),
		.layout = "aa",
		.files[KD_ROLE_KERNEL] = {.path = copy("/boot/k"), .sha256 = "bb", .bytes = 9},
		.segments = {{"kernel", 0xffffffff81000000, 4096}, {"initrd", 0x2e000000, 8192}},
		.segment_count = 2,
	};

	return record;
}

static void test_round_trip(void **state)
{
	struct machine machine;
	struct kd_load_record written = sample(), read = {0};

	machine_make(&machine);
	assert_int_equal(kd_load_record_write(&machine.paths, &written, NULL), KD_OK);
	assert_int_equal(kd_load_record_read(&machine.paths, &read, NULL), KD_OK);
	assert_true(read.armed);
	assert_string_equal(read.arguments.kernel, "/boot/k");
	assert_null(read.arguments.initrd);
	assert_false(read.arguments.no_initrd);
	assert_null(read.arguments.command_line);
	assert_true(read.arguments.reuse_command_line);
	assert_string_equal(read.arguments.append, "a=\"b c\" d");
	assert_int_equal(read.arguments.method, KD_LOAD_AUTO);
	assert_int_equal(read.arguments.backup, KD_BACKUP_ALWAYS);
	assert_int_equal(read.time_s, 1700000000);
	assert_string_equal(read.boot_id, "boot");
	assert_int_equal(read.method, KD_LOAD_SEGMENTS);
	assert_string_equal(read.command_line, "panic=1");
	assert_string_equal(read.files[KD_ROLE_KERNEL].sha256, "bb");
	assert_int_equal(read.files[KD_ROLE_KERNEL].bytes, 9);
	assert_null(read.files[KD_ROLE_INITRD].path);
	assert_int_equal(read.segment_count, 2);
	assert_string_equal(read.segments[1].name, "initrd");
	assert_true(read.segments[0].paddr == 0xffffffff81000000);
	kd_load_record_deinit(&written);
	kd_load_record_deinit(&read);
	assert_int_equal(kd_load_record_remove(&machine.paths, NULL), KD_OK);
	assert_int_equal(kd_load_record_remove(&machine.paths, NULL), KD_OK);
	assert_int_equal(kd_load_record_read(&machine.paths, &read, NULL), KD_NOTFOUND);
	machine_destroy(&machine);
}

/* Reads text as the record; the record must stay untouched when that fails. */
static enum kd_status read_text(const struct machine *machine, const char *text, struct kd_err *err)
{
	struct kd_load_record record = {.time_s = 77};
	enum kd_status status;

	machine_put(machine, "var/lib/kdump/loaded.json", text);
	status = kd_load_record_read(&machine->paths, &record, err);
	if (status)
		assert_int_equal(record.time_s, 77);
	else
		kd_load_record_deinit(&record);
	return status;
}

#define REQUEST "\"request\": {\"method\": \"auto\", \"backup\": \"auto\"}"
#define LOADED(files, segments)                                                                    \
	"\"loaded\": {\"time\": 1, \"boot_id\": \"b\", \"release\": \"r\", \"method\": \"file\","  \
	" \"command_line\": \"\", \"layout\": \"l\", \"files\": " files                            \
	", \"segments\": " segments "}"

static void test_damage(void **state)
{
	static const struct {
		const char *text;
		enum kd_status status;
		const char *says;
	} cases[] = {
		{"{\"version\": 1, " REQUEST ", " LOADED("[]", "[]") "}", KD_OK, NULL},
		{"", KD_CORRUPT, "loaded.json"},
		{"nonsense", KD_CORRUPT, "line 1"},
		{"[]", KD_CORRUPT, "version"},
		{"{\"version\": 2}", KD_UNSUPPORTED, "version 2"},
		{"{\"version\": \"1\"}", KD_CORRUPT, "version"},
		{"{\"version\": 1}", KD_CORRUPT, "request"},
		{"{\"version\": 1, \"armed\": 3, " REQUEST ", " LOADED("[]", "[]") "}", KD_CORRUPT,
		 "armed"},
		{"{\"version\": 1, \"request\": {\"method\": \"magic\", \"backup\": \"auto\"}, " LOADED(
			 "[]", "[]") "}",
		 KD_CORRUPT, "method"},
		{"{\"version\": 1, \"request\": {\"method\": \"auto\", \"backup\": \"auto\", "
		 "\"kernel\": 7}, " LOADED("[]", "[]") "}",
		 KD_CORRUPT, "kernel"},
		{"{\"version\": 1, " REQUEST ", " LOADED(
			 "[{\"role\": \"kernel\", \"path\": \"/k\", \"sha256\": \"s\", \"bytes\": -1}]",
			 "[]") "}",
		 KD_CORRUPT, "bytes"},
		{"{\"version\": 1, " REQUEST
		 ", " LOADED("[{\"role\": \"spy\", \"path\": \"/k\"}]", "[]") "}",
		 KD_CORRUPT, "role"},
		{"{\"version\": 1, " REQUEST ", " LOADED(
			 "[{\"role\": \"kernel\", \"path\": \"/k\", \"sha256\": \"s\", \"bytes\": 1},"
			 "{\"role\": \"kernel\", \"path\": \"/k\", \"sha256\": \"s\", \"bytes\": 1}]",
			 "[]") "}",
		 KD_CORRUPT, "role"},
		{"{\"version\": 1, " REQUEST ", " LOADED(
			 "[{\"role\": \"kernel\", \"path\": \"/k\", \"bytes\": 1, \"sha256\": "
			 "\"00000000000000000000000000000000000000000000000000000000000000000\"}]",
			 "[]") "}",
		 KD_CORRUPT, "sha256"},
		{"{\"version\": 1, " REQUEST
		 ", " LOADED("[]", "[{\"name\": \"k\", \"address\": \"12\", \"bytes\": 1}]") "}",
		 KD_CORRUPT, "address"},
		{"{\"version\": 1, " REQUEST
		 ", " LOADED("[]", "[{\"name\": \"k\", \"address\": \"0x12345678123456789\", "
				   "\"bytes\": 1}]") "}",
		 KD_CORRUPT, "address"},
		{"{\"version\": 1, " REQUEST
		 ", " LOADED("[]", "[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17]") "}",
		 KD_CORRUPT, "segments"},
		{"{\"version\": 1, \"version\": 1, " REQUEST ", " LOADED("[]", "[]") "}",
		 KD_CORRUPT, "line"},
	};
	struct machine machine;

	machine_make(&machine);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct kd_err err = {0};

		assert_int_equal(read_text(&machine, cases[i].text, &err), cases[i].status);
		if (cases[i].says && !strstr(err.text, cases[i].says))
			fail_msg("case %zu: \"%s\" does not say \"%s\"", i, err.text,
				 cases[i].says);
	}
	machine_destroy(&machine);
}

/* A record that was cut anywhere is never taken for a whole one. */
static void test_truncation(void **state)
{
	struct kd_load_record record = sample();
	KD_CLEANUP_FREE char *whole = NULL;
	struct machine machine;
	char path[PATH_MAX];
	size_t bytes;

	machine_make(&machine);
	assert_int_equal(kd_load_record_write(&machine.paths, &record, NULL), KD_OK);
	kd_load_record_deinit(&record);
	kd_path(path, machine.paths.state, "loaded.json");
	assert_int_equal(kd_file_read(path, 65536, &whole, &bytes, NULL), KD_OK);
	while (bytes--) {
		whole[bytes] = '\0';
		assert_int_equal(read_text(&machine, whole, NULL), KD_CORRUPT);
	}
	machine_destroy(&machine);
}

static void test_not_utf8(void **state)
{
	struct kd_load_record record = sample();
	struct kd_err err = {0};
	struct machine machine;

	machine_make(&machine);
	free(record.files[KD_ROLE_KERNEL].path);
	record.files[KD_ROLE_KERNEL].path = copy("/boot/\xff");
	assert_int_equal(kd_load_record_write(&machine.paths, &record, &err), KD_INVALID);
	assert_non_null(strstr(err.text, "UTF-8"));
	kd_load_record_deinit(&record);
	machine_destroy(&machine);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_damage),
		cmocka_unit_test(test_truncation),
		cmocka_unit_test(test_not_utf8),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
