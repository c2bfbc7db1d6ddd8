/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "capture/console.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "host/system.h"

enum { MEBIBYTE = 1 << 20 };
#define PROGRESS_NS UINT64_C(2000000000)

static void remember(struct kd_capture *capture, const char *line)
{
	size_t length = strlen(line), room = sizeof(capture->log) - capture->log_bytes;

	if (length >= room)
		return; /* the beginning tells more than the end of something endless */
	memcpy(capture->log + capture->log_bytes, line, length);
	capture->log_bytes += length;
}

void kd_say(struct kd_capture *capture, const char *format, ...)
{
	double seconds = (double)(kd_monotonic_ns() - capture->started_ns) / 1e9;
	char text[1024], line[1100];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	snprintf(line, sizeof(line), "[%8.3f] %s\n", seconds, text);
	remember(capture, line);
	printf("kdump: %s\n", text);
	fflush(stdout);
}

static void say_line(void *opaque, enum kd_log_level level, const char *line)
{
	if (level > KD_LOG_DEBUG)
		kd_say(opaque, "%s%s", level == KD_LOG_WARNING ? "warning: " : "", line);
}

struct kd_log kd_capture_log(struct kd_capture *capture)
{
	return (struct kd_log){.write = say_line, .opaque = capture};
}

static bool tick(void *opaque, uint64_t done_bytes, uint64_t total_bytes)
{
	struct kd_capture_meter *meter = opaque;
	uint64_t now = kd_monotonic_ns();
	double seconds, rate;

	meter->capture->progress_bytes = done_bytes;
	if (!total_bytes)
		return true;
	if (now - meter->said_ns < PROGRESS_NS && done_bytes != total_bytes)
		return true;
	meter->said_ns = now;
	seconds = (double)(now - meter->started_ns) / 1e9;
	rate = seconds > 0 ? (double)done_bytes / seconds : 0;
	kd_say(meter->capture, "%llu of %llu MiB (%.0f%%), %.0f MiB/s, %.0f s left",
	       (unsigned long long)(done_bytes / MEBIBYTE),
	       (unsigned long long)(total_bytes / MEBIBYTE),
	       total_bytes ? 100.0 * (double)done_bytes / (double)total_bytes : 100.0,
	       rate / MEBIBYTE, rate > 0 ? (double)(total_bytes - done_bytes) / rate : 0.0);
	return true;
}

struct kd_progress kd_capture_progress(struct kd_capture *capture, struct kd_capture_meter *meter)
{
	*meter = (struct kd_capture_meter){
		.capture = capture,
		.started_ns = kd_monotonic_ns(),
		.said_ns = kd_monotonic_ns(),
	};
	return (struct kd_progress){.tick = tick, .opaque = meter};
}
