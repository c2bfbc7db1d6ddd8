/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Running steps so that none of them can take the capture down. */
#ifndef KD_CAPTURE_SUPERVISE_H
#define KD_CAPTURE_SUPERVISE_H

#include "capture/capture.h"

struct kd_step {
	const char *name;
	/* Does the work, in a process of its own. */
	enum kd_status (*run)(struct kd_capture *capture, struct kd_err *err);
	/* Seconds that it may take; while progress_bytes rises, step_timeout_s without a rise. */
	unsigned int (*limit_s)(const struct kd_capture *capture);
};

enum kd_outcome {
	KD_STEP_DONE,
	KD_STEP_FAILED,  /* it said why */
	KD_STEP_CRASHED, /* it died of a signal */
	KD_STEP_HUNG,    /* it was killed at its limit */
};

/*
 * Runs a step in a child, waits for it no longer than its limit allows, and records how it went in
 * capture->steps. Never fails itself and never waits for ever: a child that cannot even be killed
 * (it sits in an uninterruptible wait) is left behind.
 */
enum kd_outcome kd_supervise(struct kd_capture *capture, const struct kd_step *step);

#endif
