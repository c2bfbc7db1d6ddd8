/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A bounded formatter for places without stdio: the part of printf(3) that messages need.
 *
 * Conversions: %d %i %u %x %X %o %c %s %p %%, lengths hh h l ll z j t, flags 0 - + space #, width and
 * precision as digits or '*'. No floating point. Freestanding.
 */
#ifndef KD_BASE_FORMAT_H
#define KD_BASE_FORMAT_H

#include <stdarg.h>
#include <stddef.h>

/*
 * Writes at most `bytes` bytes to `buffer`, the terminating NUL included (nothing when bytes is 0),
 * and returns the length that the whole text has, as snprintf(3) does.
 */
size_t kd_format(char *buffer, size_t bytes, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
size_t kd_vformat(char *buffer, size_t bytes, const char *format, va_list args)
	__attribute__((format(printf, 3, 0)));

#endif
