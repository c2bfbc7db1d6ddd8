/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a report holds: for those who make and render it. */
#ifndef KD_REPORT_MODEL_H
#define KD_REPORT_MODEL_H

#include <stdbool.h>
#include <stddef.h>

#include "kernel/panic.h"
#include "report/report.h"

enum { KD_REPORT_LOG_BYTES = 16 << 10, KD_REPORT_GAPS = 8 };

struct kd_report {
	struct kd_kernel *kernel; /* borrowed */
	unsigned int cpus;        /* with registers */
	bool has_panic;
	struct kd_panic panic;
	/* the end of the kernel's log, from the start of a line, NUL-terminated */
	char log[KD_REPORT_LOG_BYTES];
	size_t log_bytes;
	/* what could not be had, and why */
	char gaps[KD_REPORT_GAPS][KD_ERR_TEXT_BYTES];
	size_t gap_count;
};

#endif
