/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/system.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum kd_status kd_fail_errno(struct kd_err *err, int error, const char *format, ...)
{
	enum kd_status status = error == ENOMEM   ? KD_NOMEM
				: error == ENOENT ? KD_NOTFOUND
						  : KD_SYSTEM;
	char what[KD_ERR_TEXT_BYTES];
	va_list args;

	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	return kd_fail(err, status, "%s: %s", what, strerror(error));
}

uint64_t kd_monotonic_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}
