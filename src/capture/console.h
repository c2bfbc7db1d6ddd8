/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the capture says: on the console, and into the log that ends up beside the dump. */
#ifndef KD_CAPTURE_CONSOLE_H
#define KD_CAPTURE_CONSOLE_H

#include "capture/capture.h"

/* Says one line with the time since the start. */
void kd_say(struct kd_capture *capture, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* The same as a callback for the libraries. */
struct kd_log kd_capture_log(struct kd_capture *capture);

/* Progress of the dump: a line every other second with rate and remaining time. */
struct kd_capture_meter {
	struct kd_capture *capture;
	uint64_t started_ns, said_ns;
};
struct kd_progress kd_capture_progress(struct kd_capture *capture, struct kd_capture_meter *meter);

#endif
