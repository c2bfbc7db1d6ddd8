/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where the crashes of this system are, as its configuration has it. */
#ifndef KD_CMD_CRASH_PLACE_H
#define KD_CMD_CRASH_PLACE_H

#include <limits.h>

#include "base/err.h"
#include "cmd/root.h"
#include "config/config.h"
#include "crashes/crash.h"
#include "load/targets.h"

/* Reads the configuration of the system; defaults where there is none. */
enum kd_status kd_read_system_config(const struct kd_paths *paths, struct kd_config *config,
				     struct kd_err *err);

/*
 * The folder of crash folders of the first target: its path, below where its device is mounted when there is one. On a
 * raw target, where `kdump collect` puts what it takes in: that path of the running system. KD_NOTFOUND when the
 * device is not mounted, or not there.
 */
enum kd_status kd_crash_place(const struct kd_paths *paths, const struct kd_config *config,
			      char folder[PATH_MAX], struct kd_err *err);

/* Of each target, of the fallback, and one more that a command adds. */
enum { KD_CRASH_PLACES = KD_CONFIG_TARGETS + KD_FALLBACK_FOLDERS + 1 };

/* Where crashes may be: of every target, and where they go when none of these holds one. */
struct kd_crash_places {
	char folders[KD_CRASH_PLACES][PATH_MAX];
	size_t count;   /* at least 1 */
	size_t missing; /* targets that could not be looked at */
};

/* The crashes of places, place by place. */
struct kd_found_crashes {
	struct kd_crash_places places;
	struct kd_crashes crashes[KD_CRASH_PLACES];
};

/*
 * For a command: `given`, or what the configuration of the system below `root` (NULL: this one) names. A target that
 * is not mounted is passed over with a warning; KD_NOTFOUND, with a hint printed, when none is.
 */
enum kd_status kd_find_crashes(const char *given, const char *root, struct kd_crash_places *places,
			       struct kd_err *err);

/* Adds a folder, unless it is there by this name or another. */
void kd_crash_places_add(struct kd_crash_places *places, const char *folder);

#endif
