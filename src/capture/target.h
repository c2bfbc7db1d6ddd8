/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reaching the target: modules, the block device, its file system. */
#ifndef KD_CAPTURE_TARGET_H
#define KD_CAPTURE_TARGET_H

#include "capture/capture.h"

/* Loads what /etc/kdump/modules lists, in order. A module that fails is named and passed over. */
enum kd_status kd_capture_load_modules(struct kd_capture *capture, struct kd_err *err);

/* The same with another list; one that is not there is empty. */
enum kd_status kd_capture_load_list(struct kd_capture *capture, const char *path,
				    struct kd_err *err);

/* Waits for the device and mounts it at /target; a raw device is only found. */
enum kd_status kd_capture_reach_target(struct kd_capture *capture, struct kd_err *err);

/* Writes everything out and unmounts. */
enum kd_status kd_capture_leave_target(struct kd_capture *capture, struct kd_err *err);

#endif
