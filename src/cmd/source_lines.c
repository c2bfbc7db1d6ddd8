/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/source_lines.h"

#include <getopt.h>

#include "inspect/vmlinux.h"

bool kd_lines_option(struct kd_source_lines *lines, int option)
{
	if (option == KD_LINES_VMLINUX)
		lines->vmlinux = optarg;
	else if (option == KD_LINES_FOLDER)
		lines->folder = optarg;
	else if (option == KD_LINES_NONE)
		lines->none = true;
	else
		return false;
	return true;
}

enum kd_status kd_lines_open(const struct kd_source_lines *lines, struct kd_system *system,
			     struct kd_debug_info **info, struct kd_err *err)
{
	const char *folder = lines->folder ? lines->folder : KD_DEBUG_FOLDER;
	enum kd_status status;

	*info = NULL;
	if (lines->none)
		return KD_OK;
	status = kd_debug_info_open(system, lines->vmlinux, folder, info, err);
	return lines->vmlinux || lines->folder ? status : KD_OK;
}
