/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kdump locks: who waits for which lock, and who holds it. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/dump_input.h"
#include "inspect/waits.h"

struct scene {
	struct kd_system *system;
	struct kd_tasks tasks;
	struct kd_orc_tables orc;
	struct kd_stack stack;
	struct kd_wait_chain chain;
	json_t *list; /* NULL: text */
	unsigned int shown;
};

static void print_lock(const struct scene *scene, const struct kd_wait *wait)
{
	struct kd_symbols *symbols = kd_system_symbols(scene->system);
	const struct kd_symbol *symbol = kd_symbols_at(symbols, wait->lock);

	printf("%s %016" PRIx64, wait->kind, wait->lock);
	if (symbol)
		printf(" (%s+0x%" PRIx64 ")", kd_symbol_name(symbols, symbol),
		       wait->lock - symbol->vaddr);
}

static void print_step(const struct scene *scene, const struct kd_wait_step *step, size_t depth)
{
	const struct kd_task *task = step->task;

	printf("%*sPID %d (%s, %c)", (int)(2 * depth), "", task->pid, task->comm, task->state);
	if (!step->waits) {
		if (task->running)
			printf(" runs on CPU %u\n", task->cpu);
		else
			printf(step->in ? " sleeps in %s()\n" : " sleeps\n", step->in);
		return;
	}
	printf(" waits in %s() for ", step->in ? step->in : "?");
	print_lock(scene, &step->wait);
	printf(", %u in its queue, ", step->wait.queued);
	if (!step->wait.owner)
		puts("its holder is not known");
	else
		puts(step->wait.by_readers ? "held by readers, one of them was"
					   : "which is held by");
}

/* From one who waits to who holds it, and on to what that one waits for. */
static void print_chain(struct scene *scene, const struct kd_task *task)
{
	const struct kd_wait_chain *chain = &scene->chain;

	kd_wait_chain_find(&scene->tasks, &scene->orc, task, &scene->stack, &scene->chain);
	for (size_t i = 0; i < chain->count; i++)
		print_step(scene, &chain->steps[i], i);
	if (chain->deadlock) {
		task = chain->steps[chain->again].task;
		printf("%*sPID %d (%s, %c): a deadlock, it is in this chain already\n",
		       (int)(2 * chain->count), "", task->pid, task->comm, task->state);
	}
}

static json_t *task_json(const struct kd_task *task)
{
	return task ? json_pack("{s:i, s:o}", "pid", task->pid, "comm",
				kd_json_text(task->comm, strlen(task->comm)))
		    : json_null();
}

static json_t *wait_json(const struct kd_wait_step *step)
{
	const struct kd_task *task = step->task;
	const struct kd_wait *wait = &step->wait;
	json_t *lock = json_null();

	if (step->waits)
		lock = json_pack("{s:s, s:o, s:i, s:o, s:b}", "kind", wait->kind, "address",
				 kd_json_address(wait->lock), "queued", (int)wait->queued, "owner",
				 task_json(wait->owner), "by_readers", wait->by_readers);
	return json_pack("{s:i, s:o, s:s#, s:s?, s:o}", "pid", task->pid, "comm",
			 kd_json_text(task->comm, strlen(task->comm)), "state", &task->state, 1,
			 "in", step->in, "lock", lock);
}

static void print_waits(struct scene *scene)
{
	for (size_t i = 0; i < scene->tasks.count; i++) {
		const struct kd_task *task = &scene->tasks.list[i];
		struct kd_wait_step step;

		if (task->state != 'D' && task->state != 'S')
			continue;
		kd_wait_step_find(&scene->tasks, &scene->orc, task, &scene->stack, &step);
		if (!step.waits && task->state != 'D')
			continue;
		if (scene->list) {
			json_array_append_new(scene->list, wait_json(&step));
			continue;
		}
		if (scene->shown++)
			putchar('\n');
		print_chain(scene, task);
	}
}

static int show(struct kd_input *input, bool json)
{
	struct scene *scene = calloc(1, sizeof(*scene)); /* a stack is large */
	struct kd_err err = {0};
	int exit_status;

	if (!scene) {
		kd_fail(&err, KD_NOMEM, "locks: no memory");
		return kd_command_failed(&err);
	}
	if (kd_tasks_init(&scene->tasks, input->system, &err) ||
	    kd_orc_init(&scene->orc, input->system, &err)) {
		exit_status = kd_command_failed(&err);
	} else {
		scene->system = input->system;
		scene->list = json ? json_array() : NULL;
		print_waits(scene);
		exit_status = json ? kd_json_print(scene->list) : kd_output_end();
	}
	kd_tasks_deinit(&scene->tasks);
	free(scene);
	return exit_status;
}

static int run_locks(const struct kd_command *self, int argc, char **argv)
{
	return kd_input_run(self, argc, argv, kd_input_open_system, show);
}

const struct kd_command kd_cmd_locks = {
	.name = "locks",
	.synopsis = "[--json] [--raw-input[=BASE]] DUMP...",
	.summary = "tell who waits for which lock, and who holds it",
	.run = run_locks,
	.options = "  --json              print JSON, a list of tasks\n" KD_INPUT_HELP,
};
