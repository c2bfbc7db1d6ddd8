/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/paths.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>

const struct kd_paths kd_system_paths = {
	.proc = "/proc",
	.sys = "/sys",
	.dev = "/dev",
	.boot = "/boot",
	.modules = "/lib/modules",
	.state = "/var/lib/kdump",
	.config = "/etc/kdump.conf",
};

const char *kd_path(char path[], const char *root, const char *rest, ...)
{
	int length = snprintf(path, PATH_MAX, "%s/", root);
	va_list args;

	if (length < 0 || length >= PATH_MAX)
		return path;
	va_start(args, rest);
	vsnprintf(path + length, (size_t)(PATH_MAX - length), rest, args);
	va_end(args);
	return path;
}
