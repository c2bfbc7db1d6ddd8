/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which modules of a kernel reaching the target takes: its drivers, its file system. */
#ifndef KD_LOAD_NEEDS_H
#define KD_LOAD_NEEDS_H

#include "base/err.h"
#include "host/paths.h"
#include "load/kconfig.h"
#include "load/modules.h"
#include "load/target.h"

/*
 * Puts them on the list of `modules`, the modules of kernel `version`. KD_NOTFOUND when one is
 * missing: the message names all that are.
 */
enum kd_status kd_need_modules(const struct kd_paths *paths, const char *version,
			       const struct kd_target *target, const struct kd_kconfig *kconfig,
			       struct kd_modules *modules, struct kd_err *err);

#endif
