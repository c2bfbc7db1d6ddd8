/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The administrator's own programs, before and after: nothing that they do or fail to do costs the dump. */
#ifndef KD_CAPTURE_HOOKS_H
#define KD_CAPTURE_HOOKS_H

#include "capture/capture.h"

enum kd_status kd_hook_before(struct kd_capture *capture, struct kd_err *err);
enum kd_status kd_hook_after(struct kd_capture *capture, struct kd_err *err);

#endif
