/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Failures of the operating system, and clocks. */
#ifndef KD_HOST_SYSTEM_H
#define KD_HOST_SYSTEM_H

#include <stdint.h>

#include "base/err.h"

/*
 * Fails with the text of `error`, an errno value: "WHAT: No such file or directory". Gives KD_NOMEM
 * for ENOMEM, KD_NOTFOUND for ENOENT, else KD_SYSTEM.
 */
enum kd_status kd_fail_errno(struct kd_err *err, int error, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Nanoseconds of a clock that only runs forward. */
uint64_t kd_monotonic_ns(void);

#endif
