/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where threads, registers and memory come from.
 *
 * Threads: each CPU that was online is one, with the task that kd_task_of_cpu() gives for it; every other task is one, those, too,
 * that are marked as running while their CPU has another. So no task is there twice, and a CPU whose task is not known
 * still has registers.
 *
 * Registers: a CPU's are those that it saved (inspect/stacks.h), and the control registers of QEMU's own notes, when there
 * is one for each CPU; a task's are what was kept when it was switched out (inspect/switched.h). What is not known stays unknown:
 * gdb shows it so, and never a zero.
 *
 * Memory: the upper half of the addresses is the kernel's, read through its own page tables whatever the thread; the lower is
 * that of the thread's process. A read is taken apart at pages, so that what stands before a page that is missing is
 * given; on the stack of the thread, return addresses that tracing replaced are put back.
 */
#include "gdb/machine.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arch/arch.h"
#include "base/bytes.h"
#include "host/system.h"
#include "inspect/mm.h"
#include "inspect/returns.h"
#include "inspect/stacks.h"
#include "kernel/panic.h"

/* No task of x86_64 has more: THREAD_SIZE with KASAN (arch/x86/include/asm/page_64_types.h). */
enum { STACK_BYTES = 32 << 10 };

/* struct QEMUCPUState of QEMU's target/i386/arch_dump.c, version 1: what a "QEMU" note has of each CPU. */
enum { QEMU_CR = 392, QEMU_CRS = 5, QEMU_NOTE_BYTES = QEMU_CR + 8 * QEMU_CRS };

#define KERNEL_HALF UINT64_C(0x8000000000000000)

static void find_threads(struct kd_gdb_machine *machine)
{
	const struct kd_tasks *tasks = &machine->tasks;
	struct kd_gdb_thread *next = machine->threads;

	for (unsigned int cpu = 0; cpu < tasks->cpus.count; cpu++)
		if (kd_cpu_is_online(&tasks->cpus, cpu))
			*next++ = (struct kd_gdb_thread){true, cpu, kd_task_of_cpu(tasks, cpu)};
	machine->cpu_count = (size_t)(next - machine->threads);
	for (size_t i = 0; i < tasks->count; i++) {
		const struct kd_task *task = &tasks->list[i];

		if (!task->running || kd_task_of_cpu(tasks, task->cpu) != task)
			*next++ = (struct kd_gdb_thread){false, task->cpu, task};
	}
	machine->count = (size_t)(next - machine->threads);
}

static void find_panicked(struct kd_gdb_machine *machine)
{
	struct kd_panic panic;

	if (kd_panic_find(kd_system_kernel(machine->system), &panic, NULL) || !panic.has_cpu)
		return;
	for (size_t i = 0; i < machine->cpu_count; i++)
		if (machine->threads[i].cpu == panic.cpu) {
			machine->panicked = i;
			machine->panicked_known = true;
		}
}

enum kd_status kd_gdb_machine_init(struct kd_gdb_machine *machine, struct kd_system *system,
				   const struct kd_log *log, struct kd_err *err)
{
	const struct kd_arch *arch = kd_dump_arch(kd_kernel_dump(kd_system_kernel(system)));
	struct kd_err why = {KD_OK, ""};
	unsigned int online = 0;

	memset(machine, 0, sizeof(*machine));
	machine->system = system;
	if (arch != &kd_arch_x86_64)
		return kd_fail(err, KD_UNSUPPORTED, "%s: gdb is not served of it yet", arch->name);
	if (kd_tasks_init(&machine->tasks, system, &why))
		kd_log(log, KD_LOG_WARNING, "%s: not all tasks are known", why.text);
	for (unsigned int cpu = 0; cpu < machine->tasks.cpus.count; cpu++)
		online += kd_cpu_is_online(&machine->tasks.cpus, cpu);
	if (!online)
		return kd_fail(err, KD_NOTFOUND, "no CPUs: %s", why.text);
	machine->threads = calloc(online + machine->tasks.count, sizeof(*machine->threads));
	if (!machine->threads)
		return kd_fail_errno(err, ENOMEM, "threads");
	find_threads(machine);
	find_panicked(machine);
	kd_switched_init(&machine->switched, system);
	return KD_OK;
}

void kd_gdb_machine_deinit(struct kd_gdb_machine *machine)
{
	kd_tasks_deinit(&machine->tasks);
	free(machine->threads);
	machine->threads = NULL;
	machine->count = 0;
}

void kd_gdb_thread_name(const struct kd_gdb_machine *machine, size_t rank, char name[KD_COMM_BYTES])
{
	const struct kd_task *task = machine->threads[rank].task;

	memcpy(name, task ? task->comm : "?", task ? KD_COMM_BYTES : sizeof("?"));
	for (char *c = name; *c; c++)
		if (*c < ' ' || *c > '~')
			*c = '?';
}

void kd_gdb_thread_text(const struct kd_gdb_machine *machine, size_t rank,
			char text[KD_GDB_NAME_BYTES])
{
	const struct kd_gdb_thread *thread = &machine->threads[rank];
	const struct kd_task *task = thread->task;
	int length = 0;

	if (thread->is_cpu)
		length = snprintf(
			text, KD_GDB_NAME_BYTES, "CPU %u%s", thread->cpu,
			machine->panicked_known && rank == machine->panicked ? ", panicked" : "");
	if (task)
		snprintf(text + length, (size_t)(KD_GDB_NAME_BYTES - length), "%sPID %d, %c%s",
			 length ? ", " : "", task->pid, task->state,
			 task->kthread ? ", kernel" : "");
}

/* Of the CPUs that were online the notes follow in order, as those of kd_cpu_saved() do. */
static void set_control(struct kd_gdb_machine *machine, size_t rank, struct kd_gdb_values *values)
{
	static const char *const names[QEMU_CRS] = {"cr0", NULL, "cr2", "cr3", "cr4"};
	const struct kd_note *notes, *mine = NULL;
	size_t count, seen = 0;
	struct kd_bytes bytes;

	notes = kd_dump_notes(kd_kernel_dump(kd_system_kernel(machine->system)), &count);
	for (size_t i = 0; i < count; i++)
		if (!strcmp(notes[i].name, "QEMU") && notes[i].desc_bytes >= QEMU_NOTE_BYTES &&
		    seen++ == rank)
			mine = &notes[i];
	if (seen != machine->cpu_count)
		return;
	bytes = kd_bytes(mine->desc, mine->desc_bytes);
	kd_bytes_seek(&bytes, QEMU_CR);
	for (size_t i = 0; i < QEMU_CRS; i++) {
		uint64_t value = kd_bytes_u64(&bytes);

		if (names[i])
			kd_gdb_set(values, names[i], value);
	}
}

static enum kd_status cpu_registers(struct kd_gdb_machine *machine, size_t rank,
				    struct kd_gdb_values *values, struct kd_err *err)
{
	const struct kd_arch *arch =
		kd_dump_arch(kd_kernel_dump(kd_system_kernel(machine->system)));
	struct kd_cpu_saved saved;
	enum kd_status status;

	set_control(machine, rank, values);
	status = kd_cpu_saved(machine->system, &machine->tasks.cpus, machine->threads[rank].cpu,
			      &saved, err);
	if (status)
		return status;
	for (size_t i = 0; i < arch->register_count; i++) {
		const struct kd_register *reg = &arch->registers[i];
		uint64_t value = 0;

		memcpy(&value, (const uint8_t *)saved.registers + reg->offset, reg->bytes);
		kd_gdb_set(values, reg->name, value);
	}
	return KD_OK;
}

static void set_register(void *opaque, const char *name, uint64_t value)
{
	kd_gdb_set(opaque, name, value);
}

static enum kd_status task_registers(struct kd_gdb_machine *machine, const struct kd_task *task,
				     struct kd_gdb_values *values, struct kd_err *err)
{
	struct kd_unwind_start start;
	enum kd_status status =
		kd_task_start(machine->system, &machine->tasks.cpus, task, &start, err);

	return status ? status
		      : kd_switched_each(&machine->switched, task, &start, set_register, values,
					 err);
}

enum kd_status kd_gdb_thread_registers(struct kd_gdb_machine *machine, size_t rank,
				       struct kd_gdb_values *values, struct kd_err *err)
{
	const struct kd_gdb_thread *thread = &machine->threads[rank];

	memset(values, 0, sizeof(*values));
	return thread->is_cpu ? cpu_registers(machine, rank, values, err)
			      : task_registers(machine, thread->task, values, err);
}

/* The page tables of a process map the kernel, too; but only its own are asked for what is below. */
static enum kd_status find_user(struct kd_gdb_machine *machine, const struct kd_task *task,
				struct kd_err *err)
{
	struct kd_dump *dump = kd_kernel_dump(kd_system_kernel(machine->system));
	enum kd_status status;

	if (!task)
		return kd_fail(err, KD_NOTFOUND, "it is not known what the CPU was at");
	if (task->mm && task->mm == machine->user_mm)
		return KD_OK;
	machine->user_mm = 0;
	status = kd_task_space(machine->system, task, kd_dump_reader(dump), &machine->user, err);
	if (!status)
		machine->user_mm = task->mm;
	return status;
}

static enum kd_status read_piece(struct kd_gdb_machine *machine, size_t rank, uint64_t vaddr,
				 void *buffer, size_t bytes, struct kd_err *err)
{
	enum kd_status status;

	if (vaddr >= KERNEL_HALF)
		return kd_system_read(machine->system, vaddr, buffer, bytes, err);
	status = find_user(machine, machine->threads[rank].task, err);
	return status ? status : kd_space_read(&machine->user, vaddr, buffer, bytes, err);
}

/*
 * What tracing has put in place of return addresses on the thread's own stack: gdb gets what was there, for it
 * unwinds by memory alone. Only whole words: who reads parts of one is no unwinder.
 */
static void restore_returns(struct kd_gdb_machine *machine, size_t rank, uint64_t vaddr,
			    uint8_t *data, size_t bytes)
{
	const struct kd_task *task = machine->threads[rank].task;
	uint64_t end = vaddr + bytes, word;

	if (!task || !task->stack || end <= task->stack || vaddr >= task->stack + STACK_BYTES)
		return;
	for (uint64_t at = kd_round_up(vaddr, sizeof(word)); at + sizeof(word) <= end;
	     at += sizeof(word)) {
		memcpy(&word, data + (at - vaddr), sizeof(word));
		kd_return_restore(machine->system, task->vaddr, at, &word);
		memcpy(data + (at - vaddr), &word, sizeof(word));
	}
}

enum kd_status kd_gdb_read(struct kd_gdb_machine *machine, size_t rank, uint64_t vaddr,
			   void *buffer, size_t bytes, size_t *got, struct kd_err *err)
{
	const uint64_t page = kd_arch_x86_64.page_bytes;
	enum kd_status status = KD_OK;
	size_t done = 0;

	if (vaddr && bytes > -vaddr) /* nothing is behind the last address */
		bytes = (size_t)-vaddr;
	while (done < bytes) {
		size_t piece = (size_t)(page - (vaddr + done) % page);

		if (piece > bytes - done)
			piece = bytes - done;
		status = read_piece(machine, rank, vaddr + done, (char *)buffer + done, piece, err);
		if (status)
			break;
		done += piece;
	}
	if (status && !done)
		return status;
	restore_returns(machine, rank, vaddr, buffer, done);
	*got = done;
	return KD_OK;
}
