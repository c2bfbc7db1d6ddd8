/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Setting a machine up for crash dumps: everything that `kdump setup` finds out, and the plan that comes of it.
 */
#ifndef KD_SETUP_SETUP_H
#define KD_SETUP_SETUP_H

#include <stdbool.h>
#include <stdint.h>

#include "config/config.h"
#include "load/initramfs.h"
#include "setup/plan.h"

/* Where --target is kept. */
#define KD_SETUP_DROP_IN "/etc/kdump.conf.d/setup.conf"

struct kd_setup_request {
	const struct kd_paths *paths;
	struct kd_image_programs programs;
	const char *target;      /* NULL: as configured */
	const char *crashkernel; /* "256M"; NULL: as estimated */
	const struct kd_log *log;
};

/* What a person has to do when the steps are done. */
enum kd_setup_left {
	KD_SETUP_NOTHING,
	KD_SETUP_REBOOT,
	KD_SETUP_ADD_PARAMETER, /* no boot loader that we know: by hand, and then a reboot */
};

struct kd_setup_found {
	char release[65];
	uint64_t needed_bytes;   /* as estimated */
	uint64_t reserved_bytes; /* by the kernel that runs */
	char parameter[128];     /* "crashkernel=192M"; "" when the reservation is not ours */
	const char *boot_loader; /* NULL: none that we know */
	/* "UUID=… (vda1), ext4", "[target spare] UUID=… (vdb), xfs", in the order in which they are tried */
	char targets[KD_CONFIG_TARGETS][256];
	unsigned int target_count;
	bool target_failed; /* what failed was finding it, or the way to it */
	enum kd_setup_left left;
};

/* Plans to set up. The plan is to be deinitialized whatever comes of it. */
enum kd_status kd_setup_plan_all(const struct kd_setup_request *request, struct kd_setup_plan *plan,
				 struct kd_setup_found *found, struct kd_err *err);

/* Plans to undo it: configuration of the administrator and crashes stay. */
enum kd_status kd_setup_plan_removal(const struct kd_paths *paths, struct kd_setup_plan *plan,
				     struct kd_err *err);

#endif
