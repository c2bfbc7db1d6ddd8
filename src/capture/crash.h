/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The steps that write a crash: each opens the old memory for itself. */
#ifndef KD_CAPTURE_CRASH_H
#define KD_CAPTURE_CRASH_H

#include "capture/capture.h"

struct kd_save_options;

/*
 * How many threads save the dump: one for each CPU, but so few that what they allocate takes half of the free memory at
 * most; one always, for without a dump memory is of no use. A number of CPUs below 1 is one that is not known.
 */
unsigned int kd_crash_workers(const struct kd_save_options *options, size_t page_bytes, long cpus,
			      uint64_t free_bytes);

/* Reads who crashed, for the folder's name; makes the folder. */
enum kd_status kd_crash_begin(struct kd_capture *capture, struct kd_err *err);
enum kd_status kd_crash_save_log(struct kd_capture *capture, struct kd_err *err);
/* With stacks and all, when there is memory for it; or what the log and the notes tell. */
enum kd_status kd_crash_save_report(struct kd_capture *capture, struct kd_err *err);
enum kd_status kd_crash_save_plain_report(struct kd_capture *capture, struct kd_err *err);
/*
 * The dump as it is configured; when that died, everything, without a look at what pages are; and when
 * that died, too, the same read(2) by read(2) instead of out of mappings.
 */
enum kd_status kd_crash_save_dump(struct kd_capture *capture, struct kd_err *err);
enum kd_status kd_crash_save_whole_dump(struct kd_capture *capture, struct kd_err *err);
enum kd_status kd_crash_save_dump_by_reading(struct kd_capture *capture, struct kd_err *err);
/* The digest of the dump's file, as it comes back from the target; where that costs little. */
enum kd_status kd_crash_take_digest(struct kd_capture *capture, struct kd_err *err);
/* capture.log and manifest.json. */
enum kd_status kd_crash_end(struct kd_capture *capture, struct kd_err *err);

/* Where no target can be had: the last lines of the log, for whoever watches the console. */
enum kd_status kd_crash_show_log(struct kd_capture *capture, struct kd_err *err);
/* And the start of the report: the cause, and the stack of the CPU that panicked; the second, without symbols. */
enum kd_status kd_crash_show_report(struct kd_capture *capture, struct kd_err *err);
enum kd_status kd_crash_show_plain_report(struct kd_capture *capture, struct kd_err *err);

#endif
