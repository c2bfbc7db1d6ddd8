/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the rescue shell takes in the capture image: busybox, the program that mounts old memory, and FUSE. */
#ifndef KD_LOAD_RESCUE_H
#define KD_LOAD_RESCUE_H

#include "load/cpio.h"
#include "load/initramfs.h"
#include "load/modules.h"

/*
 * Puts the programs into the archive, and on the list of `modules` what they need; cost->busybox_bytes and view_bytes are
 * set. KD_NOTFOUND and so on say what is missing and which package has it.
 */
enum kd_status kd_rescue_add(const struct kd_initramfs_request *request, struct kd_cpio *cpio,
			     struct kd_modules *modules, struct kd_initramfs_rescue *cost,
			     struct kd_err *err);

#endif
