/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * {"host", "release", "build_id", "crash_time", "cpus": [{"cpu", "pid", "registers": {"rip": "0x…"}}],
 *  "panic": {"message", "cause", "cpu", "pid", "comm", "uptime_s"} or null, "log": [lines], "missing": […]}
 */
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <string.h>

#include "arch/arch.h"
#include "host/system.h"
#include "kernel/registers.h"
#include "report/model.h"

/* Log lines may hold any bytes; JSON may not. */
static json_t *text(const char *bytes, size_t length)
{
	json_t *value = json_stringn(bytes, length);
	char clean[1024];
	size_t i;

	if (value)
		return value;
	for (i = 0; i < length && i < sizeof(clean); i++)
		clean[i] = (unsigned char)bytes[i] < 0x80 ? bytes[i] : '?';
	return json_stringn(clean, i);
}

static json_t *text_or_null(const char *string)
{
	return string && *string ? text(string, strlen(string)) : json_null();
}

static json_t *number_if(bool known, uint64_t value)
{
	return known ? json_integer((json_int_t)value) : json_null();
}

static json_t *panic_object(const struct kd_report *report)
{
	const struct kd_panic *panic = &report->panic;

	if (!report->has_panic)
		return json_null();
	return json_pack("{so so so so so so}", "message", text_or_null(panic->message), "cause",
			 text_or_null(panic->cause), "cpu", number_if(panic->has_cpu, panic->cpu),
			 "pid", number_if(panic->has_pid, panic->pid), "comm",
			 text_or_null(panic->comm), "uptime_s",
			 panic->has_time ? json_real((double)panic->time_ns / 1e9) : json_null());
}

static json_t *cpu_object(const struct kd_report *report, unsigned int cpu)
{
	struct kd_cpu_registers registers;
	json_t *values;

	if (kd_registers_get(kd_kernel_dump(report->kernel), cpu, &registers, NULL))
		return json_pack("{si sn sn}", "cpu", (int)cpu, "pid", "registers");
	values = json_object();
	for (size_t i = 0; values && i < registers.arch->register_count; i++) {
		char hex[24];

		snprintf(hex, sizeof(hex), "0x%" PRIx64, kd_register_value(&registers, i));
		json_object_set_new(values, registers.arch->registers[i].name, json_string(hex));
	}
	return json_pack("{si si so}", "cpu", (int)cpu, "pid", (int)registers.pid, "registers",
			 values);
}

static json_t *lines(const char *log)
{
	json_t *list = json_array();

	while (list && *log) {
		size_t length = strcspn(log, "\n");

		json_array_append_new(list, text(log, length));
		log += length + (log[length] == '\n');
	}
	return list;
}

static json_t *make(const struct kd_report *report)
{
	const struct kd_kernel *kernel = report->kernel;
	uint64_t crashed = kd_kernel_crash_time_s(kernel);
	json_t *cpus = json_array(), *missing = json_array();

	for (unsigned int cpu = 0; cpus && cpu < report->cpus; cpu++)
		json_array_append_new(cpus, cpu_object(report, cpu));
	for (size_t i = 0; missing && i < report->gap_count; i++)
		json_array_append_new(missing, text_or_null(report->gaps[i]));
	return json_pack("{so so so so so so so so}", "host",
			 text_or_null(kd_kernel_nodename(kernel)), "release",
			 text_or_null(kd_kernel_release(kernel)), "build_id",
			 text_or_null(kd_kernel_build_id(kernel)), "crash_time",
			 number_if(crashed != 0, crashed), "panic", panic_object(report), "cpus",
			 cpus, "log", lines(report->log), "missing", missing);
}

enum kd_status kd_report_write_json(const struct kd_report *report, FILE *stream,
				    struct kd_err *err)
{
	json_t *root = make(report);
	int failed;

	if (!root)
		return kd_fail_errno(err, ENOMEM, "report");
	failed = json_dumpf(root, stream, JSON_INDENT(2)) || fputc('\n', stream) == EOF ||
		 fflush(stream);
	json_decref(root);
	return failed ? kd_fail_errno(err, errno, "report") : KD_OK;
}
