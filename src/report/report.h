/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The explanation of a crash: one model, and three renderings. What happened in a sentence, the stack of every CPU,
 * blocked tasks, the end of the log, memory by use, modules, a signature, and hints.
 */
#ifndef KD_REPORT_REPORT_H
#define KD_REPORT_REPORT_H

#include <stdio.h>

#include "base/err.h"
#include "inspect/debug_info.h"
#include "kernel/kernel.h"

struct kd_report;
struct kd_system;

/* More than kd_report_make() takes with `deep` for a kernel of today (24 MiB); bytes. */
enum { KD_REPORT_MEMORY = 40 << 20 };
/* What must be free for that in the second kernel, where others need some, too; with less, there are no stacks in it. */
enum { KD_REPORT_FREE = KD_REPORT_MEMORY + (8 << 20) };

/*
 * Gathers what can be had; what cannot is named in the report rather than failing it. With `deep`, also what needs
 * symbols and types, which are read into memory. KD_NOMEM.
 */
enum kd_status kd_report_make(struct kd_kernel *kernel, bool deep, struct kd_report **report,
			      struct kd_err *err);
void kd_report_free(struct kd_report *report);

/* What it was made from; NULL: no symbols were read. */
struct kd_system *kd_report_system(const struct kd_report *report);
/*
 * Has it told where each frame is from, as kd_debug_info_places() does. A function, so that a program without debug
 * information, as in the second kernel, need not be linked with what reads it.
 */
typedef void kd_report_places(void *opaque, uint64_t vaddr, kd_source_take *take,
			      void *take_opaque);
void kd_report_add_lines(struct kd_report *report, kd_report_places *places, void *opaque);

/* KD_SYSTEM when writing fails. */
enum kd_status kd_report_write_text(const struct kd_report *report, FILE *stream,
				    struct kd_err *err);
/* Of the text what fits a screen or two: the cause, the machine, the CPU that panicked. */
enum kd_status kd_report_write_start(const struct kd_report *report, FILE *stream,
				     struct kd_err *err);
enum kd_status kd_report_write_json(const struct kd_report *report, FILE *stream,
				    struct kd_err *err);
/* One page that needs nothing from anywhere else. */
enum kd_status kd_report_write_html(const struct kd_report *report, FILE *stream,
				    struct kd_err *err);

#endif
