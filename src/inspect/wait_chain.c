/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "inspect/waits.h"

void kd_wait_step_find(const struct kd_tasks *tasks, struct kd_orc_tables *orc,
		       const struct kd_task *task, struct kd_stack *scratch,
		       struct kd_wait_step *step)
{
	struct kd_system *system = orc->system;
	const struct kd_symbols *symbols = kd_system_symbols(system);
	struct kd_unwind_start start;
	size_t frame;

	*step = (struct kd_wait_step){.task = task};
	if (task->running || kd_task_start(system, &tasks->cpus, task, &start, NULL))
		return;
	kd_unwind(orc, &start, false, scratch);
	frame = kd_wait_frame(system, scratch);
	if (frame < scratch->count && scratch->frames[frame].symbol)
		step->in = kd_symbol_name(symbols, scratch->frames[frame].symbol);
	step->waits = !kd_wait_find(system, tasks, task, scratch, &step->wait, NULL);
}

void kd_wait_chain_find(const struct kd_tasks *tasks, struct kd_orc_tables *orc,
			const struct kd_task *task, struct kd_stack *scratch,
			struct kd_wait_chain *chain)
{
	chain->count = chain->again = 0;
	chain->deadlock = false;
	while (task && chain->count < KD_WAIT_CHAIN) {
		struct kd_wait_step *step = &chain->steps[chain->count];

		for (size_t i = 0; i < chain->count; i++)
			if (chain->steps[i].task == task) {
				chain->deadlock = true;
				chain->again = i;
				return;
			}
		kd_wait_step_find(tasks, orc, task, scratch, step);
		chain->count++;
		task = step->waits ? step->wait.owner : NULL;
	}
}
