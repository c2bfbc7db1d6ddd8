/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The switch: load, arm, disarm, unload, each with its record. The system calls lie behind a driver,
 * so that what happens when the kernel refuses can be tested.
 */
#ifndef KD_LOAD_SWITCH_H
#define KD_LOAD_SWITCH_H

#include <stdbool.h>

#include "base/err.h"
#include "host/paths.h"
#include "load/load.h"
#include "load/method.h"
#include "load/record.h"

struct kd_load_description {
	const struct kd_load_segment *segments; /* borrowed from the image */
	size_t segment_count;
	const char *command_line; /* borrowed from the image */
	bool backup;
};

struct kd_load_driver {
	void (*probe)(const struct kd_paths *paths, struct kd_load_powers *powers);
	enum kd_status (*prepare)(const struct kd_load_request *request,
				  struct kd_load_image **image, struct kd_err *err);
	enum kd_status (*commit)(struct kd_load_image *image, struct kd_err *err);
	void (*describe)(const struct kd_load_image *image, struct kd_load_description *said);
	void (*release)(struct kd_load_image *image);
	enum kd_status (*unload)(struct kd_err *err);
};

extern const struct kd_load_driver kd_load_kernel_driver;

struct kd_switch {
	const struct kd_paths *paths;
	const struct kd_load_driver *driver;
	const struct kd_log *log;
};

struct kd_switch_result {
	bool changed; /* false: everything was that way already */
	char *kernel; /* what is loaded now; NULL when nothing is */
	enum kd_load_method method;
	bool backup;
	char reason[256]; /* "", or why this method and not the preferred one */
};

void kd_switch_result_deinit(struct kd_switch_result *result);

/*
 * Loads and remembers. On failure what was loaded before is loaded still, or again, and the message
 * tells of it whenever the kernel had let go of it.
 */
enum kd_status kd_switch_load(const struct kd_switch *self,
			      const struct kd_load_arguments *arguments,
			      struct kd_switch_result *result, struct kd_err *err);

/*
 * Loads what the record tells of, unless it is loaded and fresh. KD_NOTFOUND when nothing is
 * remembered.
 */
enum kd_status kd_switch_arm(const struct kd_switch *self, struct kd_switch_result *result,
			     struct kd_err *err);

/* Unloads, and keeps the record (disarmed) for kd_switch_arm(). */
enum kd_status kd_switch_disarm(const struct kd_switch *self, struct kd_switch_result *result,
				struct kd_err *err);

/* Unloads, and forgets. */
enum kd_status kd_switch_unload(const struct kd_switch *self, struct kd_switch_result *result,
				struct kd_err *err);

#endif
