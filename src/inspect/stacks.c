/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "inspect/stacks.h"

#include <elf.h>
#include <string.h>

#include "arch/arch.h"
#include "inspect/fields.h"
#include "kernel/registers.h"

enum { NAME_BYTES = 8 }; /* "CORE", padded */

/* The note that the kernel writes for each CPU (crash_save_cpu() of kernel/crash_core.c), before it is in any file. */
static enum kd_status read_crash_note(struct kd_system *system, unsigned int cpu,
				      struct kd_cpu_saved *saved, struct kd_err *err)
{
	const struct kd_arch *arch = kd_dump_arch(kd_kernel_dump(kd_system_kernel(system)));
	uint64_t pointer = 0, notes = 0, vaddr = 0, desc;
	Elf64_Nhdr header = {0};
	enum kd_status status = kd_system_symbol(system, "crash_notes", &pointer, err);

	if (!status)
		status = kd_read_u64(system, pointer, &notes, err);
	if (!status)
		status = kd_percpu_address(system, notes, cpu, &vaddr, err);
	if (!status)
		status = kd_system_read(system, vaddr, &header, sizeof(header), err);
	if (status)
		return status;
	if (header.n_type != NT_PRSTATUS || header.n_descsz < arch->prstatus_bytes)
		return kd_fail(err, KD_NOTFOUND, "CPU %u left no registers", cpu);
	desc = vaddr + sizeof(header) + NAME_BYTES;
	status = kd_system_read(system, desc + arch->prstatus_pid_offset, &saved->pid,
				sizeof(saved->pid), err);
	if (!status)
		status = kd_system_read(system, desc + arch->prstatus_registers_offset,
					saved->registers, sizeof(saved->registers), err);
	return status;
}

/* The dump's own notes: one for each CPU that was online, in order. */
static enum kd_status read_dump_note(struct kd_system *system, const struct kd_cpus *cpus,
				     unsigned int cpu, struct kd_cpu_saved *saved,
				     struct kd_err *err)
{
	const struct kd_dump *dump = kd_kernel_dump(kd_system_kernel(system));
	struct kd_cpu_registers note;
	unsigned int rank = 0, online = 0;
	enum kd_status status;

	for (unsigned int i = 0; i < cpus->count; i++) {
		rank += i < cpu && kd_cpu_is_online(cpus, i);
		online += kd_cpu_is_online(cpus, i);
	}
	/* else it cannot be told whose they are */
	if (kd_registers_count(dump) != online || !kd_cpu_is_online(cpus, cpu))
		return kd_fail(err, KD_NOTFOUND, "CPU %u left no registers", cpu);
	status = kd_registers_get(dump, rank, &note, err);
	if (status)
		return status;
	saved->pid = note.pid;
	memcpy(saved->registers, note.set, sizeof(saved->registers));
	return KD_OK;
}

enum kd_status kd_cpu_saved(struct kd_system *system, const struct kd_cpus *cpus, unsigned int cpu,
			    struct kd_cpu_saved *saved, struct kd_err *err)
{
	const struct kd_arch *arch = kd_dump_arch(kd_kernel_dump(kd_system_kernel(system)));

	if (arch != &kd_arch_x86_64)
		return kd_fail(err, KD_UNSUPPORTED, "%s: no stacks of it yet", arch->name);
	if (!read_crash_note(system, cpu, saved, NULL))
		return KD_OK;
	return read_dump_note(system, cpus, cpu, saved, err);
}

/* Where __switch_to_asm() left it: struct inactive_task_frame is on top of its stack. */
static enum kd_status find_switched_out(struct kd_system *system, uint64_t task,
					struct kd_unwind_start *start, struct kd_err *err)
{
	uint64_t sp = 0, bytes = 0, fork = 0;
	enum kd_status status = kd_get(system, task, "task_struct.thread.sp", &sp, err);

	if (!status)
		status = kd_get(system, sp, "inactive_task_frame.bp", &start->bp, err);
	if (!status)
		status = kd_get(system, sp, "inactive_task_frame.ret_addr", &start->pc, err);
	if (!status)
		status = kd_size_of(system, "inactive_task_frame", &bytes, err);
	if (status)
		return status;
	start->sp = sp + bytes;
	/* a task that never ran has returned from nowhere */
	start->interrupted =
		!kd_system_symbol(system, "ret_from_fork", &fork, NULL) && start->pc == fork;
	if (!kd_system_symbol(system, "ret_from_fork_asm", &fork, NULL) && start->pc == fork)
		start->interrupted = true;
	return KD_OK;
}

enum kd_status kd_task_start(struct kd_system *system, const struct kd_cpus *cpus,
			     const struct kd_task *task, struct kd_unwind_start *start,
			     struct kd_err *err)
{
	struct kd_cpu_saved saved;
	enum kd_status status;

	*start = (struct kd_unwind_start){.task = task->vaddr};
	/* its stack was given back when it was switched out for the last time */
	if (!task->running && (task->state == 'Z' || task->state == 'X'))
		return kd_fail(err, KD_NOTFOUND, "it has exited");
	if (!task->running)
		return find_switched_out(system, task->vaddr, start, err);
	status = kd_cpu_saved(system, cpus, task->cpu, &saved, err);
	if (status)
		return status;
	start->interrupted = start->has_registers = true;
	memcpy(start->registers, saved.registers, sizeof(start->registers));
	start->pc = saved.registers[KD_PT_IP];
	start->sp = saved.registers[KD_PT_SP];
	start->bp = saved.registers[KD_PT_BP];
	return KD_OK;
}
