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
 *
 * A CPU that was in user space is left on the task's stack, which is empty then: struct pt_regs is at its very top, and the
 * word below it says who was called with it. What stopped the CPU (REBOOT_VECTOR) never returns, so that no word of an
 * earlier time can say so.
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
	PT_ORIG_AX = 15, /* below zero: it was no system call */
	USER_CS = 3,
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

/* The end of the stack of the task that it was at, which was in one structure with those from 6.2 to 6.14, too. */
static enum kd_status read_stack_top(struct kd_system *system, unsigned int cpu, uint64_t *top,
				     struct kd_err *err)
{
	uint64_t at = 0;
	enum kd_status status;

	if (!kd_percpu_symbol(system, "pcpu_hot", cpu, &at, NULL))
		return kd_get(system, at, "pcpu_hot.top_of_stack", top, err);
	status = kd_percpu_symbol(system, "cpu_current_top_of_stack", cpu, &at, err);
	return status ? status : kd_read_u64(system, at, top, err);
}

static enum kd_status find_user(struct kd_system *system, unsigned int cpu,
				uint64_t words[KD_PT_REGS], struct kd_err *err)
{
	uint64_t top = 0, from, returns_to = 0, entry = 0;
	const struct kd_symbol *symbol;
	enum kd_status status = read_stack_top(system, cpu, &top, err);

	from = top - KD_PT_REGS * WORD;
	if (!status)
		status = kd_system_symbol(system, "asm_sysvec_reboot", &entry, err);
	if (!status)
		status = kd_read_u64(system, from - WORD, &returns_to, err);
	if (!status)
		status = kd_system_read(system, from, words, KD_PT_REGS * WORD, err);
	if (status)
		return status;
	/* the return address is behind the call, which is not the function's last instruction */
	symbol = kd_symbols_at(kd_system_symbols(system), returns_to);
	if (!symbol || symbol->vaddr != entry || (words[KD_PT_CS] & USER_CS) != USER_CS ||
	    (int64_t)words[PT_ORIG_AX] >= 0)
		return kd_fail(err, KD_NOTFOUND, "it did not come from user space");
	return KD_OK;
}

static void save(struct kd_system *system, unsigned int cpu, const uint64_t words[KD_PT_REGS],
		 struct kd_cpu_saved *saved)
{
	uint64_t task = 0, pid = 0;

	if (!kd_cpu_task(system, cpu, &task, NULL))
		kd_get(system, task, "task_struct.pid", &pid, NULL);
	*saved = (struct kd_cpu_saved){.pid = (uint32_t)pid, .from_stack = true};
	memcpy(saved->registers, words, KD_PT_REGS * WORD);
}

enum kd_status kd_interrupted_registers(struct kd_system *system, unsigned int cpu,
					struct kd_cpu_saved *saved, struct kd_err *err)
{
	uint64_t in_use = 0, left_at = 0, words[KD_PT_REGS];
	enum kd_status status = read_hot(system, cpu, &in_use, &left_at, err);

	if (!status && !in_use) {
		status = find_user(system, cpu, words, NULL);
		if (!status) {
			save(system, cpu, words, saved);
			return KD_OK;
		}
	}
	for (uint64_t at = left_at; !status && at < left_at + SEARCH_BYTES; at += WORD) {
		status = kd_system_read(system, at, words, sizeof(words), err);
		if (status || !is_interrupted(system, at, words))
			continue;
		save(system, cpu, words, saved);
		return KD_OK;
	}
	return kd_fail(err, status ? status : KD_NOTFOUND, "CPU %u left no registers", cpu);
}
