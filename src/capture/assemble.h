/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Putting a target's device together: the other end of load/stack.h. */
#ifndef KD_CAPTURE_ASSEMBLE_H
#define KD_CAPTURE_ASSEMBLE_H

#include "capture/capture.h"

/* One line of KD_IMAGE_ASSEMBLY. */
struct kd_assembly {
	unsigned int target;
	char how[8]; /* "md", "lvm" */
	char what[512];
	unsigned int metadata_minor; /* md: 2 for version 1.2 */
	unsigned int members;        /* md: disks of the array when it is whole */
};

/* False for a line that is none. */
bool kd_assembly_parse(const char *line, struct kd_assembly *assembly);

/*
 * Tries what is still to be done for the target that is being tried, in order, up to the first that cannot be done yet.
 * `patient`: an array waits for its missing members; else it starts without them, if it can.
 */
void kd_capture_assemble(struct kd_capture *capture, bool patient);

#endif
