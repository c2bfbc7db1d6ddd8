/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef KD_INSPECT_RT_WAITS_H
#define KD_INSPECT_RT_WAITS_H

#include "inspect/waits.h"

/*
 * The same as kd_wait_find() for locks that hand priorities on: all that sleep in a PREEMPT_RT kernel, and futexes of that
 * kind in any. KD_NOTFOUND: it waits for none of these.
 */
enum kd_status kd_rt_wait_find(struct kd_system *system, const struct kd_tasks *tasks,
			       const struct kd_task *task, const struct kd_stack *stack,
			       struct kd_wait *wait, struct kd_err *err);

#endif
