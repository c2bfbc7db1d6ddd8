/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Method `segments`: we lay out everything, kexec_load(2) copies it. load/load.h tells the rest. */
#ifndef KD_LOAD_SEGMENTS_H
#define KD_LOAD_SEGMENTS_H

#include "load/load.h"

enum kd_status kd_segments_prepare(const struct kd_load_request *request,
				   struct kd_load_image **image, struct kd_err *err);

/* The system call. KD_SYSTEM with the kernel's reason; the image that was loaded before is gone then. */
enum kd_status kd_segments_commit(struct kd_load_image *image, struct kd_err *err);

/* Takes the loaded crash image away, by whichever method it came. KD_SYSTEM. */
enum kd_status kd_segments_unload(struct kd_err *err);

#endif
