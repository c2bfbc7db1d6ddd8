/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The block devices of the second kernel, by what is on them. */
#ifndef KD_CAPTURE_DEVICES_H
#define KD_CAPTURE_DEVICES_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

enum { KD_DEVICE_TYPE_BYTES = 32 };

struct kd_device {
	char node[PATH_MAX];
	char type[KD_DEVICE_TYPE_BYTES]; /* of what is on it, as libblkid names that; "" without */
};

/* The device that "UUID=…", "LABEL=…", "PARTUUID=…", "PARTLABEL=…" or "/dev/…" means; false when it is not there. */
bool kd_device_find(const char *name, struct kd_device *device);

/* Devices that carry this UUID and are of this type: at most `most` of them; how many. */
size_t kd_devices_of(const char *uuid, const char *type, struct kd_device devices[], size_t most);

#endif
