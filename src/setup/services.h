/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The systemd units that keep the machine ready, and whether they are enabled: by their links, so that it works on a
 * tree, too. */
#ifndef KD_SETUP_SERVICES_H
#define KD_SETUP_SERVICES_H

#include "setup/plan.h"

/* Whether the one that loads at boot is enabled. */
bool kd_services_are_enabled(const struct kd_paths *paths);

/* Plans to enable those that are installed and not yet enabled, and to start them when `start`. */
void kd_services_enable(struct kd_setup_plan *plan, bool start);
/* Plans to stop and disable those that are enabled. */
void kd_services_disable(struct kd_setup_plan *plan);

#endif
