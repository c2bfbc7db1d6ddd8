/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "load/kconfig.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "host/file.h"

enum { KCONFIG_BYTES_MAX = 4 << 20 };

enum kd_status kd_kconfig_read(const struct kd_paths *paths, const char *version,
			       struct kd_kconfig *kconfig, struct kd_err *err)
{
	char path[PATH_MAX], *text = NULL;
	enum kd_status status;
	size_t bytes;

	kd_path(path, paths->boot, "config-%s", version);
	status = kd_file_read(path, KCONFIG_BYTES_MAX, &text, &bytes, err);
	if (status == KD_NOTFOUND) {
		kd_path(path, paths->modules, "%s/config", version);
		status = kd_file_read(path, KCONFIG_BYTES_MAX, &text, &bytes, err);
	}
	if (status && status != KD_NOTFOUND)
		return status;
	kconfig->text = text;
	return KD_OK;
}

void kd_kconfig_deinit(struct kd_kconfig *kconfig)
{
	free(kconfig->text);
	kconfig->text = NULL;
}

bool kd_kconfig_get(const struct kd_kconfig *kconfig, const char *option, char value[],
		    size_t bytes)
{
	size_t length = strlen(option), size;

	for (const char *line = kconfig->text; line && *line;) {
		const char *end = strchrnul(line, '\n');

		if (!strncmp(line, option, length) && line[length] == '=') {
			line += length + 1;
			size = (size_t)(end - line);
			if (size >= 2 && *line == '"' && end[-1] == '"') {
				line++;
				size -= 2;
			}
			if (size >= bytes)
				return false;
			memcpy(value, line, size);
			value[size] = '\0';
			return true;
		}
		line = *end ? end + 1 : end;
	}
	return false;
}
