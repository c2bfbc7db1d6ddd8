/* SPDX-License-Identifier: GPL-2.0-or-later */
/* src/report on made-up dumps: what is there is told, what is missing is named, nothing is invented. */
#include "test.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "dump_fixture.h"
#include "kernel/kernel.h"
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

/* Messages as kernels print them. */
static void test_kinds(void **state)
{
	static const struct {
		const char *message, *cause, *kind;
	} crashes[] = {
		{"Kernel panic - not syncing: sysrq triggered crash", "sysrq: Trigger a crash",
		 "requested"},
		{"Kernel panic - not syncing: Fatal exception",
		 "BUG: kernel NULL pointer dereference, address: 0000000000000010", "null-pointer"},
		{"Kernel panic - not syncing: Fatal exception in interrupt",
		 "BUG: unable to handle page fault for address: ffffc90000a3c000", "page-fault"},
		{"Kernel panic - not syncing: Fatal exception",
		 "general protection fault, probably for non-canonical address "
		 "0xdead000000000122: 0000 [#1] PREEMPT SMP",
		 "general-protection"},
		{"Kernel panic - not syncing: Fatal exception", "kernel BUG at mm/slub.c:440!",
		 "bug"},
		{"Kernel panic - not syncing: hung_task: blocked tasks", "", "hung-task"},
		{"Kernel panic - not syncing: Hard LOCKUP",
		 "NMI watchdog: Watchdog detected hard LOCKUP on cpu 3", "hard-lockup"},
		{"Kernel panic - not syncing: softlockup: hung tasks",
		 "watchdog: BUG: soft lockup - CPU#1 stuck for 26s! [cat:311]", "soft-lockup"},
		{"Kernel panic - not syncing: Out of memory: compulsory panic_on_oom is enabled",
		 "", "out-of-memory"},
		{"Kernel panic - not syncing: Out of memory: system-wide panic_on_oom is enabled",
		 "", "out-of-memory"},
		{"Kernel panic - not syncing: Out of memory and no killable processes...", "",
		 "out-of-memory"},
		{"Kernel panic - not syncing: System is deadlocked on memory", "", "out-of-memory"},
		{"Kernel panic - not syncing: Attempted to kill init! exitcode=0x0000000b", "",
		 "init-died"},
		{"Kernel panic - not syncing: VFS: Unable to mount root fs on "
		 "unknown-block(0,0)",
		 "", "no-root"},
		{"Kernel panic - not syncing: Fatal machine check", "", "machine-check"},
		{"Kernel panic - not syncing: corrupted stack end detected inside scheduler", "",
		 "stack-overflow"},
		{"Kernel panic - not syncing: Fatal exception in interrupt",
		 "BUG: stack guard page was hit at 000000003d8c4a2f (stack is …)",
		 "stack-overflow"},
		{"Kernel panic - not syncing: panic_on_warn set ...", "", "panic-on-warn"},
		{"Kernel panic - not syncing: something of a driver's", "", "panic"},
	};

	for (size_t i = 0; i < sizeof(crashes) / sizeof(*crashes); i++) {
		struct kd_panic panic = {.message = ""};
		const struct kd_crash_kind *kind;

		strcpy(panic.message, crashes[i].message);
		strcpy(panic.cause, crashes[i].cause);
		kind = kd_crash_kind_find(&panic);
		assert_non_null(kind);
		assert_string_equal(kind->name, crashes[i].kind);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_registers_without_a_log),
		cmocka_unit_test(test_nothing_at_all),
		cmocka_unit_test(test_start_of_a_report),
		cmocka_unit_test(test_kinds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
