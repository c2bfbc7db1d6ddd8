/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/log.h"

#include <stdarg.h>
#include <stddef.h>

#include "base/format.h"

void kd_log(const struct kd_log *log, enum kd_log_level level, const char *format, ...)
{
	char line[1024];
	va_list args;

	if (!log || !log->write)
		return;
	va_start(args, format);
	kd_vformat(line, sizeof(line), format, args);
	va_end(args);
	log->write(log->opaque, level, line);
}

bool kd_progress(const struct kd_progress *progress, uint64_t done_bytes, uint64_t total_bytes)
{
	if (!progress || !progress->tick)
		return true;
	return progress->tick(progress->opaque, done_bytes, total_bytes);
}
