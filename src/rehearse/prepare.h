/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Everything that a rehearsal of this machine takes, put into a folder. */
#ifndef KD_REHEARSE_PREPARE_H
#define KD_REHEARSE_PREPARE_H

#include "base/log.h"
#include "host/paths.h"
#include "load/initramfs.h"
#include "rehearse/rehearsal.h"

struct kd_rehearse_request {
	const struct kd_paths *paths;
	struct kd_image_programs programs; /* of the capture image */
	const char *program;               /* this kdump-machine */
	const char *reader;                /* and its kdump */
	const char *folder;                /* exists */
	const struct kd_log *log;
};

/*
 * What would start on a panic, from what is loaded, or from what `kdump load` would take. What makes a rehearsal
 * impossible (no kernel, no image, no target, a target that nothing can stand in for) fails, with what the doctor says
 * of the machine in rehearsal->known all the same; what is only known to be wrong is noted there.
 */
enum kd_status kd_rehearse_prepare(const struct kd_rehearse_request *request,
				   struct kd_rehearsal *rehearsal, struct kd_err *err);

#endif
