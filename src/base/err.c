/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/err.h"

#include <string.h>

#include "base/format.h"

static const char *const status_names[] = {
	[KD_OK] = "ok",
	[KD_NOMEM] = "out of memory",
	[KD_SYSTEM] = "system error",
	[KD_CORRUPT] = "corrupt",
	[KD_TRUNCATED] = "truncated",
	[KD_UNSUPPORTED] = "unsupported",
	[KD_NOTFOUND] = "not found",
	[KD_EXCLUDED] = "excluded by the filter",
	[KD_HOLE] = "not memory",
	[KD_FAULT] = "not mapped",
	[KD_INVALID] = "invalid request",
};

const char *kd_status_name(enum kd_status status)
{
	size_t count = sizeof(status_names) / sizeof(*status_names);

	return (size_t)status < count ? status_names[status] : "unknown status";
}

/* Shows that a text of `length` bytes did not fit. */
static void mark_cut(char *text, size_t length)
{
	static const char ellipsis[] = "…";

	if (length >= KD_ERR_TEXT_BYTES)
		memcpy(text + KD_ERR_TEXT_BYTES - sizeof(ellipsis), ellipsis, sizeof(ellipsis));
}

enum kd_status kd_vfail(struct kd_err *err, enum kd_status status, const char *format, va_list args)
{
	if (err) {
		err->status = status;
		mark_cut(err->text, kd_vformat(err->text, sizeof(err->text), format, args));
	}
	return status;
}

enum kd_status kd_fail(struct kd_err *err, enum kd_status status, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	kd_vfail(err, status, format, args);
	va_end(args);
	return status;
}

enum kd_status kd_context(struct kd_err *err, enum kd_status status, const char *format, ...)
{
	char text[KD_ERR_TEXT_BYTES];
	va_list args;
	size_t length;

	if (!err)
		return status;
	va_start(args, format);
	length = kd_vformat(text, sizeof(text), format, args);
	va_end(args);
	if (length < sizeof(text))
		length += kd_format(text + length, sizeof(text) - length, ": %s", err->text);
	mark_cut(text, length);
	memcpy(err->text, text, sizeof(text));
	return status;
}

enum kd_status kd_first_failure(enum kd_status status, const struct kd_err *step,
				struct kd_err *err)
{
	if (status || !step->status)
		return status;
	if (err)
		*err = *step;
	return step->status;
}
