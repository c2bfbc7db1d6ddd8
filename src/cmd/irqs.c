/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kdump irqs: the interrupts, and how often each CPU has had them. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cmd/dump_input.h"
#include "inspect/cpu_interrupts.h"
#include "inspect/interrupts.h"

struct showing {
	struct kd_system *system;
	struct kd_cpus cpus;
	json_t *list; /* NULL: text */
};

/* NULL: there is one number for all of them. */
static void print_counts(const struct showing *showing, const char *name, const uint32_t *counts,
			 uint64_t total)
{
	char first[16];

	snprintf(first, sizeof(first), "%s:", name);
	printf("%6s", first);
	if (!counts)
		printf(" %10" PRIu64, total);
	for (unsigned int cpu = 0; counts && cpu < showing->cpus.count; cpu++)
		if (kd_cpu_is_online(&showing->cpus, cpu))
			printf(" %10" PRIu32, counts[cpu]);
}

static bool print_interrupt(void *opaque, const struct kd_interrupt *interrupt)
{
	const struct showing *showing = opaque;
	char number[16];

	snprintf(number, sizeof(number), "%u", interrupt->number);
	print_counts(showing, number, interrupt->counts, interrupt->total);
	printf("  %s %" PRIu64 "  %s%s", interrupt->chip, interrupt->hardware_number,
	       interrupt->actions, interrupt->disabled ? " (disabled)" : "");
	if (interrupt->spurious)
		printf(" (%" PRIu64 " unhandled)", interrupt->spurious);
	putchar('\n');
	return true;
}

static bool print_cpu_interrupt(void *opaque, const struct kd_cpu_interrupt *interrupt)
{
	print_counts(opaque, interrupt->name, interrupt->counts, interrupt->total);
	printf("  %s\n", interrupt->what);
	return true;
}

/* By number of the CPU. */
static json_t *counts_json(const struct showing *showing, const uint32_t *counts)
{
	json_t *by_cpu = json_object();
	char cpu_name[16];

	for (unsigned int cpu = 0; counts && cpu < showing->cpus.count; cpu++) {
		if (!kd_cpu_is_online(&showing->cpus, cpu))
			continue;
		snprintf(cpu_name, sizeof(cpu_name), "%u", cpu);
		kd_json_set(by_cpu, cpu_name, json_integer((json_int_t)counts[cpu]));
	}
	return by_cpu;
}

static bool add_interrupt(void *opaque, const struct kd_interrupt *interrupt)
{
	const struct showing *showing = opaque;
	struct kd_symbols *symbols = kd_system_symbols(showing->system);
	const struct kd_symbol *handler = kd_symbols_at(symbols, interrupt->handler);

	kd_json_append(showing->list,
		       json_pack("{s:i, s:I, s:I, s:o, s:I, s:o, s:o, s:b, s:o, s:o}", "irq",
				 (int)interrupt->number, "hardware",
				 (json_int_t)interrupt->hardware_number, "total",
				 (json_int_t)interrupt->total, "counts",
				 counts_json(showing, interrupt->counts), "unhandled",
				 (json_int_t)interrupt->spurious, "actions",
				 kd_json_text(interrupt->actions, strlen(interrupt->actions)),
				 "handler",
				 kd_json_string(handler ? kd_symbol_name(symbols, handler) : NULL),
				 "disabled", interrupt->disabled, "chip",
				 kd_json_text(interrupt->chip, strlen(interrupt->chip)),
				 "descriptor", kd_json_address(interrupt->vaddr)));
	return true;
}

static bool add_cpu_interrupt(void *opaque, const struct kd_cpu_interrupt *interrupt)
{
	const struct showing *showing = opaque;

	kd_json_append(showing->list,
		       json_pack("{s:n, s:s, s:s, s:I, s:o}", "irq", "name", interrupt->name,
				 "what", interrupt->what, "total", (json_int_t)interrupt->total,
				 "counts", counts_json(showing, interrupt->counts)));
	return true;
}

static int show(struct kd_input *input, bool json)
{
	struct showing showing = {.system = input->system, .list = json ? json_array() : NULL};
	struct kd_err err = {0}, why;
	enum kd_status status = kd_cpus_read(input->system, &showing.cpus, &err);
	enum kd_status of_cpus = status;
	int printed;

	if (!status && !json) {
		printf("%6s", "IRQ");
		for (unsigned int cpu = 0; cpu < showing.cpus.count; cpu++)
			if (kd_cpu_is_online(&showing.cpus, cpu))
				printf("%7sCPU%-4u", "", cpu);
		puts(" CHIP, NUMBER THERE, AND WHO HANDLES IT");
	}
	if (!status) {
		status = kd_interrupts_each(input->system, &showing.cpus,
					    json ? add_interrupt : print_interrupt, &showing, &err);
		of_cpus = kd_cpu_interrupts_each(input->system, &showing.cpus,
						 json ? add_cpu_interrupt : print_cpu_interrupt,
						 &showing, &why);
	}
	if (of_cpus && !status) {
		status = of_cpus;
		err = why;
	}
	printed = json ? kd_json_print(showing.list) : kd_output_end();
	return status ? kd_command_failed(&err) : printed;
}

static int run_irqs(const struct kd_command *self, int argc, char **argv)
{
	return kd_input_run(self, argc, argv, kd_input_open_system, show);
}

const struct kd_command kd_cmd_irqs = {
	.name = "irqs",
	.synopsis = "[--json] [--raw-input[=BASE]] DUMP...",
	.summary = "list interrupts, and how often each CPU has had them",
	.run = run_irqs,
	.options = "  --json              print JSON, a list of interrupts\n" KD_INPUT_HELP,
};
