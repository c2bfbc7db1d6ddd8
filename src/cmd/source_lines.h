/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The options of the commands that print stacks by which source lines are found. */
#ifndef KD_CMD_SOURCE_LINES_H
#define KD_CMD_SOURCE_LINES_H

#include "cmd/dump_input.h"
#include "inspect/debug_info.h"

struct kd_source_lines {
	const char *vmlinux, *folder; /* NULL: not said */
	bool none;
};

/* For getopt_long(): its table, and what it gives. */
enum { KD_LINES_VMLINUX = 0x200, KD_LINES_FOLDER, KD_LINES_NONE };
#define KD_LINES_OPTIONS                                                                           \
	{"vmlinux", required_argument, NULL, KD_LINES_VMLINUX},                                    \
		{"debug-folder", required_argument, NULL, KD_LINES_FOLDER},                        \
	{                                                                                          \
		"no-lines", no_argument, NULL, KD_LINES_NONE                                       \
	}
/* Takes one of them, with its argument in optarg. False: it is another option. */
bool kd_lines_option(struct kd_source_lines *lines, int option);

/*
 * Opens the debug information that was named, or the kernel's own where there is one. *info is NULL where there is
 * none, or none is wanted: an error only if it was asked for by name.
 */
enum kd_status kd_lines_open(const struct kd_source_lines *lines, struct kd_system *system,
			     struct kd_debug_info **info, struct kd_err *err);

#endif
