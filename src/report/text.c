/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "arch/arch.h"
#include "host/system.h"
#include "inspect/taints.h"
#include "report/model.h"

enum { LOG_LINES = 40, REGISTERS_A_LINE = 3, BAR_CELLS = 40, WIDTH = 78 };

static void heading(FILE *stream, const char *text)
{
	fprintf(stream, "\n%s\n", text);
	for (size_t i = 0; i < strlen(text); i++)
		fputc('-', stream);
	fputc('\n', stream);
}

static void write_what(const struct kd_report *report, FILE *stream)
{
	const struct kd_panic *panic = &report->panic;

	fprintf(stream, "%s\n\n", report->sentence);
	if (report->has_panic && *panic->message)
		fprintf(stream, "panic      %s\n", panic->message);
	if (report->has_panic && *panic->cause && strcmp(panic->cause, panic->message))
		fprintf(stream, "cause      %s\n", panic->cause);
	if (*report->signature)
		fprintf(stream, "signature  %s\n           %s\n", report->signature,
			report->signature_text);
	for (size_t i = 0; i < report->hint_count; i++)
		fprintf(stream, "hint       %s\n", report->hints[i]);
	for (size_t i = 0; i < report->gap_count; i++)
		fprintf(stream, "missing    %s\n", report->gaps[i]);
}

static void write_where(const struct kd_report *report, FILE *stream)
{
	const struct kd_kernel *kernel = report->kernel;
	time_t crashed = (time_t)kd_kernel_crash_time_s(kernel);
	const char *host = kd_kernel_nodename(kernel);
	const struct kd_machine *machine = &report->machine;
	char when[64] = "unknown", letters[KD_TAINT_LETTERS];
	struct tm utc;

	if (crashed && gmtime_r(&crashed, &utc))
		strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S UTC", &utc);
	fputc('\n', stream);
	fprintf(stream, "host       %s\n", host ? host : "unknown");
	fprintf(stream, "kernel     %s\n", kd_kernel_release(kernel));
	fprintf(stream, "crashed    %s\n", when);
	if (report->panic.has_time)
		fprintf(stream, "uptime     %" PRIu64 ".%06" PRIu64 " s\n",
			report->panic.time_ns / 1000000000, report->panic.time_ns / 1000 % 1000000);
	if (report->has_loads)
		fprintf(stream, "load       %.2f %.2f %.2f\n", report->loads[0], report->loads[1],
			report->loads[2]);
	if (report->task_count)
		fprintf(stream, "tasks      %zu in %zu processes\n", report->task_count,
			report->process_count);
	fprintf(stream, "CPUs       %zu%s%s\n", report->cpu_count, *machine->cpu_model ? ", " : "",
		machine->cpu_model);
	if (*machine->vendor || *machine->product)
		fprintf(stream, "machine    %s %s, firmware %s\n", machine->vendor,
			machine->product, *machine->firmware ? machine->firmware : "unknown");
	if (report->has_taints) {
		kd_taint_letters(report->taints, letters);
		fprintf(stream, "tainted    %s\n", *letters ? letters : "no");
	}
	if (*report->command_line)
		fprintf(stream, "booted by  %s\n", report->command_line);
}

static bool write_place(void *opaque, const struct kd_source_place *place)
{
	FILE *stream = opaque;

	fputs("     ", stream);
	if (place->is_inlined)
		fprintf(stream, " %s (inlined)", place->function ? place->function : "?");
	if (place->file)
		fprintf(stream, " at %s:%u", place->file, place->line);
	fputc('\n', stream);
	return true;
}

static void write_stack(const struct kd_report *report, const struct kd_report_stack *at,
			FILE *stream)
{
	const struct kd_stack *stack = at->stack;

	if (!stack) {
		if (*at->why)
			fprintf(stream, "  no stack: %s\n", at->why);
		return;
	}
	for (size_t i = 0; i < stack->count; i++) {
		const struct kd_frame *frame = &stack->frames[i];
		const char *function = kd_report_function(report, frame);
		const char *module = kd_report_module(report, frame);

		if (frame->interrupted && i)
			fputs("  --- interrupted ---\n", stream);
		if (function)
			fprintf(stream, "  %s+0x%" PRIx64, function, frame->offset);
		else
			fprintf(stream, "  0x%" PRIx64, frame->pc);
		if (module)
			fprintf(stream, " [%s]", module);
		fputs(frame->reliable ? "\n" : "  (perhaps)\n", stream);
		kd_report_each_place(report, stack, i, write_place, stream);
	}
	if (stack->user)
		fputs("  --- user space ---\n", stream);
	if (stack->end.status)
		fprintf(stream, "  the rest is missing: %s\n", stack->end.text);
}

static void write_registers(const struct kd_report_cpu *cpu, FILE *stream)
{
	const struct kd_arch *arch = &kd_arch_x86_64;

	if (!cpu->has_registers)
		return;
	for (size_t i = 0; i < arch->register_count; i++) {
		uint64_t value = 0;
		bool last = i % REGISTERS_A_LINE == REGISTERS_A_LINE - 1 ||
			    i + 1 == arch->register_count;

		memcpy(&value, (const uint8_t *)cpu->registers + arch->registers[i].offset,
		       arch->registers[i].bytes);
		fprintf(stream, "  %-8s %016" PRIx64 "%s", arch->registers[i].name, value,
			last ? "\n" : "");
	}
}

static bool panicked(const struct kd_report *report, const struct kd_report_cpu *cpu)
{
	return report->panic.has_cpu && report->panic.cpu == cpu->cpu;
}

/* Its registers stand by its stack: it panicked, or is to blame. Those of others come last. */
static bool in_front(const struct kd_report *report, const struct kd_report_cpu *cpu)
{
	return panicked(report, cpu) || &cpu->at == kd_report_guilty(report);
}

static void cpu_heading(const struct kd_report *report, const struct kd_report_cpu *cpu,
			const char *before, FILE *stream)
{
	const struct kd_task *task = cpu->at.task;
	char text[WIDTH];

	if (task)
		snprintf(text, sizeof(text), "%sCPU %u, process %d (%s)%s", before, cpu->cpu,
			 task->pid, task->comm, panicked(report, cpu) ? ", which panicked" : "");
	else
		snprintf(text, sizeof(text), "%sCPU %u, process %u", before, cpu->cpu, cpu->pid);
	heading(stream, text);
}

static void write_cpu(const struct kd_report *report, const struct kd_report_cpu *cpu, FILE *stream)
{
	bool has_stack = cpu->at.stack || *cpu->at.why;

	if (!has_stack && !in_front(report, cpu))
		return;
	cpu_heading(report, cpu, "", stream);
	write_stack(report, &cpu->at, stream);
	if (!in_front(report, cpu))
		return;
	if (cpu->has_registers && has_stack)
		fputc('\n', stream);
	write_registers(cpu, stream);
}

/* The one that panicked first. */
static void write_cpus(const struct kd_report *report, FILE *stream)
{
	for (int others = 0; others < 2; others++)
		for (size_t i = 0; i < report->cpu_count; i++)
			if (panicked(report, &report->cpus[i]) != others)
				write_cpu(report, &report->cpus[i], stream);
}

static void write_other_registers(const struct kd_report *report, FILE *stream)
{
	for (size_t i = 0; i < report->cpu_count; i++) {
		const struct kd_report_cpu *cpu = &report->cpus[i];

		if (!cpu->has_registers || in_front(report, cpu))
			continue;
		cpu_heading(report, cpu, "Registers of ", stream);
		write_registers(cpu, stream);
	}
}

static void write_blocked(const struct kd_report *report, FILE *stream)
{
	if (!report->blocked_count)
		return;
	heading(stream, "Blocked tasks");
	for (size_t i = 0; i < report->blocked_count; i++) {
		const struct kd_report_stack *at = &report->blocked[i];

		fprintf(stream, "%sprocess %d (%s)", i ? "\n" : "", at->task->pid, at->task->comm);
		if (at->same)
			fprintf(stream, " and %u more", at->same);
		fputc('\n', stream);
		if (at->waits)
			fprintf(stream, "  waits for the %s at 0x%" PRIx64 ", ", at->wait.kind,
				at->wait.lock);
		if (at->waits && at->wait.owner)
			fprintf(stream, "held by process %d (%s)\n", at->wait.owner->pid,
				at->wait.owner->comm);
		else if (at->waits)
			fputs("whose holder is not known\n", stream);
		write_stack(report, at, stream);
	}
}

static void write_memory(const struct kd_report *report, FILE *stream)
{
	const struct kd_memory *memory = &report->memory;

	if (!report->has_memory || !memory->total_bytes)
		return;
	heading(stream, "Memory");
	for (int kind = 0; kind < KD_MEMORY_KINDS; kind++) {
		uint64_t cells = (memory->bytes[kind] * BAR_CELLS + memory->total_bytes / 2) /
				 memory->total_bytes;

		fprintf(stream, "%-14s %9.1f MiB %5.1f %%  ", kd_memory_kind_name(kind),
			(double)memory->bytes[kind] / 1048576,
			100.0 * (double)memory->bytes[kind] / (double)memory->total_bytes);
		for (uint64_t i = 0; i < cells; i++)
			fputc('#', stream);
		fputc('\n', stream);
	}
	fprintf(stream, "%-14s %9.1f MiB\n", "all", (double)memory->total_bytes / 1048576);
}

static void write_modules(const struct kd_report *report, FILE *stream)
{
	const struct kd_module *modules;
	size_t count = 0, column = 0;

	if (!report->system)
		return;
	modules = kd_system_modules(report->system, &count);
	if (!count)
		return;
	heading(stream, "Modules");
	for (size_t i = 0; i < count; i++) {
		char text[KD_MODULE_NAME_BYTES + KD_TAINT_LETTERS + 4], letters[KD_TAINT_LETTERS];

		kd_taint_letters(modules[i].taints, letters);
		snprintf(text, sizeof(text), *letters ? "%s(%s)" : "%s%s", modules[i].name,
			 letters);
		if (column && column + strlen(text) + 1 > WIDTH) {
			fputc('\n', stream);
			column = 0;
		}
		column += (size_t)fprintf(stream, column ? " %s" : "%s", text);
	}
	fputc('\n', stream);
}

/* The last lines of the log: where they start. */
static const char *last_lines(const char *text, size_t bytes)
{
	unsigned int lines = 0;

	while (bytes) {
		if (text[bytes - 1] == '\n' && lines++ == LOG_LINES)
			break;
		bytes--;
	}
	return text + bytes;
}

enum kd_status kd_report_write_start(const struct kd_report *report, FILE *stream,
				     struct kd_err *err)
{
	write_what(report, stream);
	write_where(report, stream);
	for (size_t i = 0; i < report->cpu_count; i++)
		if (panicked(report, &report->cpus[i]))
			write_cpu(report, &report->cpus[i], stream);
	if (fflush(stream) || ferror(stream))
		return kd_fail_errno(err, errno, "report");
	return KD_OK;
}

enum kd_status kd_report_write_text(const struct kd_report *report, FILE *stream,
				    struct kd_err *err)
{
	write_what(report, stream);
	write_where(report, stream);
	write_cpus(report, stream);
	write_blocked(report, stream);
	write_memory(report, stream);
	write_modules(report, stream);
	heading(stream, "The end of the kernel's log");
	fputs(last_lines(report->log, report->log_bytes), stream);
	write_other_registers(report, stream);
	if (fflush(stream) || ferror(stream))
		return kd_fail_errno(err, errno, "report");
	return KD_OK;
}
