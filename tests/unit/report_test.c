/* SPDX-License-Identifier: GPL-2.0-or-later */
/* src/report on made-up dumps: what is there is told, what is missing is named, nothing is invented. */
#include "test.h"

#include <glob.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "dump_fixture.h"
#include "kernel/kernel.h"
#include "log_fixture.h"
#include "report/model.h"
#include "report/report.h"

struct rendered {
	char *text, *json;
	json_t *root;
};

static void render(struct fixture *fixture, struct rendered *rendered)
{
	struct kd_kernel *kernel;
	struct kd_report *report;
	struct kd_dump *dump;
	struct kd_err err;
	FILE *stream;
	size_t bytes;

	assert_int_equal(kd_dump_open(fixture->path, NULL, &dump, &err), KD_OK);
	assert_int_equal(kd_kernel_open(dump, &kernel, &err), KD_OK);
	assert_int_equal(kd_report_make(kernel, false, &report, &err), KD_OK);
	stream = open_memstream(&rendered->text, &bytes);
	assert_int_equal(kd_report_write_text(report, stream, &err), KD_OK);
	fclose(stream);
	stream = open_memstream(&rendered->json, &bytes);
	assert_int_equal(kd_report_write_json(report, stream, &err), KD_OK);
	fclose(stream);
	rendered->root = json_loads(rendered->json, 0, NULL);
	assert_non_null(rendered->root);
	kd_report_free(report);
	kd_kernel_close(kernel);
	kd_dump_close(dump);
}

static void drop(struct rendered *rendered)
{
	json_decref(rendered->root);
	free(rendered->text);
	free(rendered->json);
}

/* Registers, and no log to be found. */
static void test_registers_without_a_log(void **state)
{
	struct rendered rendered;
	struct fixture fixture;
	json_t *cpus;

	fixture_init(&fixture, 5);
	fixture_info(&fixture, "OSRELEASE=6.1.0-made-up");
	fixture_info(&fixture, "CRASHTIME=1700000000");
	fixture_cpu(&fixture, 0, 0xffffffff81000010, 0xffffffff82003e98);
	fixture_cpu(&fixture, 1234, 0xffffffff81000020, 0xff6e608980403a70);
	fixture_build(&fixture);
	render(&fixture, &rendered);

	assert_non_null(strstr(rendered.text, "The log names no panic."));
	assert_non_null(strstr(rendered.text, "kernel     6.1.0-made-up"));
	assert_non_null(strstr(rendered.text, "2023-11-14 22:13:20 UTC"));
	assert_non_null(strstr(rendered.text, "missing    kernel log: "));
	assert_null(strstr(rendered.text, "kernel log: kernel log: "));
	assert_non_null(strstr(rendered.text, "Registers of CPU 1, process 1234"));
	assert_non_null(strstr(rendered.text, "rip      ffffffff81000020"));

	assert_true(json_is_null(json_object_get(rendered.root, "panic")));
	assert_int_equal(json_integer_value(json_object_get(rendered.root, "crash_time")),
			 1700000000);
	cpus = json_object_get(rendered.root, "cpus");
	assert_int_equal(json_array_size(cpus), 2);
	assert_string_equal(json_string_value(json_object_get(
				    json_object_get(json_array_get(cpus, 1), "registers"), "rsp")),
			    "0xff6e608980403a70");
	assert_true(json_array_size(json_object_get(rendered.root, "missing")) >= 1);
	drop(&rendered);
	fixture_deinit(&fixture);
}

static void test_nothing_at_all(void **state)
{
	struct rendered rendered;
	struct fixture fixture;

	fixture_init(&fixture, 0);
	fixture_memory(&fixture, 0x100000, 4096, 4096);
	fixture_info(&fixture, "OSRELEASE=x");
	fixture_build(&fixture);
	render(&fixture, &rendered);
	assert_non_null(strstr(rendered.text, "host       unknown"));
	assert_non_null(strstr(rendered.text, "crashed    unknown"));
	assert_true(json_is_null(json_object_get(rendered.root, "crash_time")));
	assert_int_equal(json_array_size(json_object_get(rendered.root, "cpus")), 0);
	drop(&rendered);
	fixture_deinit(&fixture);
}

/* For a console: the CPU that panicked and no other. */
static void test_start_of_a_report(void **state)
{
	struct fixture fixture;
	struct kd_kernel *kernel;
	struct kd_report *report;
	struct kd_dump *dump;
	char *text = NULL;
	struct kd_err err;
	FILE *stream;
	size_t bytes;

	fixture_init(&fixture, 5);
	fixture_info(&fixture, "OSRELEASE=6.1.0-made-up");
	fixture_cpu(&fixture, 0, 0xffffffff81000010, 0xffffffff82003e98);
	fixture_cpu(&fixture, 1234, 0xffffffff81000020, 0xff6e608980403a70);
	fixture_build(&fixture);
	assert_int_equal(kd_dump_open(fixture.path, NULL, &dump, &err), KD_OK);
	assert_int_equal(kd_kernel_open(dump, &kernel, &err), KD_OK);
	assert_int_equal(kd_report_make(kernel, false, &report, &err), KD_OK);
	report->panic.has_cpu = true;
	report->panic.cpu = 1;
	stream = open_memstream(&text, &bytes);
	assert_int_equal(kd_report_write_start(report, stream, &err), KD_OK);
	fclose(stream);
	assert_memory_equal(text, report->sentence, strlen(report->sentence));
	assert_non_null(strstr(text, "kernel     6.1.0-made-up"));
	assert_non_null(strstr(text, "CPU 1, process 1234"));
	assert_non_null(strstr(text, "rip      ffffffff81000020"));
	assert_null(strstr(text, "CPU 0"));
	assert_null(strstr(text, "The end of the kernel's log"));
	free(text);
	kd_report_free(report);
	kd_kernel_close(kernel);
	kd_dump_close(dump);
	fixture_deinit(&fixture);
}

/* What "= NAME VALUE" says in a log's head; "": it has none. */
static void expected(const char *log, const char *name, char value[KD_REPORT_TEXT_BYTES])
{
	char start[32];
	const char *at;

	*value = '\0';
	snprintf(start, sizeof(start), "= %s ", name);
	at = strstr(log, start);
	if (at)
		snprintf(value, KD_REPORT_TEXT_BYTES, "%.*s",
			 (int)strcspn(at + strlen(start), "\n"), at + strlen(start));
}

static void compare(const char *file, const char *what, const char *is, const char *should)
{
	if (strcmp(is, should))
		print_error("%s: %s\n", file, what);
	assert_string_equal(is, should);
}

static void explain_log(const char *path)
{
	char log[32768], value[KD_REPORT_TEXT_BYTES], hints[4096] = "";
	struct kd_kernel *kernel;
	struct kd_report *report;
	struct fixture fixture;
	struct kd_dump *dump;
	FILE *file = fopen(path, "r");
	size_t bytes;

	assert_non_null(file);
	bytes = fread(log, 1, sizeof(log) - 1, file);
	fclose(file);
	assert_true(bytes < sizeof(log) - 1);
	log[bytes] = '\0';
	fixture_with_log(&fixture, log);
	fixture_build(&fixture);
	assert_int_equal(kd_dump_open(fixture.path, NULL, &dump, NULL), KD_OK);
	assert_int_equal(kd_kernel_open(dump, &kernel, NULL), KD_OK);
	assert_int_equal(kd_report_make(kernel, false, &report, NULL), KD_OK);
	expected(log, "kind", value);
	compare(path, "kind", report->kind ? report->kind->name : "", value);
	expected(log, "sentence", value);
	compare(path, "sentence", report->sentence, value);
	expected(log, "cause", value);
	compare(path, "cause", report->panic.cause, value);
	expected(log, "hint", value);
	for (size_t i = 0; i < report->hint_count; i++)
		snprintf(hints + strlen(hints), sizeof(hints) - strlen(hints), "%s%s",
			 i ? " | " : "", report->hints[i]);
	compare(path, "hints", hints, value);
	kd_report_free(report);
	kd_kernel_close(kernel);
	kd_dump_close(dump);
	fixture_deinit(&fixture);
}

/* Logs as kernels write them: tests/unit/crashes. */
static void test_logs(void **state)
{
	char pattern[4096];
	glob_t found;

	snprintf(pattern, sizeof(pattern), "%s/tests/unit/crashes/*.log", getenv("KD_SOURCE_ROOT"));
	assert_int_equal(glob(pattern, 0, NULL, &found), 0);
	assert_true(found.gl_pathc > 30);
	for (size_t i = 0; i < found.gl_pathc; i++)
		explain_log(found.gl_pathv[i]);
	globfree(&found);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_registers_without_a_log),
		cmocka_unit_test(test_nothing_at_all),
		cmocka_unit_test(test_start_of_a_report),
		cmocka_unit_test(test_logs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
