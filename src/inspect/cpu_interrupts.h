/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Interrupts that have no descriptor: those which each CPU has for itself, and counts in a structure of its own. */
#ifndef KD_INSPECT_CPU_INTERRUPTS_H
#define KD_INSPECT_CPU_INTERRUPTS_H

#include <stdbool.h>

#include "inspect/percpu.h"

struct kd_cpu_interrupt {
	const char *name; /* "NMI", "LOC", … as /proc/interrupts has it */
	const char *what; /* in words */
	const uint32_t
		*counts; /* by CPU, for this call only; NULL: it is counted for all of them */
	uint64_t total;
};

/*
 * Tells of each that the kernel counts, in the order of /proc/interrupts; of those which few machines have, only when they
 * came. False stops. KD_UNSUPPORTED for a kernel that counts none of them so, as of another architecture than x86_64.
 */
typedef bool kd_cpu_interrupt_take(void *opaque, const struct kd_cpu_interrupt *interrupt);
enum kd_status kd_cpu_interrupts_each(struct kd_system *system, const struct kd_cpus *cpus,
				      kd_cpu_interrupt_take *take, void *opaque,
				      struct kd_err *err);

#endif
