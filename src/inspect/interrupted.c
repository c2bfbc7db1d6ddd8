/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * When panic() stops the other CPUs without a crash kernel, or a hypervisor stops a machine, no notes are written. A CPU
 * that was told to stop did so in an interrupt (stop_this_cpu()), and such a one runs on a stack of its own:
 *
 *     interrupt stack     ...frames of the handler...
 *                         the stack pointer that was left       <- hardirq_stack_ptr
 *     the task's stack    frames of the interrupt's entry       <- that stack pointer
 *                         struct pt_regs: what was interrupted
 *                         what it had on its stack              <- its stack pointer
 *
 * hardirq_stack_inuse says that this is so now (arch/x86/include/asm/irq_stack.h, since 5.8), so nothing above the stack
 * pointer is stale. A struct pt_regs shows by what it holds: segments of the kernel, an address in its code, and a stack
 * pointer that leads right behind itself.
 */
#include "inspect/interrupted.h"

#include <string.h>

#include "inspect/fields.h"

enum {
	WORD = 8,
	SEARCH_BYTES = 4096,
	KERNEL_CS = 0x10,
	KERNEL_DS = 0x18,
	FLAGS_ALWAYS = 0x2,      /* Intel SDM volume 1, 3.4.3 */
	FLAGS_NEVER = ~0x3f7fd7, /* reserved */
	PT_SS = 20,
};

/* The per-CPU variables, which were gathered in one structure in 6.2 and taken apart again in 6.15. */
static enum kd_status read_hot(struct kd_system *system, unsigned int cpu, uint64_t *in_use,
			       uint64_t *left_at, struct kd_err *err)
{
	uint64_t at = 0, pointer = 0;
	uint8_t flag = 0;
	enum kd_status status;

	if (!kd_percpu_symbol(system, "pcpu_hot", cpu, &at, NULL)) {
		status = kd_get(system, at, "pcpu_hot.hardirq_stack_inuse", in_use, err);
		if (!status)
			status = kd_get(system, at, "pcpu_hot.hardirq_stack_ptr", &pointer, err);
	} else {
		status = kd_percpu_symbol(system, "hardirq_stack_inuse", cpu, &at, err);
		if (!status)
			status = kd_system_read(system, at, &flag, sizeof(flag), err);
		*in_use = flag;
		if (!status)
			status = kd_percpu_symbol(system, "hardirq_stack_ptr", cpu, &at, err);
		if (!status)
			status = kd_read_u64(system, at, &pointer, err);
	}
	return status ? status : kd_read_u64(system, pointer, left_at, err);
}

static bool is_interrupted(struct kd_system *system, uint64_t at, const uint64_t *words)
{
	uint64_t behind = at + KD_PT_REGS * WORD;
	const struct kd_symbol *symbol;

	if (words[KD_PT_CS] != KERNEL_CS || words[PT_SS] != KERNEL_DS ||
	    !(words[KD_PT_FLAGS] & FLAGS_ALWAYS) || words[KD_PT_FLAGS] & (uint64_t)FLAGS_NEVER)
		return false;
	/* the CPU aligns the stack before it pushes */
	if (words[KD_PT_SP] != behind && words[KD_PT_SP] != behind + WORD)
		return false;
	symbol = kd_symbols_at(kd_system_symbols(system), words[KD_PT_IP]);
	return symbol && (symbol->type | 0x20) == 't';
}

enum kd_status kd_interrupted_registers(struct kd_system *system, unsigned int cpu,
					struct kd_cpu_saved *saved, struct kd_err *err)
{
	uint64_t in_use = 0, left_at = 0, task = 0, pid = 0, words[KD_PT_REGS];
	enum kd_status status = read_hot(system, cpu, &in_use, &left_at, err);

	if (!status && !in_use)
		status = KD_NOTFOUND;
	for (uint64_t at = left_at; !status && at < left_at + SEARCH_BYTES; at += WORD) {
		status = kd_system_read(system, at, words, sizeof(words), err);
		if (status || !is_interrupted(system, at, words))
			continue;
		if (!kd_cpu_task(system, cpu, &task, NULL))
			kd_get(system, task, "task_struct.pid", &pid, NULL);
		*saved = (struct kd_cpu_saved){.pid = (uint32_t)pid, .from_stack = true};
		memcpy(saved->registers, words, sizeof(words));
		return KD_OK;
	}
	return kd_fail(err, status ? status : KD_NOTFOUND, "CPU %u left no registers", cpu);
}
