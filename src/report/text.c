/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <inttypes.h>
#include <time.h>

#include "arch/arch.h"
#include "host/system.h"
#include "kernel/registers.h"
#include "report/model.h"

enum { LOG_LINES = 40, REGISTERS_A_LINE = 3 };

static void write_head(const struct kd_report *report, FILE *stream)
{
	const struct kd_panic *panic = &report->panic;
	const struct kd_kernel *kernel = report->kernel;
	time_t crashed = (time_t)kd_kernel_crash_time_s(kernel);
	const char *host = kd_kernel_nodename(kernel);
	char when[64] = "unknown";
	struct tm utc;

	if (crashed && gmtime_r(&crashed, &utc))
		strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S UTC", &utc);
	fprintf(stream, "%s\n\n",
		report->has_panic && *panic->message ? panic->message : "No panic message found");
	if (report->has_panic && *panic->cause)
		fprintf(stream, "cause    %s\n", panic->cause);
	fprintf(stream, "host     %s\n", host ? host : "unknown");
	fprintf(stream, "kernel   %s\n", kd_kernel_release(kernel));
	fprintf(stream, "crashed  %s\n", when);
	if (panic->has_time)
		fprintf(stream, "uptime   %" PRIu64 ".%06" PRIu64 " s\n",
			panic->time_ns / 1000000000, panic->time_ns / 1000 % 1000000);
	if (panic->has_cpu)
		fprintf(stream, "CPU      %u of %u\n", panic->cpu, report->cpus);
	if (panic->has_pid)
		fprintf(stream, "process  %u (%s)\n", panic->pid, panic->comm);
	for (size_t i = 0; i < report->gap_count; i++)
		fprintf(stream, "missing  %s\n", report->gaps[i]);
}

static void write_registers(const struct kd_report *report, unsigned int cpu, FILE *stream)
{
	struct kd_cpu_registers registers;
	struct kd_err err;

	if (kd_registers_get(kd_kernel_dump(report->kernel), cpu, &registers, &err)) {
		fprintf(stream, "\nCPU %u: %s\n", cpu, err.text);
		return;
	}
	fprintf(stream, "\nCPU %u, process %u\n", cpu, registers.pid);
	for (size_t i = 0; i < registers.arch->register_count; i++) {
		bool last = i % REGISTERS_A_LINE == REGISTERS_A_LINE - 1 ||
			    i + 1 == registers.arch->register_count;

		fprintf(stream, "  %-8s %016" PRIx64 "%s", registers.arch->registers[i].name,
			kd_register_value(&registers, i), last ? "\n" : "");
	}
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

enum kd_status kd_report_write_text(const struct kd_report *report, FILE *stream,
				    struct kd_err *err)
{
	write_head(report, stream);
	for (unsigned int cpu = 0; cpu < report->cpus; cpu++)
		write_registers(report, cpu, stream);
	fprintf(stream, "\nThe end of the kernel's log\n\n%s",
		last_lines(report->log, report->log_bytes));
	if (fflush(stream) || ferror(stream))
		return kd_fail_errno(err, errno, "report");
	return KD_OK;
}
