/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kdump timers: what was to be called, and when. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cmd/dump_input.h"
#include "inspect/fields.h"
#include "inspect/tasks.h"
#include "inspect/timers.h"

struct showing {
	struct kd_system *system;
	json_t *list; /* NULL: text */
};

static const char *symbol_name(const struct showing *showing, uint64_t vaddr)
{
	struct kd_symbols *symbols = kd_system_symbols(showing->system);
	const struct kd_symbol *symbol = kd_symbols_at(symbols, vaddr);

	return symbol ? kd_symbol_name(symbols, symbol) : NULL;
}

/* The name of the task that will be woken up; "" when there is none to tell. */
static void read_comm(const struct showing *showing, const struct kd_timer *timer,
		      char comm[KD_COMM_BYTES])
{
	if (!timer->task || kd_get_text(showing->system, timer->task, "task_struct.comm", comm,
					KD_COMM_BYTES, NULL))
		comm[0] = '\0';
}

static void print_timer(const struct showing *showing, const struct kd_timer *timer)
{
	const char *name = symbol_name(showing, timer->function);
	const char *work = timer->work ? symbol_name(showing, timer->work) : NULL;
	char comm[KD_COMM_BYTES];

	read_comm(showing, timer, comm);
	printf("%4u %-16s %20" PRIu64 " ", timer->cpu, timer->clock, timer->expires);
	if (timer->is_due_known)
		printf("%14.6f", (double)timer->due_ns / 1e9);
	else
		printf("%14s", "-");
	printf("  %016" PRIx64 "  ", timer->vaddr);
	name ? fputs(name, stdout) : printf("%016" PRIx64, timer->function);
	if (work || *comm)
		printf(" (%s%s)", work ? "work " : "task ", work ? work : comm);
	putchar('\n');
}

static json_t *timer_json(const struct showing *showing, const struct kd_timer *timer)
{
	char comm[KD_COMM_BYTES];

	read_comm(showing, timer, comm);
	return json_pack("{s:i, s:o, s:I, s:o, s:o, s:o, s:o, s:o, s:o}", "cpu", (int)timer->cpu,
			 "clock", kd_json_string(timer->clock), "expires",
			 (json_int_t)timer->expires, "due_seconds",
			 timer->is_due_known ? json_real((double)timer->due_ns / 1e9) : json_null(),
			 "symbol", kd_json_string(symbol_name(showing, timer->function)),
			 "function", kd_json_address(timer->function), "work",
			 kd_json_string(timer->work ? symbol_name(showing, timer->work) : NULL),
			 "task", *comm ? kd_json_text(comm, strlen(comm)) : json_null(), "timer",
			 kd_json_address(timer->vaddr));
}

static bool show_timer(void *opaque, const struct kd_timer *timer)
{
	const struct showing *showing = opaque;

	if (showing->list)
		kd_json_append(showing->list, timer_json(showing, timer));
	else
		print_timer(showing, timer);
	return true;
}

static int show(struct kd_input *input, bool json)
{
	struct showing showing = {input->system, json ? json_array() : NULL};
	struct kd_err err = {0};
	struct kd_cpus cpus;
	enum kd_status status = kd_cpus_read(input->system, &cpus, &err);
	int printed;

	if (!status && !json)
		printf("%4s %-16s %20s %14s  %-16s  %s\n", "CPU", "CLOCK", "EXPIRES", "DUE IN s",
		       "TIMER", "FUNCTION");
	if (!status)
		status = kd_timers_each(input->system, &cpus, show_timer, &showing, &err);
	printed = json ? kd_json_print(showing.list) : kd_output_end();
	return status ? kd_command_failed(&err) : printed;
}

static int run_timers(const struct kd_command *self, int argc, char **argv)
{
	return kd_input_run(self, argc, argv, kd_input_open_system, show);
}

const struct kd_command kd_cmd_timers = {
	.name = "timers",
	.synopsis = "[--json] [--raw-input[=BASE]] DUMP...",
	.summary = "list the timers that were pending",
	.run = run_timers,
	.options = "  --json              print JSON, a list of timers\n" KD_INPUT_HELP,
};
