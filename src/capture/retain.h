/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Making room on the target before the crash is written: the rule of [keep]. */
#ifndef KD_CAPTURE_RETAIN_H
#define KD_CAPTURE_RETAIN_H

#include "capture/capture.h"

/*
 * Removes what the rule no longer keeps. Nothing to do on a raw device. What it cannot remove, it names and
 * passes over; KD_SYSTEM, KD_NOMEM only when the folder cannot be read.
 */
enum kd_status kd_capture_retain(struct kd_capture *capture, struct kd_err *err);

#endif
