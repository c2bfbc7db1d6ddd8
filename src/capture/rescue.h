/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The rescue shell: a person at the console, old memory as files, and the target, before the machine goes on. */
#ifndef KD_CAPTURE_RESCUE_H
#define KD_CAPTURE_RESCUE_H

#include "capture/capture.h"

/*
 * Asks on every console for the configured time. True when somebody pressed Enter, also while the dump was
 * written; the shell will be there. False at once when nothing is configured.
 */
bool kd_rescue_ask(struct kd_capture *capture);

/* Runs the shell until it ends, on the console that answered, else on the preferred one. */
void kd_rescue_run(struct kd_capture *capture);

#endif
