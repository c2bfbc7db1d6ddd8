/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Interrupts: who handles each, and how often each CPU has had it (struct irq_desc of include/linux/irqdesc.h). */
#ifndef KD_INSPECT_INTERRUPTS_H
#define KD_INSPECT_INTERRUPTS_H

#include <stdbool.h>

#include "inspect/percpu.h"

enum { KD_INTERRUPT_NAME_BYTES = 64, KD_INTERRUPT_ACTIONS_BYTES = 512 };

struct kd_interrupt {
	unsigned int number;
	uint64_t vaddr;                     /* of its struct irq_desc */
	char chip[KD_INTERRUPT_NAME_BYTES]; /* "" when it has none */
	uint64_t hardware_number;
	char actions
		[KD_INTERRUPT_ACTIONS_BYTES]; /* their names, with ", " between them; "" unused */
	uint64_t handler;                     /* the first action's function; 0 without */
	uint64_t spurious;                    /* that nobody wanted, lately */
	bool disabled;
	const uint32_t *counts; /* by CPU, as many as there are possible ones; for this call only */
	uint64_t total;
};

/* Tells of each interrupt that somebody handles, or that came; by number. False stops. */
typedef bool kd_interrupt_take(void *opaque, const struct kd_interrupt *interrupt);
enum kd_status kd_interrupts_each(struct kd_system *system, const struct kd_cpus *cpus,
				  kd_interrupt_take *take, void *opaque, struct kd_err *err);

#endif
