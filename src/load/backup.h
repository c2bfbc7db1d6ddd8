/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether the first 640 KiB must be saved from the second kernel. */
#ifndef KD_LOAD_BACKUP_H
#define KD_LOAD_BACKUP_H

#include <stdbool.h>

#include "base/err.h"
#include "load/load.h"

/*
 * `auto`: no when the running kernel has set every page there aside (a second kernel of the same kind
 * writes only into pages that nobody used), else yes; yes too when it cannot be told. KD_OK always
 * but for an unknown policy.
 */
enum kd_status kd_backup_decide(const struct kd_paths *paths, enum kd_backup policy, bool *back_up,
				struct kd_err *err);

#endif
