/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kdump regs: the registers of every CPU as it stopped. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "arch/arch.h"
#include "cmd/dump_input.h"
#include "host/system.h"
#include "inspect/stacks.h"
#include "kernel/registers.h"

enum { A_ROW = 3 };

struct showing {
	struct kd_system *system; /* NULL: there are only the notes */
	struct kd_tasks tasks;
	const struct kd_arch *arch;
	json_t *list; /* NULL: text */
	unsigned int shown;
};

/* The registers of one CPU, laid out as arch->registers says. */
struct found {
	unsigned int cpu;
	uint32_t pid;
	const uint8_t *set;
	bool from_stack;
};

static uint64_t value_of(const struct found *found, const struct kd_register *reg)
{
	uint64_t value = 0;

	memcpy(&value, found->set + reg->offset, reg->bytes);
	return value;
}

static void print_symbol(struct showing *showing, uint64_t pc)
{
	struct kd_symbols *symbols = kd_system_symbols(showing->system);
	const struct kd_symbol *symbol = kd_symbols_at(symbols, pc);

	if (symbol)
		printf("  at %s+0x%" PRIx64, kd_symbol_name(symbols, symbol), pc - symbol->vaddr);
}

static void print_cpu(struct showing *showing, const struct found *found)
{
	const struct kd_arch *arch = showing->arch;
	const struct kd_task *task = kd_task_of_cpu(&showing->tasks, found->cpu);

	printf("%sCPU %u  PID %u", showing->shown++ ? "\n" : "", found->cpu, found->pid);
	if (task)
		printf("  %s", task->comm);
	if (showing->system)
		print_symbol(showing, value_of(found, &arch->registers[arch->program_counter]));
	if (found->from_stack)
		printf("  (of an interrupt on its stack)");
	for (size_t i = 0; i < arch->register_count; i++)
		printf("%s%8s %016" PRIx64, i % A_ROW ? "" : "\n", arch->registers[i].name,
		       value_of(found, &arch->registers[i]));
	putchar('\n');
}

static json_t *cpu_json(const struct showing *showing, const struct found *found)
{
	const struct kd_arch *arch = showing->arch;
	json_t *registers = json_object();

	for (size_t i = 0; i < arch->register_count; i++)
		kd_json_set(registers, arch->registers[i].name,
			    kd_json_address(value_of(found, &arch->registers[i])));
	return json_pack("{s:i, s:I, s:s, s:o}", "cpu", (int)found->cpu, "pid",
			 (json_int_t)found->pid, "source", found->from_stack ? "interrupt" : "note",
			 "registers", registers);
}

static void show_cpu(struct showing *showing, const struct found *found)
{
	if (showing->list)
		kd_json_append(showing->list, cpu_json(showing, found));
	else
		print_cpu(showing, found);
}

/* Without the kernel's own data: which CPU it was is told by the order of the notes. */
static void show_notes(struct showing *showing, const struct kd_dump *dump)
{
	struct kd_log log = kd_command_log(false);
	unsigned int count = kd_registers_count(dump);

	for (unsigned int i = 0; i < count; i++) {
		struct kd_cpu_registers registers;
		struct kd_err err;

		if (kd_registers_get(dump, i, &registers, &err))
			kd_log(&log, KD_LOG_WARNING, "%s", err.text);
		else
			show_cpu(showing, &(struct found){.cpu = i,
							  .pid = registers.pid,
							  .set = registers.set});
	}
}

static enum kd_status show_cpus(struct showing *showing, struct kd_err *err)
{
	struct kd_log log = kd_command_log(false);

	/* the tasks only give names */
	kd_tasks_init(&showing->tasks, showing->system, err);
	if (!showing->tasks.cpus.count)
		return err->status;
	for (unsigned int cpu = 0; cpu < showing->tasks.cpus.count; cpu++) {
		struct kd_cpu_saved saved;

		if (!kd_cpu_is_online(&showing->tasks.cpus, cpu))
			continue;
		if (kd_cpu_saved(showing->system, &showing->tasks.cpus, cpu, &saved, err))
			kd_log(&log, KD_LOG_WARNING, "%s", err->text);
		else
			show_cpu(showing, &(struct found){.cpu = cpu,
							  .pid = saved.pid,
							  .set = (const uint8_t *)saved.registers,
							  .from_stack = saved.from_stack});
	}
	return KD_OK;
}

static int show(struct kd_input *input, bool json)
{
	struct showing showing = {
		.system = input->system,
		.arch = kd_dump_arch(input->dump),
		.list = json ? json_array() : NULL,
	};
	struct kd_err err = {0};
	int exit_status;

	if (!showing.system)
		show_notes(&showing, input->dump);
	if (showing.system && show_cpus(&showing, &err)) {
		json_decref(showing.list);
		exit_status = kd_command_failed(&err);
	} else {
		exit_status = showing.list ? kd_json_print(showing.list) : kd_output_end();
	}
	kd_tasks_deinit(&showing.tasks);
	return exit_status;
}

/* Registers in notes need nothing else of the kernel. */
static enum kd_status open_as_far(struct kd_input *input, const char *name,
				  const struct kd_dump_options *how, struct kd_err *err)
{
	const struct kd_log log = kd_command_log(false);
	enum kd_status status = kd_input_open_system(input, name, how, err);
	struct kd_err why = *err;

	if (!status || kd_input_open_dump(input, name, how, err))
		return status;
	if (!kd_registers_count(input->dump)) {
		kd_input_close(input);
		return status;
	}
	kd_log(&log, KD_LOG_WARNING, "%s; there are only the notes", why.text);
	return KD_OK;
}

static int run_regs(const struct kd_command *self, int argc, char **argv)
{
	return kd_input_run(self, argc, argv, open_as_far, show);
}

const struct kd_command kd_cmd_regs = {
	.name = "regs",
	.synopsis = "[--json] [--raw-input[=BASE]] DUMP...",
	.summary = "print the registers of every CPU",
	.run = run_regs,
	.options = "  --json              print JSON, a list of CPUs\n" KD_INPUT_HELP,
};
