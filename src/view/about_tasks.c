/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What tasks and CPUs were at: names, states, stacks, registers. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "arch/arch.h"
#include "host/file.h"
#include "host/system.h"
#include "inspect/memory_use.h"
#include "inspect/stacks.h"
#include "view/node.h"

#define REGISTER "%-8s 0x%016" PRIx64 "\n"

static const struct kd_task *task_of_cpu(struct kd_view *view, size_t subject, struct kd_err *err)
{
	const struct kd_task *task = kd_task_of_cpu(&view->subjects.tasks, (unsigned int)subject);

	if (!task)
		kd_fail(err, KD_NOTFOUND, "CPU %zu: its task is not known", subject);
	return task;
}

enum kd_status kd_write_task_comm(struct kd_view *view, size_t subject, FILE *stream,
				  struct kd_err *err)
{
	fprintf(stream, "%s\n", kd_subject_task(view, subject)->comm);
	return KD_OK;
}

/* In the manner of /proc/PID/status; sizes in KiB, times in seconds. */
void kd_write_status(struct kd_view *view, const struct kd_task *task, FILE *stream)
{
	struct kd_memory_use use;

	fprintf(stream, "Name:\t%s\nState:\t%c%s\n", task->comm, task->state,
		task->running ? " (running)" : "");
	fprintf(stream, "Tgid:\t%d\nPid:\t%d\nPPid:\t%d\nCpu:\t%u\n", task->tgid, task->pid,
		task->ppid, task->cpu);
	fprintf(stream, "Kthread:\t%d\nTask:\t0x%016" PRIx64 "\n", task->kthread, task->vaddr);
	if (!kd_task_memory(view->subjects.system, task, &use, NULL))
		fprintf(stream, "VmSize:\t%" PRIu64 " kB\nVmRSS:\t%" PRIu64 " kB\n",
			use.virtual_bytes >> 10, use.rss_bytes >> 10);
	fprintf(stream, "UserTime:\t%.2f\nSystemTime:\t%.2f\nStartTime:\t%.2f\n",
		(double)task->user_ns / 1e9, (double)task->system_ns / 1e9,
		(double)task->start_ns / 1e9);
}

enum kd_status kd_write_task_status(struct kd_view *view, size_t subject, FILE *stream,
				    struct kd_err *err)
{
	kd_write_status(view, kd_subject_task(view, subject), stream);
	return KD_OK;
}

enum kd_status kd_write_cpu_task(struct kd_view *view, size_t subject, FILE *stream,
				 struct kd_err *err)
{
	const struct kd_task *task = task_of_cpu(view, subject, err);

	if (!task)
		return KD_NOTFOUND;
	kd_write_status(view, task, stream);
	return KD_OK;
}

static void write_frames(struct kd_view *view, const struct kd_stack *stack, FILE *stream)
{
	struct kd_symbols *symbols = kd_system_symbols(view->subjects.system);

	for (size_t i = 0; i < stack->count; i++) {
		const struct kd_frame *frame = &stack->frames[i];
		const struct kd_module *module =
			frame->symbol ? kd_system_module_of(view->subjects.system, frame->symbol)
				      : NULL;

		if (frame->interrupted && i)
			fputs("--- interrupted ---\n", stream);
		fprintf(stream, "#%-3zu %016" PRIx64, i, frame->pc);
		if (frame->symbol)
			fprintf(stream, "  %s+0x%" PRIx64, kd_symbol_name(symbols, frame->symbol),
				frame->offset);
		fprintf(stream, module ? " [%s]\n" : "\n", module ? module->name : "");
	}
	if (stack->user)
		fputs("--- user space ---\n", stream);
	if (stack->end.status)
		fprintf(stream, "the rest is missing: %s\n", stack->end.text);
}

/* The stack of a task. KD_NOTFOUND when it has none; or why it cannot be followed. */
static enum kd_status unwind(struct kd_view *view, const struct kd_task *task,
			     struct kd_unwind_start *start, struct kd_stack **stack,
			     struct kd_err *err)
{
	struct kd_subjects *subjects = &view->subjects;
	enum kd_status status =
		kd_task_start(subjects->system, &subjects->tasks.cpus, task, start, err);

	if (status)
		return status;
	if (subjects->orc_status) {
		if (err)
			*err = subjects->orc_err;
		return subjects->orc_status;
	}
	*stack = malloc(sizeof(**stack));
	if (!*stack)
		return kd_fail_errno(err, ENOMEM, "a stack");
	kd_unwind(&subjects->orc, start, false, *stack);
	return KD_OK;
}

/* A task without a stack has a text that says why, as `kdump bt` prints it. */
enum kd_status kd_write_stack(struct kd_view *view, const struct kd_task *task, FILE *stream,
			      struct kd_err *err)
{
	KD_CLEANUP_FREE struct kd_stack *stack = NULL;
	struct kd_unwind_start start;
	struct kd_err why = {KD_OK, ""};
	enum kd_status status = unwind(view, task, &start, &stack, &why);

	if (status == KD_NOMEM)
		return kd_fail_errno(err, ENOMEM, "a stack");
	if (status)
		fprintf(stream, "no stack: %s\n", why.text);
	else
		write_frames(view, stack, stream);
	return KD_OK;
}

enum kd_status kd_write_task_stack(struct kd_view *view, size_t subject, FILE *stream,
				   struct kd_err *err)
{
	return kd_write_stack(view, kd_subject_task(view, subject), stream, err);
}

enum kd_status kd_write_cpu_stack(struct kd_view *view, size_t subject, FILE *stream,
				  struct kd_err *err)
{
	const struct kd_task *task = task_of_cpu(view, subject, err);

	return task ? kd_write_stack(view, task, stream, err) : KD_NOTFOUND;
}

static void write_register(void *opaque, const char *name, uint64_t value)
{
	FILE *stream = opaque;

	fprintf(stream, REGISTER, name, value);
}

/* As an NT_PRSTATUS of the dump's machine has them; the first `count` words. */
static void write_registers(const struct kd_view *view, const uint64_t *words, size_t count,
			    FILE *stream)
{
	const struct kd_arch *arch = kd_dump_arch(view->dump);

	for (size_t i = 0; i < arch->register_count; i++) {
		const struct kd_register *reg = &arch->registers[i];
		uint64_t value = 0;

		if ((size_t)reg->offset + reg->bytes > count * sizeof(*words))
			continue;
		memcpy(&value, (const uint8_t *)words + reg->offset, reg->bytes);
		write_register(stream, reg->name, value);
	}
}

enum kd_status kd_write_cpu_registers(struct kd_view *view, size_t subject, FILE *stream,
				      struct kd_err *err)
{
	const struct kd_subjects *subjects = &view->subjects;
	struct kd_cpu_saved saved;
	enum kd_status status = kd_cpu_saved(subjects->system, &subjects->tasks.cpus,
					     (unsigned int)subject, &saved, err);

	if (!status)
		write_registers(view, saved.registers, KD_SAVED_REGISTERS, stream);
	return status;
}

/* All that a CPU saved; of a task that was switched out, what was kept of it. */
static enum kd_status write_kernel_registers(struct kd_view *view, const struct kd_task *task,
					     const struct kd_unwind_start *start, FILE *stream,
					     struct kd_err *err)
{
	fputs("[kernel]\n", stream);
	if (!start->has_registers)
		return kd_switched_each(&view->subjects.switched, task, start, write_register,
					stream, err);
	write_registers(view, start->registers, KD_PT_REGS, stream);
	return KD_OK;
}

/* Those with which user space was left. */
static void write_user_registers(struct kd_view *view, const struct kd_unwind_start *start,
				 const struct kd_stack *stack, FILE *stream)
{
	uint64_t words[KD_PT_REGS];

	if (!stack->user)
		return;
	if (!stack->user_registers_vaddr)
		memcpy(words, start->registers, sizeof(words));
	else if (kd_system_read(view->subjects.system, stack->user_registers_vaddr, words,
				sizeof(words), NULL))
		return;
	fputs("[user]\n", stream);
	write_registers(view, words, KD_PT_REGS, stream);
}

enum kd_status kd_write_task_registers(struct kd_view *view, size_t subject, FILE *stream,
				       struct kd_err *err)
{
	KD_CLEANUP_FREE struct kd_stack *stack = NULL;
	const struct kd_task *task = kd_subject_task(view, subject);
	struct kd_unwind_start start;
	enum kd_status status = unwind(view, task, &start, &stack, err);

	if (!status && stack->count)
		status = write_kernel_registers(view, task, &start, stream, err);
	if (!status)
		write_user_registers(view, &start, stack, stream);
	return status;
}
