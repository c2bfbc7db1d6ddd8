/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a block device is put together from, and how the second kernel puts it together again.
 *
 * A software RAID array is assembled by the kernel itself, from the superblocks that it finds on the members at that
 * time (src/capture/assemble.c). For an LVM logical volume the image carries lvm(8): a device-mapper table copied at
 * load time would be true until the next lvextend or pvmove, and then name extents that belong to another volume.
 */
#ifndef KD_LOAD_STACK_H
#define KD_LOAD_STACK_H

#include "base/err.h"
#include "host/paths.h"
#include "load/names.h"

struct kd_stack {
	struct kd_names disks;   /* kernel names of what drivers make: "vda1" */
	struct kd_names modules; /* "dm_mod", "md-raid1" */
	struct kd_names
		assembly; /* "md UUID METADATA MEMBERS", "lvm VG/LV": in order, lowest first */
	struct kd_names programs; /* that assembling takes: "/usr/sbin/lvm" */
};

/*
 * Takes the block device apart. One that can not be put together again counts as a disk, and kd_drivers_find()
 * tells why it is none. KD_CORRUPT, KD_SYSTEM, KD_NOMEM.
 */
enum kd_status kd_stack_find(const struct kd_paths *paths, const char *block,
			     struct kd_stack *stack, struct kd_err *err);
void kd_stack_deinit(struct kd_stack *stack);

#endif
