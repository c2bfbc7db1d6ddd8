/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reports: of any lines as the log of a crash, put together from the words by which kernels tell of crashes; and of a
 * made-up kernel whose tasks were changed in places that the input tells. Whatever comes of it, it has an end, and the
 * JSON is JSON.
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log_fixture.h"
#include "report/report.h"
#include "tasks_fixture.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { TEXT_BYTES = 32 << 10, LINES_MOST = 1000, LINE_BYTES = 512, CHANGE_BYTES = 4 };

/* What a byte from 0x80 on stands for. */
static const char *const phrases[] = {
	"Kernel panic - not syncing: ",
	"Fatal exception",
	"Fatal exception in interrupt",
	"BUG: unable to handle page fault for address: ffffdead00000000",
	"BUG: kernel NULL pointer dereference, address: 0000000000000008",
	"general protection fault, probably for non-canonical address 0xdead000000000100: 0000 [#1] ",
	"Oops: 0002 [#1] PREEMPT SMP NOPTI",
	"kernel BUG at mm/slub.c:379!",
	"RIP: 0010:",
	"function+0x10/0x20 [module]",
	"CPU: 1 PID: 4711 Comm: ",
	"Call Trace:",
	" <TASK>",
	"---[ end trace 0000000000000000 ]---",
	"INFO: task sh:4711 blocked for more than 120 seconds.",
	"hung_task: blocked tasks",
	"watchdog: BUG: soft lockup - CPU#1 stuck for 22s! [sh:4711]",
	"softlockup: hung tasks",
	"NMI watchdog: Watchdog detected hard LOCKUP on cpu 1",
	"Hard LOCKUP",
	"rcu: INFO: rcu_preempt detected stalls on CPUs/tasks:",
	"RCU Stall",
	"Out of memory: Killed process 4711 (sh) total-vm:1kB",
	"Out of memory: compulsory panic_on_oom is enabled",
	"System is deadlocked on memory",
	"mce: [Hardware Error]: CPU 1: Machine Check Exception: 5 Bank 4: b200000000070f0f",
	"Fatal machine check",
	"BUG: Bad page state in process sh  pfn:12345",
	"kernel stack overflow",
	"Attempted to kill init! exitcode=0x00000009",
	"VFS: Unable to mount root fs on unknown-block(0,0)",
	"sysrq: Trigger a crash",
	"panic_on_warn set ...",
	"WARNING: CPU: 1 PID: 4711 at kernel/panic.c:1 function+0x10/0x20",
	"Hardware name: <b>&\"'",
	"stack-protector: Kernel stack is corrupted in: function",
};
enum { PHRASES = sizeof(phrases) / sizeof(*phrases) };

/* Lines with a time before each. */
static void write_log(const uint8_t *data, size_t size, char text[TEXT_BYTES])
{
	size_t at = 0, column = 0;
	unsigned int lines = 0;

	for (size_t i = 0; i < size && lines < LINES_MOST && at + 2 * LINE_BYTES < TEXT_BYTES;
	     i++) {
		if (!column)
			at += (size_t)sprintf(text + at, "[%5u.%06u] ", lines++, data[i]);
		if (data[i] == '\n' || column > LINE_BYTES) {
			text[at++] = '\n';
			column = 0;
		} else if (data[i] >= 0x80) {
			column += (size_t)sprintf(text + at, "%s", phrases[data[i] % PHRASES]) + 1;
			at += strlen(text + at);
		} else if (data[i]) {
			text[at++] = (char)data[i];
			column++;
		}
	}
	text[at] = '\0';
}

static void render(struct kd_kernel *kernel, bool deep)
{
	static enum kd_status (*const writers[])(const struct kd_report *, FILE *,
						 struct kd_err *) = {
		kd_report_write_json, kd_report_write_text, kd_report_write_start,
		kd_report_write_html};
	struct kd_report *report;

	if (kd_report_make(kernel, deep, &report, NULL))
		return;
	for (size_t i = 0; i < sizeof(writers) / sizeof(*writers); i++) {
		char *text = NULL;
		size_t bytes;
		FILE *stream = open_memstream(&text, &bytes);
		json_t *json;

		if (!stream || writers[i](report, stream, NULL) || fclose(stream))
			abort();
		json = i ? NULL : json_loads(text, 0, NULL);
		if (!i && !json)
			abort();
		json_decref(json);
		free(text);
	}
	kd_report_free(report);
}

static void report(struct fixture *fixture, bool deep)
{
	struct kd_kernel *kernel = NULL;
	struct kd_dump *dump = NULL;

	fixture_build(fixture);
	if (!kd_dump_open(fixture->path, NULL, &dump, NULL) && !kd_kernel_open(dump, &kernel, NULL))
		render(kernel, deep);
	kd_kernel_close(kernel);
	kd_dump_close(dump);
	fixture_deinit(fixture);
}

static void report_tasks(const uint8_t *data, size_t size)
{
	struct fixture fixture;

	tasks_fixture_init(&fixture);
	for (size_t i = 0; i + CHANGE_BYTES <= size; i += CHANGE_BYTES)
		fixture_poke(&fixture, MADE_FREE + (data[i] | data[i + 1] << 8) % 0x9000,
			     data + i + 2, 2);
	report(&fixture, true);
}

static void report_log(const uint8_t *data, size_t size)
{
	static char text[TEXT_BYTES];
	struct fixture fixture;

	write_log(data, size, text);
	fixture_with_log(&fixture, text);
	fixture_cpu(&fixture, 4711, FIXTURE_TEXT + 0x10, FIXTURE_TEXT + 0x1000);
	report(&fixture, false);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!size)
		return 0;
	if (data[0] & 1)
		report_tasks(data + 1, size - 1);
	else
		report_log(data + 1, size - 1);
	return 0;
}
