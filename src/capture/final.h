/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The end of the second kernel. */
#ifndef KD_CAPTURE_FINAL_H
#define KD_CAPTURE_FINAL_H

#include "capture/capture.h"

/* Does it, one way after the other until one works. Never returns. */
void kd_final(struct kd_capture *capture, enum kd_final_action action) __attribute__((noreturn));

#endif
