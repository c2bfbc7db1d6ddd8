/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a library has to say while it works, and how far it is: both go through callbacks that the
 * program passes in. Only the command line and the capture program print. Freestanding.
 */
#ifndef KD_BASE_LOG_H
#define KD_BASE_LOG_H

#include <stdbool.h>
#include <stdint.h>

enum kd_log_level { KD_LOG_DEBUG, KD_LOG_INFO, KD_LOG_WARNING };

struct kd_log {
	void (*write)(void *opaque, enum kd_log_level level, const char *line);
	void *opaque;
};

/* Says one line (no newline at its end). A NULL log, or one without a function, says nothing. */
void kd_log(const struct kd_log *log, enum kd_log_level level, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

struct kd_progress {
	/*
	 * Called now and then, `done` never falling but when the work begins again from the start;
	 * total_bytes is 0 when unknown, and then there may be nothing to tell. Returning false
	 * asks the work to stop as soon as it can leave something valid behind.
	 */
	bool (*tick)(void *opaque, uint64_t done_bytes, uint64_t total_bytes);
	void *opaque;
};

/* True when the work may go on; a NULL progress never stops it. */
bool kd_progress(const struct kd_progress *progress, uint64_t done_bytes, uint64_t total_bytes);

#endif
