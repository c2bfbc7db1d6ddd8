/* SPDX-License-Identifier: GPL-2.0-or-later */
/* All targets of a configuration, in the order in which the second kernel will try them. */
#ifndef KD_LOAD_TARGETS_H
#define KD_LOAD_TARGETS_H

#include "base/err.h"
#include "base/log.h"
#include "config/config.h"
#include "host/paths.h"
#include "load/target.h"

/* Where crashes go on the boot file system; below the second name where something else is mounted over /var. */
enum { KD_FALLBACK_FOLDERS = 2 };
extern const char *const kd_fallback_folders[KD_FALLBACK_FOLDERS];

struct kd_targets {
	struct kd_target items[KD_CONFIG_TARGETS];
	unsigned int count;
};

/* What else is to be had for a target; its failure leaves the target out. */
struct kd_target_check {
	enum kd_status (*check)(void *opaque, const struct kd_target *target, struct kd_err *err);
	void *opaque;
};

/*
 * Finds each target, and the boot file system behind them where the configuration has that as fallback and it is none of
 * them. One that cannot be had is left out with a warning: the others are worth having. When none is left, the failure is
 * that of the first.
 */
enum kd_status kd_targets_find(const struct kd_paths *paths, const struct kd_config *config,
			       const struct kd_log *log, const struct kd_target_check *check,
			       struct kd_targets *targets, struct kd_err *err);
void kd_targets_deinit(struct kd_targets *targets);

#endif
