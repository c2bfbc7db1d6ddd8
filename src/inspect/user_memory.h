/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The memory of a process, as far as it was in RAM, through its own page tables. */
#ifndef KD_INSPECT_USER_MEMORY_H
#define KD_INSPECT_USER_MEMORY_H

#include "inspect/tasks.h"
#include "memory/space.h"

/*
 * The address space that a process had; over the dump's own reader, so for one thread. KD_NOTFOUND for a kernel thread,
 * and for a process that has given up its memory. Reading then gives KD_FAULT for what is not mapped, has never been
 * touched, or is swapped out.
 */
enum kd_status kd_user_space(struct kd_system *system, const struct kd_task *task,
			     struct kd_space *space, struct kd_err *err);

#endif
