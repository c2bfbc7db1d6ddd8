/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From what a person asked for to a request that kd_load_prepare() can take. */
#ifndef KD_LOAD_DEFAULTS_H
#define KD_LOAD_DEFAULTS_H

#include "base/err.h"
#include "config/config.h"
#include "load/load.h"
#include "load/record.h"

/* A request and the strings that it borrows. */
struct kd_load_resolved {
	struct kd_load_request request; /* method as in the arguments: perhaps AUTO */
	char *kernel, *initrd;
	struct kd_config config; /* of the system */
};

/*
 * Fills in the default kernel and initramfs of the running release and checks that the files are
 * there, readable and not empty. The arguments must outlive *resolved.
 */
enum kd_status kd_load_resolve(const struct kd_paths *paths,
			       const struct kd_load_arguments *arguments, const struct kd_log *log,
			       struct kd_load_resolved *resolved, struct kd_err *err);
void kd_load_resolved_deinit(struct kd_load_resolved *resolved);

/*
 * Whether memory is reserved for a second kernel at all; the message says what to add. KD_NOTFOUND
 * when this kernel does not know of reservations.
 */
enum kd_status kd_load_check_reservation(const struct kd_paths *paths, struct kd_err *err);

#endif
