/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/report.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/system.h"
#include "kernel/log.h"
#include "kernel/registers.h"
#include "report/model.h"

static void add_gap(struct kd_report *report, const char *what, const struct kd_err *err)
{
	if (report->gap_count < KD_REPORT_GAPS)
		snprintf(report->gaps[report->gap_count++], KD_ERR_TEXT_BYTES, "%s: %.400s", what,
			 err->text);
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

enum kd_status kd_report_make(struct kd_kernel *kernel, struct kd_report **report,
			      struct kd_err *err)
{
	struct kd_report *made = calloc(1, sizeof(*made));
	enum kd_status status;
	struct kd_err why;

	if (!made)
		return kd_fail_errno(err, ENOMEM, "report");
	made->kernel = kernel;
	made->cpus = kd_registers_count(kd_kernel_dump(kernel));
	status = kd_panic_find(kernel, &made->panic, &why);
	made->has_panic = !status;
	if (status)
		add_gap(made, "panic message", &why);
	read_log(made);
	*report = made;
	return KD_OK;
}

void kd_report_free(struct kd_report *report)
{
	free(report);
}
