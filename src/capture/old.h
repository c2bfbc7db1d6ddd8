/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Old memory and the kernel in it, as each step opens them for itself. */
#ifndef KD_CAPTURE_OLD_H
#define KD_CAPTURE_OLD_H

#include <stdio.h>

#include "capture/capture.h"
#include "dump/dump.h"
#include "kernel/kernel.h"
#include "report/report.h"

struct kd_old {
	struct kd_dump *dump;
	struct kd_kernel *kernel;
	struct kd_report *report; /* NULL until it is made */
};

/* Leaves nothing open when it fails. */
enum kd_status kd_old_open(const struct kd_capture *capture, struct kd_old *old,
			   struct kd_err *err);
void kd_old_close(struct kd_old *old);

/* Makes the report; `deep` when the configured way of it has not failed, and there is memory. */
enum kd_status kd_old_report(struct kd_capture *capture, struct kd_old *old, bool deep,
			     struct kd_err *err);

enum kd_status kd_old_write_log(const struct kd_old *old, FILE *stream, struct kd_err *err);

#endif
