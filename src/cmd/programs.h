/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The programs that go into the capture image. */
#ifndef KD_CMD_PROGRAMS_H
#define KD_CMD_PROGRAMS_H

#include <limits.h>

#include "load/initramfs.h"

/* Where they were found. */
struct kd_cmd_programs {
	struct kd_image_programs found;
	char capture[PATH_MAX], view[PATH_MAX];
};

/* Ours: beside this program, in the tree it was built in, where it is installed; busybox: where Debian has it. */
void kd_cmd_find_programs(struct kd_cmd_programs *programs);

#endif
