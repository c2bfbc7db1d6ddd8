/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * {"sentence", "kind", "signature", "signature_text", "hints": […], "host", "release", "build_id", "crash_time",
 *  "panic": {"message", "cause", "cpu", "pid", "comm", "uptime_s"} or null,
 *  "cpus": [{"cpu", "pid", "comm", "registers": {"rip": "0x…"}, "frames": […], "missing"}],
 *  "blocked": [{"pid", "comm", "more", "lock": {"kind", "address", "owner": pid} or null, "frames": […], "missing"}],
 *  "load": [1, 5, 15 minutes], "memory": {"total": bytes, "free": bytes, …}, "taints": "POE", "modules": […],
 *  "machine": {"cpu", "vendor", "product", "firmware"}, "command_line", "tasks", "processes",
 *  "log": [lines], "missing": […]}; null for what is not known. Frames are as in `kdump bt --json`, with
 * "source" where there is debug information.
 */
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <string.h>

#include "arch/arch.h"
#include "host/system.h"
#include "inspect/taints.h"
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

static json_t *address(uint64_t value)
{
	char hex[24];

	snprintf(hex, sizeof(hex), "0x%" PRIx64, value);
	return json_string(hex);
}

static bool add_place(void *opaque, const struct kd_source_place *place)
{
	json_array_append_new(opaque,
			      json_pack("{so so si sb}", "function", text_or_null(place->function),
					"file", text_or_null(place->file), "line", (int)place->line,
					"inlined", place->is_inlined));
	return true;
}

static json_t *frames(const struct kd_report *report, const struct kd_stack *stack)
{
	json_t *list = json_array();

	for (size_t i = 0; stack && i < stack->count; i++) {
		const struct kd_frame *frame = &stack->frames[i];
		json_t *value =
			json_pack("{so so so so so sb sb}", "pc", address(frame->pc), "sp",
				  address(frame->sp), "symbol",
				  text_or_null(kd_report_function(report, frame)), "offset",
				  address(frame->offset), "module",
				  text_or_null(kd_report_module(report, frame)), "interrupted",
				  frame->interrupted, "reliable", frame->reliable);

		if (report->places) {
			json_t *source = json_array();

			kd_report_each_place(report, stack, i, add_place, source);
			json_object_set_new(value, "source", source);
		}
		json_array_append_new(list, value);
	}
	return list;
}

static json_t *missing_of(const struct kd_report_stack *at)
{
	if (!at->stack)
		return text_or_null(at->why);
	return at->stack->end.status ? text_or_null(at->stack->end.text) : json_null();
}

static json_t *cpu_object(const struct kd_report *report, const struct kd_report_cpu *cpu)
{
	const struct kd_arch *arch = &kd_arch_x86_64;
	json_t *values = cpu->has_registers ? json_object() : json_null();

	for (size_t i = 0; cpu->has_registers && i < arch->register_count; i++) {
		uint64_t value = 0;

		memcpy(&value, (const uint8_t *)cpu->registers + arch->registers[i].offset,
		       arch->registers[i].bytes);
		json_object_set_new(values, arch->registers[i].name, address(value));
	}
	return json_pack("{si so so so so so}", "cpu", (int)cpu->cpu, "pid",
			 number_if(cpu->has_registers, cpu->pid), "comm",
			 text_or_null(cpu->at.task ? cpu->at.task->comm : NULL), "registers",
			 values, "frames", frames(report, cpu->at.stack), "missing",
			 missing_of(&cpu->at));
}

static json_t *blocked_object(const struct kd_report *report, const struct kd_report_stack *at)
{
	json_t *lock = json_null();

	if (at->waits)
		lock = json_pack("{ss so so}", "kind", at->wait.kind, "address",
				 address(at->wait.lock), "owner",
				 at->wait.owner ? json_integer(at->wait.owner->pid) : json_null());
	return json_pack("{si so si so so so}", "pid", (int)at->task->pid, "comm",
			 text_or_null(at->task->comm), "more", (int)at->same, "lock", lock,
			 "frames", frames(report, at->stack), "missing", missing_of(at));
}

static json_t *memory_object(const struct kd_report *report)
{
	json_t *object;

	if (!report->has_memory)
		return json_null();
	object = json_pack("{sI}", "total", (json_int_t)report->memory.total_bytes);
	for (int kind = 0; kind < KD_MEMORY_KINDS; kind++)
		json_object_set_new(object, kd_memory_kind_name(kind),
				    json_integer((json_int_t)report->memory.bytes[kind]));
	return object;
}

static json_t *loads(const struct kd_report *report)
{
	return report->has_loads
		       ? json_pack("[fff]", report->loads[0], report->loads[1], report->loads[2])
		       : json_null();
}

static json_t *modules(const struct kd_report *report)
{
	const struct kd_module *list;
	json_t *names = json_array();
	size_t count = 0;

	if (!report->system)
		return names;
	list = kd_system_modules(report->system, &count);
	for (size_t i = 0; i < count; i++)
		json_array_append_new(names, text(list[i].name, strlen(list[i].name)));
	return names;
}

static json_t *taints(const struct kd_report *report)
{
	char letters[KD_TAINT_LETTERS];

	if (!report->has_taints)
		return json_null();
	kd_taint_letters(report->taints, letters);
	return json_string(letters);
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
	const struct kd_machine *machine = &report->machine;
	uint64_t crashed = kd_kernel_crash_time_s(kernel);
	json_t *cpus = json_array(), *missing = json_array(), *hints = json_array();
	json_t *blocked = json_array(), *what, *rest;

	for (size_t i = 0; i < report->cpu_count; i++)
		json_array_append_new(cpus, cpu_object(report, &report->cpus[i]));
	for (size_t i = 0; i < report->blocked_count; i++)
		json_array_append_new(blocked, blocked_object(report, &report->blocked[i]));
	for (size_t i = 0; i < report->hint_count; i++)
		json_array_append_new(hints, text_or_null(report->hints[i]));
	for (size_t i = 0; i < report->gap_count; i++)
		json_array_append_new(missing, text_or_null(report->gaps[i]));
	what = json_pack("{so so so so so so so so so so so so}", "sentence",
			 text_or_null(report->sentence), "kind",
			 text_or_null(report->kind ? report->kind->name : NULL), "signature",
			 text_or_null(report->signature), "signature_text",
			 text_or_null(report->signature_text), "hints", hints, "host",
			 text_or_null(kd_kernel_nodename(kernel)), "release",
			 text_or_null(kd_kernel_release(kernel)), "build_id",
			 text_or_null(kd_kernel_build_id(kernel)), "crash_time",
			 number_if(crashed != 0, crashed), "panic", panic_object(report), "cpus",
			 cpus, "blocked", blocked);
	rest = json_pack("{so so so so s{so so so so} so so so so so}", "load", loads(report),
			 "memory", memory_object(report), "taints", taints(report), "modules",
			 modules(report), "machine", "cpu", text_or_null(machine->cpu_model),
			 "vendor", text_or_null(machine->vendor), "product",
			 text_or_null(machine->product), "firmware",
			 text_or_null(machine->firmware), "command_line",
			 text_or_null(report->command_line), "tasks",
			 number_if(report->task_count, report->task_count), "processes",
			 number_if(report->task_count, report->process_count), "log",
			 lines(report->log), "missing", missing);
	if (what && rest)
		json_object_update(what, rest);
	json_decref(rest);
	return what;
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
