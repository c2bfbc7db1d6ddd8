/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The guest of a rehearsal: QEMU, and the disk that stands in for the target. Private to this layer. */
#ifndef KD_REHEARSE_GUEST_H
#define KD_REHEARSE_GUEST_H

#include "rehearse/run.h"

#define KD_REHEARSAL_DISK "target.img"

/* Makes the disk in run->work: a file system of that kind and UUID with at least that much free space. */
enum kd_status kd_rehearse_make_disk(const struct kd_rehearse_run *run,
				     const struct kd_rehearsal *rehearsal, struct kd_err *err);

/*
 * Boots the guest; its PID 1 gets `role` as last argument. What it says goes to WORK/ROLE.console and WORK/ROLE.answers.
 * *over: it ended by itself, within the time limit.
 */
enum kd_status kd_rehearse_boot(const struct kd_rehearse_run *run,
				const struct kd_rehearsal *rehearsal, const char *role, bool *over,
				struct kd_err *err);

#endif
