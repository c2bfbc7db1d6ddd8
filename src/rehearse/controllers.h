/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which controllers QEMU has for which drivers. */
#ifndef KD_REHEARSE_CONTROLLERS_H
#define KD_REHEARSE_CONTROLLERS_H

#include <stddef.h>

#include "host/paths.h"

struct kd_controller {
	const char *driver;  /* as /sys names it */
	const char *bus;     /* -device of the controller; NULL: the machine has it */
	const char *disk;    /* -device of the disk, before ",drive=" */
	const char *modules; /* that the second kernel needs for it, blanks between */
};

/* What stands in where QEMU has no such controller. */
extern const struct kd_controller kd_controller_virtio;

/* NULL when QEMU has none. */
const struct kd_controller *kd_controller_find(const char *driver);

/*
 * The driver that a block device ("vda1") hangs on, of those that QEMU has a controller for; otherwise the lowest
 * one. Writes its name, "" when /sys does not tell.
 */
void kd_controller_of(const struct kd_paths *paths, const char *block, char *driver, size_t bytes);

#endif
