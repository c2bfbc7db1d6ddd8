/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a CPU was at that left no note of it, by the interrupt in which it stopped. */
#ifndef KD_INSPECT_INTERRUPTED_H
#define KD_INSPECT_INTERRUPTED_H

#include "inspect/stacks.h"

/*
 * The registers that an interrupt saved when it took the CPU away from what it did, and has not given back: only those of
 * struct pt_regs, the others are 0. Those of user space only when the interrupt was the one by which a panic stops CPUs.
 * KD_NOTFOUND for a CPU that was in no such interrupt.
 */
enum kd_status kd_interrupted_registers(struct kd_system *system, unsigned int cpu,
					struct kd_cpu_saved *saved, struct kd_err *err);

#endif
