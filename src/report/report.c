/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/report.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arch/arch.h"
#include "host/system.h"
#include "inspect/fields.h"
#include "inspect/taints.h"
#include "kernel/log.h"
#include "kernel/registers.h"
#include "report/model.h"

static void add_gap(struct kd_report *report, const char *what, const struct kd_err *err)
{
	size_t length = strlen(what);
	char *gap;

	if (report->gap_count == KD_REPORT_GAPS)
		return;
	gap = report->gaps[report->gap_count++];
	/* most messages begin with the word themselves */
	if (!strncmp(err->text, what, length) && err->text[length] == ':')
		snprintf(gap, KD_ERR_TEXT_BYTES, "%s", err->text);
	else
		snprintf(gap, KD_ERR_TEXT_BYTES, "%s: %.400s", what, err->text);
}

/* Keeps the last bytes of a text of any length: drops the older half whenever it is full. */
static enum kd_status keep_tail(void *opaque, const char *piece, size_t bytes, struct kd_err *err)
{
	struct kd_report *report = opaque;

	while (bytes) {
		size_t room = sizeof(report->log) - 1 - report->log_bytes;
		size_t part = bytes < room ? bytes : room;

		memcpy(report->log + report->log_bytes, piece, part);
		report->log_bytes += part;
		piece += part;
		bytes -= part;
		if (bytes) {
			size_t half = report->log_bytes / 2;

			memmove(report->log, report->log + half, report->log_bytes - half);
			report->log_bytes -= half;
		}
	}
	return KD_OK;
}

static bool visit(void *opaque, const struct kd_klog_record *record)
{
	return !kd_klog_print(record, keep_tail, opaque, NULL);
}

static void read_log(struct kd_report *report)
{
	struct kd_klog_summary summary;
	enum kd_status status;
	struct kd_err err;

	status = kd_klog_each(report->kernel, visit, report, &summary, &err);
	if (status)
		add_gap(report, "kernel log", &err);
	/* a tail starts in the middle of a line: to the next one */
	if (report->log_bytes > sizeof(report->log) / 2) {
		char *line = memchr(report->log, '\n', report->log_bytes);
		size_t cut = line ? (size_t)(line + 1 - report->log) : 0;

		memmove(report->log, report->log + cut, report->log_bytes - cut);
		report->log_bytes -= cut;
	}
	report->log[report->log_bytes] = '\0';
}

static void unwind(struct kd_report *report, struct kd_orc_tables *orc, const struct kd_task *task,
		   struct kd_report_stack *at)
{
	struct kd_unwind_start start;
	struct kd_err why = {KD_OK, ""};

	at->task = task;
	if (kd_task_start(report->system, &report->tasks.cpus, task, &start, &why)) {
		snprintf(at->why, sizeof(at->why), "%s", why.text);
		return;
	}
	at->stack = malloc(sizeof(*at->stack));
	if (at->stack)
		kd_unwind(orc, &start, false, at->stack);
	else
		snprintf(at->why, sizeof(at->why), "no memory");
}

/* What they wait for may differ all the same. */
static bool same_place(const struct kd_report_stack *left, const struct kd_report_stack *right)
{
	return left->stack && right->stack && kd_stack_same(left->stack, right->stack);
}

static void add_blocked(struct kd_report *report, struct kd_orc_tables *orc,
			const struct kd_task *task)
{
	struct kd_report_stack *at = &report->blocked[report->blocked_count];
	size_t other = 0;

	report->blocked_tasks++;
	if (report->blocked_count == KD_REPORT_BLOCKED)
		return;
	unwind(report, orc, task, at);
	while (other < report->blocked_count && !same_place(&report->blocked[other], at))
		other++;
	if (other == report->blocked_count) {
		at->waits = at->stack && !kd_wait_find(report->system, &report->tasks, task,
						       at->stack, &at->wait, NULL);
		report->blocked_count++;
		return;
	}
	report->blocked[other].same++;
	free(at->stack);
	*at = (struct kd_report_stack){.task = NULL};
}

/* Tasks in uninterruptible sleep, each place once; first the one that the log names. */
static void find_blocked(struct kd_report *report, struct kd_orc_tables *orc)
{
	const struct kd_panic *panic = &report->panic;

	for (int others = 0; others < 2; others++)
		for (size_t i = 0; i < report->tasks.count; i++) {
			const struct kd_task *task = &report->tasks.list[i];
			bool named = panic->blames_pid && (uint32_t)task->pid == panic->blamed_pid;

			if (task->state == 'D' && !task->running && named != others)
				add_blocked(report, orc, task);
		}
}

static void look_at_cpus(struct kd_report *report, struct kd_orc_tables *orc)
{
	const struct kd_cpus *cpus = &report->tasks.cpus;
	size_t online = 0;

	for (unsigned int cpu = 0; cpu < cpus->count; cpu++)
		online += kd_cpu_is_online(cpus, cpu);
	report->cpus = calloc(online ? online : 1, sizeof(*report->cpus));
	for (unsigned int cpu = 0; report->cpus && cpu < cpus->count; cpu++) {
		struct kd_report_cpu *at = &report->cpus[report->cpu_count];
		const struct kd_task *task = kd_task_of_cpu(&report->tasks, cpu);
		struct kd_cpu_saved saved;
		struct kd_err why = {KD_OK, ""};

		if (!kd_cpu_is_online(cpus, cpu))
			continue;
		report->cpu_count++;
		at->cpu = cpu;
		if (!kd_cpu_saved(report->system, cpus, cpu, &saved, &why)) {
			at->has_registers = true;
			at->pid = saved.pid;
			memcpy(at->registers, saved.registers, sizeof(at->registers));
		}
		if (task)
			unwind(report, orc, task, &at->at);
		else
			snprintf(at->at.why, sizeof(at->at.why), "its task is not known");
	}
}

/* What the dump's notes alone tell of the CPUs. */
static void read_registers(struct kd_report *report)
{
	const struct kd_dump *dump = kd_kernel_dump(report->kernel);
	unsigned int count = kd_registers_count(dump);

	report->cpus = calloc(count ? count : 1, sizeof(*report->cpus));
	for (unsigned int i = 0; report->cpus && i < count; i++) {
		struct kd_report_cpu *at = &report->cpus[report->cpu_count];
		struct kd_cpu_registers registers;

		if (kd_registers_get(dump, i, &registers, NULL) ||
		    registers.arch != &kd_arch_x86_64)
			continue;
		report->cpu_count++;
		*at = (struct kd_report_cpu){.cpu = i, .has_registers = true, .pid = registers.pid};
		memcpy(at->registers, registers.set, sizeof(at->registers));
	}
}

static void read_command_line(struct kd_report *report)
{
	uint64_t pointer = 0, text = 0;

	if (kd_system_symbol(report->system, "saved_command_line", &pointer, NULL) ||
	    kd_read_u64(report->system, pointer, &text, NULL) ||
	    kd_read_text(report->system, text, report->command_line, sizeof(report->command_line),
			 NULL))
		report->command_line[0] = '\0';
}

static void look_deeper(struct kd_report *report)
{
	struct kd_orc_tables orc;
	struct kd_err why = {KD_OK, ""};

	if (kd_system_open(report->kernel, &report->system, &why)) {
		add_gap(report, "symbols", &why);
		return;
	}
	if (!kd_system_types(report->system, &why))
		add_gap(report, "types", &why);
	else if (kd_system_modules_status(report->system, &why))
		add_gap(report, "modules", &why);
	if (kd_tasks_init(&report->tasks, report->system, &why))
		add_gap(report, "tasks", &why);
	for (size_t i = 0; i < report->tasks.count; i++) {
		report->task_count += !report->tasks.list[i].idle;
		report->process_count += !report->tasks.list[i].idle &&
					 report->tasks.list[i].pid == report->tasks.list[i].tgid;
	}
	if (kd_orc_init(&orc, report->system, &why)) {
		add_gap(report, "stacks", &why);
	} else {
		look_at_cpus(report, &orc);
		find_blocked(report, &orc);
		kd_report_follow_waits(report, &orc);
	}
	kd_machine_read(report->system, &report->machine);
	read_command_line(report);
	report->has_loads = !kd_loads_read(report->system, report->loads, &why);
	report->has_taints = !kd_system_taints(report->system, &report->taints, &why);
	report->has_memory = !kd_memory_read(report->system, &report->memory, &why);
	if (!report->has_memory)
		add_gap(report, "memory", &why);
}

enum kd_status kd_report_make(struct kd_kernel *kernel, bool deep, struct kd_report **report,
			      struct kd_err *err)
{
	struct kd_report *made = calloc(1, sizeof(*made));
	enum kd_status status;
	struct kd_err why;

	if (!made)
		return kd_fail_errno(err, ENOMEM, "report");
	made->kernel = kernel;
	status = kd_panic_find(kernel, &made->panic, &why);
	made->has_panic = !status;
	if (status)
		add_gap(made, "panic message", &why);
	else
		made->kind = kd_crash_kind_find(&made->panic);
	read_log(made);
	if (deep)
		look_deeper(made);
	if (!made->cpu_count) {
		free(made->cpus);
		read_registers(made);
	}
	kd_report_explain(made);
	*report = made;
	return KD_OK;
}

void kd_report_free(struct kd_report *report)
{
	if (!report)
		return;
	for (size_t i = 0; i < report->cpu_count; i++)
		free(report->cpus[i].at.stack);
	for (size_t i = 0; i < report->blocked_count; i++)
		free(report->blocked[i].stack);
	free(report->cpus);
	kd_tasks_deinit(&report->tasks);
	kd_system_close(report->system);
	free(report);
}

const char *kd_report_function(const struct kd_report *report, const struct kd_frame *frame)
{
	return frame->symbol ? kd_symbol_name(kd_system_symbols(report->system), frame->symbol)
			     : NULL;
}

const char *kd_report_module(const struct kd_report *report, const struct kd_frame *frame)
{
	const struct kd_module *module =
		frame->symbol ? kd_system_module_of(report->system, frame->symbol) : NULL;

	return module ? module->name : NULL;
}

struct kd_system *kd_report_system(const struct kd_report *report)
{
	return report->system;
}

void kd_report_add_lines(struct kd_report *report, kd_report_places *places, void *opaque)
{
	report->places = places;
	report->places_opaque = opaque;
}

void kd_report_each_place(const struct kd_report *report, const struct kd_stack *stack,
			  size_t frame, kd_source_take *take, void *opaque)
{
	if (report->places)
		report->places(report->places_opaque, kd_frame_instruction(stack, frame), take,
			       opaque);
}
