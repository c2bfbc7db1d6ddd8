/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kdump locks: who waits for which lock, and who holds it. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/dump_input.h"
#include "inspect/stacks.h"
#include "inspect/waits.h"

struct scene {
	struct kd_system *system;
	struct kd_tasks tasks;
	struct kd_orc_tables orc;
	struct kd_stack stack;
	json_t *list; /* NULL: text */
	unsigned int shown;
};

/* What a task that sleeps waits for: 0 when it is none, or no lock; *in names the function that it sleeps in. */
static bool find_wait(struct scene *scene, const struct kd_task *task, struct kd_wait *wait,
		      const char **in)
{
	const struct kd_symbols *symbols = kd_system_symbols(scene->system);
	struct kd_unwind_start start;
	size_t frame;

	*in = NULL;
	if (task->running || kd_task_start(scene->system, &scene->tasks.cpus, task, &start, NULL))
		return false;
	kd_unwind(&scene->orc, &start, false, &scene->stack);
	frame = kd_wait_frame(scene->system, &scene->stack);
	if (frame < scene->stack.count && scene->stack.frames[frame].symbol)
		*in = kd_symbol_name(symbols, scene->stack.frames[frame].symbol);
	return !kd_wait_find(scene->system, &scene->tasks, task, &scene->stack, wait, NULL);
}

static void print_lock(const struct scene *scene, const struct kd_wait *wait)
{
	struct kd_symbols *symbols = kd_system_symbols(scene->system);
	const struct kd_symbol *symbol = kd_symbols_at(symbols, wait->lock);

	printf("%s %016" PRIx64, wait->kind, wait->lock);
	if (symbol)
		printf(" (%s+0x%" PRIx64 ")", kd_symbol_name(symbols, symbol),
		       wait->lock - symbol->vaddr);
}

/* From one who waits to who holds it, and on to what that one waits for. */
static void print_chain(struct scene *scene, const struct kd_task *task)
{
	const struct kd_task *seen[KD_WAIT_CHAIN];
	size_t count = 0;

	while (task && count < KD_WAIT_CHAIN) {
		struct kd_wait wait = {.kind = NULL};
		const char *in;

		printf("%*sPID %d (%s, %c)", (int)(2 * count), "", task->pid, task->comm,
		       task->state);
		for (size_t i = 0; i < count; i++)
			if (seen[i] == task) {
				puts(": a deadlock, it is in this chain already");
				return;
			}
		seen[count++] = task;
		if (!find_wait(scene, task, &wait, &in)) {
			if (task->running)
				printf(" runs on CPU %u\n", task->cpu);
			else
				printf(in ? " sleeps in %s()\n" : " sleeps\n", in);
			return;
		}
		printf(" waits in %s() for ", in ? in : "?");
		print_lock(scene, &wait);
		printf(", %u in its queue, ", wait.queued);
		if (!wait.owner)
			puts("its holder is not known");
		else
			puts(wait.by_readers ? "held by readers, one of them was"
					     : "which is held by");
		task = wait.owner;
	}
}

static json_t *task_json(const struct kd_task *task)
{
	return task ? json_pack("{s:i, s:o}", "pid", task->pid, "comm",
				kd_json_text(task->comm, strlen(task->comm)))
		    : json_null();
}

static json_t *wait_json(const struct kd_task *task, const struct kd_wait *wait, const char *in)
{
	json_t *lock = json_null();

	if (wait)
		lock = json_pack("{s:s, s:o, s:i, s:o, s:b}", "kind", wait->kind, "address",
				 kd_json_address(wait->lock), "queued", (int)wait->queued, "owner",
				 task_json(wait->owner), "by_readers", wait->by_readers);
	return json_pack("{s:i, s:o, s:s#, s:s?, s:o}", "pid", task->pid, "comm",
			 kd_json_text(task->comm, strlen(task->comm)), "state", &task->state, 1,
			 "in", in, "lock", lock);
}

static void print_waits(struct scene *scene)
{
	for (size_t i = 0; i < scene->tasks.count; i++) {
		const struct kd_task *task = &scene->tasks.list[i];
		struct kd_wait wait = {.kind = NULL};
		const char *in;
		bool waits;

		if (task->state != 'D' && task->state != 'S')
			continue;
		waits = find_wait(scene, task, &wait, &in);
		if (!waits && task->state != 'D')
			continue;
		if (scene->list) {
			json_array_append_new(scene->list,
					      wait_json(task, waits ? &wait : NULL, in));
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
