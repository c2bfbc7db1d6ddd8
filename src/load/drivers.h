/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which drivers a block device hangs on, asked from sysfs. */
#ifndef KD_LOAD_DRIVERS_H
#define KD_LOAD_DRIVERS_H

#include <stddef.h>

#include "base/err.h"
#include "host/paths.h"

/* One thing that the way to the device needs. */
struct kd_driver {
	char *module;   /* its name on the running kernel; NULL: built in there */
	char *modalias; /* of the device; NULL: it has none */
	char *device;   /* the folder in sysfs, for messages */
};

struct kd_drivers {
	struct kd_driver *items;
	size_t count;
};

/*
 * Lists the drivers of the block device NAME ("vda1") and of every device above it, the nearest
 * first. KD_NOTFOUND: no such device; KD_UNSUPPORTED: one that the second kernel cannot reach by
 * loading modules (assembled by dm or md, a loop device, on the network): the message says which.
 */
enum kd_status kd_drivers_find(const struct kd_paths *paths, const char *name,
			       struct kd_drivers *drivers, struct kd_err *err);
void kd_drivers_deinit(struct kd_drivers *drivers);

#endif
