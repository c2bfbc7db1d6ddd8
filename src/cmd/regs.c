/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kdump regs: the registers of every CPU as it stopped. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "arch/arch.h"
#include "cmd/dump_input.h"
#include "host/system.h"
#include "inspect/stacks.h"

enum { A_ROW = 3 };

struct showing {
	struct kd_system *system;
	struct kd_tasks tasks;
	const struct kd_arch *arch;
	json_t *list; /* NULL: text */
	unsigned int shown;
};

static uint64_t value_of(const struct kd_cpu_saved *saved, const struct kd_register *reg)
{
	uint64_t value = 0;

	memcpy(&value, (const uint8_t *)saved->registers + reg->offset, reg->bytes);
	return value;
}

static void print_symbol(struct showing *showing, uint64_t pc)
{
	struct kd_symbols *symbols = kd_system_symbols(showing->system);
	const struct kd_symbol *symbol = kd_symbols_at(symbols, pc);

	if (symbol)
		printf("  at %s+0x%" PRIx64, kd_symbol_name(symbols, symbol), pc - symbol->vaddr);
}

static void print_cpu(struct showing *showing, unsigned int cpu, const struct kd_cpu_saved *saved)
{
	const struct kd_arch *arch = showing->arch;
	const struct kd_task *task = kd_task_of_cpu(&showing->tasks, cpu);

	printf("%sCPU %u  PID %u  %s", showing->shown++ ? "\n" : "", cpu, saved->pid,
	       task ? task->comm : "");
	print_symbol(showing, value_of(saved, &arch->registers[arch->program_counter]));
	if (saved->from_stack)
		printf("  (of an interrupt on its stack)");
	for (size_t i = 0; i < arch->register_count; i++)
		printf("%s%8s %016" PRIx64, i % A_ROW ? "" : "\n", arch->registers[i].name,
		       value_of(saved, &arch->registers[i]));
	putchar('\n');
}

static json_t *cpu_json(const struct showing *showing, unsigned int cpu,
			const struct kd_cpu_saved *saved)
{
	const struct kd_arch *arch = showing->arch;
	json_t *registers = json_object();

	for (size_t i = 0; i < arch->register_count; i++)
		json_object_set_new(registers, arch->registers[i].name,
				    kd_json_address(value_of(saved, &arch->registers[i])));
	return json_pack("{s:i, s:I, s:s, s:o}", "cpu", (int)cpu, "pid", (json_int_t)saved->pid,
			 "source", saved->from_stack ? "interrupt" : "note", "registers",
			 registers);
}

static int print_cpus(struct showing *showing)
{
	struct kd_log log = kd_command_log(false);
	struct kd_err err = {0};

	/* the tasks only give names */
	kd_tasks_init(&showing->tasks, showing->system, &err);
	if (!showing->tasks.cpus.count)
		return kd_command_failed(&err);
	for (unsigned int cpu = 0; cpu < showing->tasks.cpus.count; cpu++) {
		struct kd_cpu_saved saved;

		if (!kd_cpu_is_online(&showing->tasks.cpus, cpu))
			continue;
		if (kd_cpu_saved(showing->system, &showing->tasks.cpus, cpu, &saved, &err))
			kd_log(&log, KD_LOG_WARNING, "%s", err.text);
		else if (showing->list)
			json_array_append_new(showing->list, cpu_json(showing, cpu, &saved));
		else
			print_cpu(showing, cpu, &saved);
	}
	return showing->list ? kd_json_print(showing->list) : kd_output_end();
}

static int show(struct kd_input *input, bool json)
{
	struct showing showing = {
		.system = input->system,
		.arch = kd_dump_arch(input->dump),
		.list = json ? json_array() : NULL,
	};
	int exit_status = print_cpus(&showing);

	kd_tasks_deinit(&showing.tasks);
	return exit_status;
}

static int run_regs(const struct kd_command *self, int argc, char **argv)
{
	return kd_input_run(self, argc, argv, kd_input_open_system, show);
}

const struct kd_command kd_cmd_regs = {
	.name = "regs",
	.synopsis = "[--json] [--raw-input[=BASE]] DUMP...",
	.summary = "print the registers of every CPU",
	.run = run_regs,
	.options = "  --json              print JSON, a list of CPUs\n" KD_INPUT_HELP,
};
