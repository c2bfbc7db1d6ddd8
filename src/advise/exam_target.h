/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where a dump would go: is a target of the configuration there, may it be written, how much is free. */
#ifndef KD_ADVISE_EXAM_TARGET_H
#define KD_ADVISE_EXAM_TARGET_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "config/config.h"
#include "host/paths.h"
#include "load/names.h"
#include "load/target.h"

struct kd_exam_target {
	char section[64];    /* "target" or "target NAME" */
	char path[PATH_MAX]; /* as configured */
	bool found;
	struct kd_target target;         /* when found */
	char problem[KD_ERR_TEXT_BYTES]; /* "", or why it was not */
	bool device_read_only, mounted, mounted_read_only;
	char mount_point[PATH_MAX]; /* where it is mounted */
	char not_mounted[PATH_MAX]; /* "", or what /etc/fstab would mount on the way to the path */
	bool free_known;
	uint64_t free_bytes;
	/* for whoever looks into the image: "", or how that would look for the target otherwise than it is found now */
	char image_says[KD_ERR_TEXT_BYTES];
	struct kd_names missing_modules; /* that the image lacks, for whoever looks into it */
};

/* Fills in what there is to see; nothing fails. */
void kd_exam_target_look(const struct kd_paths *paths, const struct kd_config_target *config,
			 struct kd_exam_target *target);
void kd_exam_target_deinit(struct kd_exam_target *target);

#endif
