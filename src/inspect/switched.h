/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The registers of a task that was not on a CPU, as far as they are known: what __switch_to_asm() pushed (struct
 * inactive_task_frame at thread.sp; arch/x86/entry/entry_64.S), and what is kept in the task itself. The caller of a switch
 * expects no other register to survive.
 */
#ifndef KD_INSPECT_SWITCHED_H
#define KD_INSPECT_SWITCHED_H

#include "inspect/fields.h"
#include "inspect/stacks.h"

enum { KD_SWITCHED_REGISTERS = 11 };

/* Where they are; those with a path that the kernel lacks have no bytes. */
struct kd_switched {
	struct kd_system *system; /* borrowed */
	struct kd_field fields[KD_SWITCHED_REGISTERS], stack_pointer;
};

void kd_switched_init(struct kd_switched *switched, struct kd_system *system);

typedef void kd_switched_take(void *opaque, const char *name, uint64_t value);
/*
 * Tells of each register that is known, by the name that arch->registers gives it, of a task that kd_task_start() has
 * found switched out; or why none is.
 */
enum kd_status kd_switched_each(const struct kd_switched *switched, const struct kd_task *task,
				const struct kd_unwind_start *start, kd_switched_take *take,
				void *opaque, struct kd_err *err);

#endif
