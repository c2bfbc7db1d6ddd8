/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "crashes/json.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/file.h"
#include "host/system.h"

/* All of a plain file; the buffer is the caller's. */
static enum kd_status read_all(int fd, const char *name, size_t bytes, char **data,
			       struct kd_err *err)
{
	KD_CLEANUP_FREE char *buffer = malloc(bytes + 1);
	size_t filled = 0;

	if (!buffer)
		return kd_fail_errno(err, ENOMEM, "%s", name);
	while (filled < bytes) {
		ssize_t got = read(fd, buffer + filled, bytes - filled);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return kd_fail_errno(err, errno, "%s", name);
		if (!got)
			return kd_fail(err, KD_TRUNCATED, "%s: became shorter", name);
		filled += (size_t)got;
	}
	*data = buffer;
	buffer = NULL;
	return KD_OK;
}

enum kd_status kd_json_read(int fd, const char *name, size_t limit_bytes, json_t **root,
			    struct kd_err *err)
{
	/* O_NONBLOCK: a FIFO of this name would wait for its writer for ever */
	KD_CLEANUP_CLOSE int file =
		openat(fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	KD_CLEANUP_FREE char *data = NULL;
	enum kd_status status;
	json_error_t why;
	struct stat st;
	json_t *value;

	if (file < 0 || fstat(file, &st))
		return kd_fail_errno(err, errno, "%s", name);
	if (!S_ISREG(st.st_mode))
		return kd_fail(err, KD_CORRUPT, "%s: not a plain file", name);
	if (st.st_size < 0 || (uint64_t)st.st_size > limit_bytes)
		return kd_fail(err, KD_UNSUPPORTED, "%s: larger than %zu bytes", name, limit_bytes);
	status = read_all(file, name, (size_t)st.st_size, &data, err);
	if (status)
		return status;
	value = json_loadb(data, (size_t)st.st_size, 0, &why);
	if (!json_is_object(value)) {
		json_decref(value);
		return kd_fail(err, KD_CORRUPT, "%s: %s", name,
			       value ? "not a JSON object" : why.text);
	}
	*root = value;
	return KD_OK;
}

char *kd_printable(const char *text)
{
	char *copy = strdup(text);

	/* C0, DEL, and C1 as UTF-8 has it: 0xc2 0x80 to 0xc2 0x9f */
	for (unsigned char *at = (unsigned char *)copy; at && *at; at++) {
		if (*at < 0x20 || *at == 0x7f)
			*at = '?';
		if (*at == 0xc2 && at[1] >= 0x80 && at[1] < 0xa0)
			at[0] = at[1] = '?';
	}
	return copy;
}

char *kd_json_member_text(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text && *text ? kd_printable(text) : NULL;
}

uint64_t kd_json_member_number(const json_t *object, const char *key)
{
	json_int_t value = json_integer_value(json_object_get(object, key));

	return value > 0 ? (uint64_t)value : 0;
}
