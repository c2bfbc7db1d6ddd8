/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What PID 1 does before anything else. */
#ifndef KD_CAPTURE_INIT_H
#define KD_CAPTURE_INIT_H

#include "capture/capture.h"

/* Mounts proc, sys, dev and run, takes the console, and makes itself the last to be killed. */
void kd_init_system(void);

/* kdump.final_action= and kdump.target= of the kernel's command line, over the configuration. */
void kd_init_overrides(struct kd_capture *capture, struct kd_config *config);

#endif
