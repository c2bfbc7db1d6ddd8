/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where tasks and CPUs stood when the system died. */
#ifndef KD_INSPECT_STACKS_H
#define KD_INSPECT_STACKS_H

#include "inspect/tasks.h"
#include "inspect/unwind.h"

enum { KD_SAVED_REGISTERS = 27 }; /* words of an NT_PRSTATUS of x86_64 */

struct kd_cpu_saved {
	uint32_t pid;                           /* of the thread that ran there; 0 idle */
	uint64_t registers[KD_SAVED_REGISTERS]; /* as struct user_regs_struct has them */
	bool from_stack; /* those of an interrupt in which the CPU was; it left no note of its own */
};

/*
 * What a CPU saved as it stopped: out of its crash_notes, else of the dump's own notes, else what an interrupt saved
 * in which it was (inspect/interrupted.h). KD_NOTFOUND for a CPU that left none of them.
 */
enum kd_status kd_cpu_saved(struct kd_system *system, const struct kd_cpus *cpus, unsigned int cpu,
			    struct kd_cpu_saved *saved, struct kd_err *err);

/* Where a task stood: what its CPU saved when it was running, else where it was switched out. */
enum kd_status kd_task_start(struct kd_system *system, const struct kd_cpus *cpus,
			     const struct kd_task *task, struct kd_unwind_start *start,
			     struct kd_err *err);

#endif
