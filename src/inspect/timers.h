/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Timers that were pending: those of the wheel (struct timer_list, kernel/time/timer.c) and those of high resolution
 * (struct hrtimer, kernel/time/hrtimer.c).
 */
#ifndef KD_INSPECT_TIMERS_H
#define KD_INSPECT_TIMERS_H

#include <stdbool.h>

#include "inspect/percpu.h"

enum { KD_CLOCK_NAME_BYTES = 32 };

struct kd_timer {
	uint64_t vaddr; /* of its struct timer_list or hrtimer */
	unsigned int cpu;
	/* "jiffies" of the wheel; "monotonic", "realtime" … of high resolution */
	char clock[KD_CLOCK_NAME_BYTES];
	uint64_t expires; /* as the timer has it: jiffies, or ns of its clock */
	bool is_due_known;
	int64_t due_ns;    /* from the panic on; negative: it was late */
	uint64_t function; /* that will be called */
	/* what that is for, where the kernel tells: the function of delayed work, or the task to wake up; else 0 */
	uint64_t work, task;
};

/* Tells of each timer, by CPU and clock; those of the wheel as they lie in it, the others by time. False stops. */
typedef bool kd_timer_take(void *opaque, const struct kd_timer *timer);
enum kd_status kd_timers_each(struct kd_system *system, const struct kd_cpus *cpus,
			      kd_timer_take *take, void *opaque, struct kd_err *err);

#endif
