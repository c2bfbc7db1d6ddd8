/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The explanation of a crash, as a model with renderings: today the panic message, who ran where, and
 * the registers of every CPU.
 */
#ifndef KD_REPORT_REPORT_H
#define KD_REPORT_REPORT_H

#include <stdio.h>

#include "base/err.h"
#include "kernel/kernel.h"

struct kd_report;

/* Gathers what can be had; what cannot is named in the report rather than failing it. KD_NOMEM. */
enum kd_status kd_report_make(struct kd_kernel *kernel, struct kd_report **report,
			      struct kd_err *err);
void kd_report_free(struct kd_report *report);

/* KD_SYSTEM when writing fails. */
enum kd_status kd_report_write_text(const struct kd_report *report, FILE *stream,
				    struct kd_err *err);
enum kd_status kd_report_write_json(const struct kd_report *report, FILE *stream,
				    struct kd_err *err);

#endif
