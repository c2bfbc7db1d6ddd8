/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bringing image and loaded kernel up to date with the machine, as often as one likes: `kdump refresh`,
 * the service at boot, and the hooks for new kernels, configurations, CPUs and memory.
 *
 * No guess from time stamps: the image is made in memory, which gives the same bytes from the same inputs,
 * and written when the file has others; what is loaded is compared by the record of its load. An image with a target
 * that is away for the moment is better than one that would never look for it, and stays.
 */
#ifndef KD_SETUP_REFRESH_H
#define KD_SETUP_REFRESH_H

#include <limits.h>
#include <stdbool.h>

#include "load/initramfs.h"
#include "load/switch.h"

/* STATE/initrd-VERSION. */
const char *kd_refresh_image_path(const struct kd_paths *paths, const char *version,
				  char path[PATH_MAX]);

enum kd_refresh_verdict {
	KD_REFRESH_SAME,
	KD_REFRESH_CHANGED, /* they differ, or there is no file */
	KD_REFRESH_KEPT,    /* they differ, and the file is better: a warning says why */
};

/* Makes the image and compares it with the file. */
enum kd_status kd_refresh_make(const struct kd_initramfs_request *request,
			       struct kd_initramfs **image, enum kd_refresh_verdict *verdict,
			       struct kd_err *err);

/* Makes the image and writes it when it has changed. */
enum kd_status kd_refresh_image(const struct kd_initramfs_request *request,
				enum kd_refresh_verdict *verdict, struct kd_err *err);

/*
 * Loads what the last load asked for, or the running kernel with its command line when there was none;
 * nothing is done when that is loaded and fresh. CPUs and memory that come and go meanwhile
 * are taken in, too.
 */
enum kd_status kd_refresh_load(const struct kd_switch *machine, struct kd_switch_result *result,
			       struct kd_err *err);

/* Makes the running kernel's image and writes it, as kd_refresh_image() does. */
struct kd_refresh_maker {
	enum kd_status (*make)(void *opaque, struct kd_err *err);
	void *opaque;
};

/*
 * Image, then load; again when the configuration has changed meanwhile, for which no path unit watches while its
 * service runs. Where the image cannot be made, the one that is there is loaded when it is whole: the failure
 * is that of the image then, and *result tells what is loaded; its kernel is NULL when nothing was.
 */
enum kd_status kd_refresh_all(const struct kd_switch *machine, const struct kd_refresh_maker *maker,
			      struct kd_switch_result *result, struct kd_err *err);

/*
 * Whether there is anything to refresh: something is armed, the service is enabled, or there is an image of that version.
 * Hooks and rules of the package are there also on a machine that was never set up.
 */
bool kd_refresh_is_wanted(const struct kd_paths *paths, const char *version);

/* Whether something is meant to be loaded: a load is remembered, and was not disarmed. */
bool kd_refresh_is_armed(const struct kd_paths *paths);

#endif
