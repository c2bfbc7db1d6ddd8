/* SPDX-License-Identifier: GPL-2.0-or-later */
/* src/report on made-up dumps: what is there is told, what is missing is named, nothing is invented. */
#include "test.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "dump_fixture.h"
#include "kernel/kernel.h"
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
	assert_int_equal(kd_report_make(kernel, &report, &err), KD_OK);
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

	assert_non_null(strstr(rendered.text, "No panic message found"));
	assert_non_null(strstr(rendered.text, "kernel   6.1.0-made-up"));
	assert_non_null(strstr(rendered.text, "2023-11-14 22:13:20 UTC"));
	assert_non_null(strstr(rendered.text, "missing  kernel log: "));
	assert_non_null(strstr(rendered.text, "CPU 1, process 1234"));
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
	assert_non_null(strstr(rendered.text, "host     unknown"));
	assert_non_null(strstr(rendered.text, "crashed  unknown"));
	assert_true(json_is_null(json_object_get(rendered.root, "crash_time")));
	assert_int_equal(json_array_size(json_object_get(rendered.root, "cpus")), 0);
	drop(&rendered);
	fixture_deinit(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_registers_without_a_log),
		cmocka_unit_test(test_nothing_at_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
