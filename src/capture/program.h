/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Running a program of the image, so that it can do no harm but to itself. */
#ifndef KD_CAPTURE_PROGRAM_H
#define KD_CAPTURE_PROGRAM_H

#include "capture/capture.h"

struct kd_program {
	const char *title;        /* of its lines in the log */
	char *const *words;       /* the program and its arguments */
	char *const *environment; /* "NAME=VALUE", besides PATH and the like; NULL: nothing */
	unsigned int limit_s;
};

/*
 * Runs it and waits; what it says goes line by line into the log, up to a bound. It is killed at its limit, with all
 * that it started and that stayed in its session. KD_SYSTEM: it could not be run, failed, or took too long.
 */
enum kd_status kd_program_run(struct kd_capture *capture, const struct kd_program *program,
			      struct kd_err *err);

#endif
