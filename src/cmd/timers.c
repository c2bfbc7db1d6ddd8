/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kdump timers: what was to be called, and when. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cmd/dump_input.h"
#include "inspect/timers.h"

struct showing {
	struct kd_symbols *symbols;
	json_t *list; /* NULL: text */
};

static bool print_timer(void *opaque, const struct kd_timer *timer)
{
	const struct showing *showing = opaque;
	const struct kd_symbol *symbol = kd_symbols_at(showing->symbols, timer->function);
	const char *name = symbol ? kd_symbol_name(showing->symbols, symbol) : NULL;

	if (showing->list) {
		json_array_append_new(
			showing->list,
			json_pack("{s:i, s:s, s:I, s:o, s:s?, s:o, s:o}", "cpu", (int)timer->cpu,
				  "clock", timer->clock, "expires", (json_int_t)timer->expires,
				  "due_seconds",
				  timer->is_due_known ? json_real((double)timer->due_ns / 1e9)
						      : json_null(),
				  "symbol", name, "function", kd_json_address(timer->function),
				  "timer", kd_json_address(timer->vaddr)));
		return true;
	}
	printf("%4u %-16s %20" PRIu64 " ", timer->cpu, timer->clock, timer->expires);
	if (timer->is_due_known)
		printf("%14.6f", (double)timer->due_ns / 1e9);
	else
		printf("%14s", "-");
	printf("  %016" PRIx64 "  ", timer->vaddr);
	name ? puts(name) : printf("%016" PRIx64 "\n", timer->function);
	return true;
}

static int show(struct kd_input *input, bool json)
{
	struct showing showing = {kd_system_symbols(input->system), json ? json_array() : NULL};
	struct kd_err err = {0};
	struct kd_cpus cpus;
	enum kd_status status = kd_cpus_read(input->system, &cpus, &err);
	int printed;

	if (!status && !json)
		printf("%4s %-16s %20s %14s  %-16s  %s\n", "CPU", "CLOCK", "EXPIRES", "DUE IN s",
		       "TIMER", "FUNCTION");
	if (!status)
		status = kd_timers_each(input->system, &cpus, print_timer, &showing, &err);
	printed = json ? kd_json_print(showing.list) : kd_output_end();
	return status ? kd_command_failed(&err) : printed;
}

static int run_timers(const struct kd_command *self, int argc, char **argv)
{
	return kd_input_run(self, argc, argv, kd_input_open_system, show);
}

const struct kd_command kd_cmd_timers = {
	.name = "timers",
	.synopsis = "[--json] [--raw-input[=BASE]] DUMP",
	.summary = "list the timers that were pending",
	.run = run_timers,
	.options = "  --json              print JSON, a list of timers\n" KD_INPUT_HELP,
};
