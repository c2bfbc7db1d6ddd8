/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a kernel was built and started with. */
#ifndef KD_INSPECT_BOOT_H
#define KD_INSPECT_BOOT_H

#include <stddef.h>

#include "inspect/system.h"

/* The command line that the kernel was started with, as /proc/cmdline has it; free() it. */
enum kd_status kd_command_line_read(struct kd_system *system, char **text, struct kd_err *err);

/*
 * The kernel's configuration, as /proc/config.gz has it unpacked; free() it. KD_NOTFOUND for a kernel that was built
 * without it (CONFIG_IKCONFIG), KD_EXCLUDED and the like where the dump lacks it.
 */
enum kd_status kd_configuration_read(struct kd_system *system, char **text, size_t *bytes,
				     struct kd_err *err);

#endif
