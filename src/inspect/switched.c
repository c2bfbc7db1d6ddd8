/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "inspect/switched.h"

static const struct {
	const char *name, *path;
	bool on_stack;
} registers[KD_SWITCHED_REGISTERS] = {
	{"rbx", "inactive_task_frame.bx", true},
	{"r12", "inactive_task_frame.r12", true},
	{"r13", "inactive_task_frame.r13", true},
	{"r14", "inactive_task_frame.r14", true},
	{"r15", "inactive_task_frame.r15", true},
	{"ds", "task_struct.thread.ds", false},
	{"es", "task_struct.thread.es", false},
	{"fs", "task_struct.thread.fsindex", false},
	{"gs", "task_struct.thread.gsindex", false},
	{"fs_base", "task_struct.thread.fsbase", false},
	{"gs_base", "task_struct.thread.gsbase", false},
};

void kd_switched_init(struct kd_switched *switched, struct kd_system *system)
{
	*switched = (struct kd_switched){.system = system};
	kd_field_find(system, "task_struct.thread.sp", &switched->stack_pointer, NULL);
	for (size_t i = 0; i < KD_SWITCHED_REGISTERS; i++)
		kd_field_find(system, registers[i].path, &switched->fields[i], NULL);
}

enum kd_status kd_switched_each(const struct kd_switched *switched, const struct kd_task *task,
				const struct kd_unwind_start *start, kd_switched_take *take,
				void *opaque, struct kd_err *err)
{
	uint64_t frame = 0, value;
	enum kd_status status =
		kd_field_get(switched->system, task->vaddr, &switched->stack_pointer, &frame, err);

	if (status)
		return status;
	take(opaque, "rip", start->pc);
	take(opaque, "rsp", start->sp);
	take(opaque, "rbp", start->bp);
	for (size_t i = 0; i < KD_SWITCHED_REGISTERS; i++)
		if (switched->fields[i].bytes &&
		    !kd_field_get(switched->system, registers[i].on_stack ? frame : task->vaddr,
				  &switched->fields[i], &value, NULL))
			take(opaque, registers[i].name, value);
	return KD_OK;
}
