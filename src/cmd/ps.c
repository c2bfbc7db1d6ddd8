/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kdump ps: all threads, the idle ones included. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cmd/dump_input.h"
#include "inspect/memory_use.h"
#include "inspect/tasks.h"

static void print_seconds(bool is_known, uint64_t ns)
{
	if (is_known)
		printf(" %9.2f", (double)ns / 1e9);
	else
		printf(" %9s", "-");
}

static void print_text(struct kd_system *system, const struct kd_tasks *tasks)
{
	printf("%7s %7s %7s %4s S %-16s %10s %9s %9s %9s %9s %9s  %s\n", "PID", "TGID", "PPID",
	       "CPU", "TASK", "RSS KiB", "USER s", "SYS s", "RUN s", "WAIT s", "RAN s AGO", "COMM");
	for (size_t i = 0; i < tasks->count; i++) {
		const struct kd_task *task = &tasks->list[i];
		struct kd_memory_use use;
		uint64_t since = 0;
		bool is_known;

		printf("%7d %7d %7d %4u %c %016" PRIx64 " ", task->pid, task->tgid, task->ppid,
		       task->cpu, task->state, task->vaddr);
		if (!kd_task_memory(system, task, &use, NULL))
			printf("%10" PRIu64, use.rss_bytes >> 10);
		else
			printf("%10s", "-");
		print_seconds(true, task->user_ns);
		print_seconds(true, task->system_ns);
		print_seconds(true, task->run_ns);
		print_seconds(task->has_wait, task->wait_ns);
		is_known = kd_task_since(tasks, task->last_ran_ns, &since);
		print_seconds(is_known, since);
		printf("  %s%s%s%s\n", task->kthread ? "[" : "", task->comm,
		       task->kthread ? "]" : "", task->running ? " (running)" : "");
	}
}

static json_t *seconds_json(bool is_known, uint64_t ns)
{
	return is_known ? json_real((double)ns / 1e9) : json_null();
}

/* How long before the end. */
static json_t *since_json(const struct kd_tasks *tasks, uint64_t at_ns)
{
	uint64_t since = 0;
	bool is_known = kd_task_since(tasks, at_ns, &since);

	return seconds_json(is_known, since);
}

static json_t *tasks_json(struct kd_system *system, const struct kd_tasks *tasks)
{
	json_t *list = json_array();

	for (size_t i = 0; i < tasks->count; i++) {
		const struct kd_task *task = &tasks->list[i];
		struct kd_memory_use use;
		bool known = !kd_task_memory(system, task, &use, NULL);

		kd_json_append(
			list,
			json_pack(
				"{s:i, s:i, s:i, s:o, s:i, s:s#, s:o, s:b, s:b, s:b, s:f, s:f, s:f, "
				"s:f, s:o, s:o, s:o, s:o, s:o}",
				"pid", task->pid, "tgid", task->tgid, "ppid", task->ppid, "comm",
				kd_json_text(task->comm, strlen(task->comm)), "cpu", (int)task->cpu,
				"state", &task->state, 1, "task", kd_json_address(task->vaddr),
				"kthread", task->kthread, "idle", task->idle, "running",
				task->running, "user_seconds", (double)task->user_ns / 1e9,
				"system_seconds", (double)task->system_ns / 1e9, "started_seconds",
				(double)task->start_ns / 1e9, "run_seconds",
				(double)task->run_ns / 1e9, "wait_seconds",
				seconds_json(task->has_wait, task->wait_ns), "ran_seconds_ago",
				since_json(tasks, task->last_ran_ns), "queued_seconds_ago",
				since_json(tasks, task->queued_ns), "rss_bytes",
				known ? json_integer((json_int_t)use.rss_bytes) : json_null(),
				"virtual_bytes",
				known ? json_integer((json_int_t)use.virtual_bytes) : json_null()));
	}
	return list;
}

static int show(struct kd_input *input, bool json)
{
	struct kd_log log = kd_command_log(false);
	struct kd_err err = {0};
	struct kd_tasks tasks;
	enum kd_status status = kd_tasks_init(&tasks, input->system, &err);
	int printed = KD_EXIT_DONE;

	if (status && tasks.count)
		kd_log(&log, KD_LOG_WARNING, "%s", err.text);
	else if (status)
		kd_command_failed(&err);
	if (tasks.count && json) {
		printed = kd_json_print(tasks_json(input->system, &tasks));
	} else if (tasks.count) {
		print_text(input->system, &tasks);
		printed = kd_output_end();
	}
	kd_tasks_deinit(&tasks);
	return status ? KD_EXIT_FAILED : printed;
}

static int run_ps(const struct kd_command *self, int argc, char **argv)
{
	return kd_input_run(self, argc, argv, kd_input_open_system, show);
}

const struct kd_command kd_cmd_ps = {
	.name = "ps",
	.synopsis = "[--json] [--raw-input[=BASE]] DUMP...",
	.summary = "list all threads",
	.run = run_ps,
	.options = "  --json              print JSON, a list of threads\n" KD_INPUT_HELP,
};
