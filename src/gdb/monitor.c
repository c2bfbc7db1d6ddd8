/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gdb/monitor.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "host/file.h"
#include "inspect/stacks.h"
#include "kernel/log.h"

enum { LINE_BYTES = 256, WORDS = 3, ROW_BYTES = 16, PHYS_BYTES = 256, PHYS_BYTES_MOST = 1 << 20 };

struct command {
	const char *name, *synopsis, *summary;
	unsigned int least, most; /* arguments */
	void (*run)(struct kd_gdb_monitor *monitor, char **words, FILE *out);
};

static void run_help(struct kd_gdb_monitor *monitor, char **words, FILE *out);

/* All of the word is a number. */
static bool parse_number(const char *word, int base, uint64_t *value)
{
	char *end;

	*value = strtoull(word, &end, base);
	return isxdigit((unsigned char)*word) && end != word && !*end;
}

/* The thread of a task, by PID: of those of the idle ones, that of the first CPU. */
static bool find_pid(const struct kd_gdb_monitor *monitor, const char *word, size_t *rank,
		     FILE *out)
{
	uint64_t pid;

	if (!parse_number(word, 10, &pid)) {
		fprintf(out, "%s: no process id\n", word);
		return false;
	}
	for (size_t i = 0; i < monitor->machine->count; i++) {
		const struct kd_task *task = monitor->machine->threads[i].task;

		if (task && (uint64_t)task->pid == pid) {
			*rank = i;
			return true;
		}
	}
	fprintf(out, "%s: there is no such process\n", word);
	return false;
}

static void print_thread(const struct kd_gdb_monitor *monitor, size_t rank, FILE *out)
{
	char name[KD_COMM_BYTES], text[KD_GDB_NAME_BYTES];

	kd_gdb_thread_name(monitor->machine, rank, name);
	kd_gdb_thread_text(monitor->machine, rank, text);
	fprintf(out, "thread %zu: %s (%s)\n", rank + 1, name, text);
}

static void run_ps(struct kd_gdb_monitor *monitor, char **words, FILE *out)
{
	const struct kd_gdb_machine *machine = monitor->machine;

	/* what a process calls itself comes last: it may look like anything */
	fprintf(out, "%7s %7s %7s %4s S %-16s %-7s %s\n", "THREAD", "PID", "PPID", "CPU", "TASK",
		"RUNNING", "COMM");
	for (size_t i = 0; i < machine->count; i++) {
		const struct kd_gdb_thread *thread = &machine->threads[i];
		const struct kd_task *task = thread->task;
		char name[KD_COMM_BYTES];

		kd_gdb_thread_name(machine, i, name);
		fprintf(out, "%7zu %7d %7d %4u %c %016" PRIx64 " %-7s %s\n", i + 1,
			task ? task->pid : -1, task ? task->ppid : -1, thread->cpu,
			task ? task->state : '?', task ? task->vaddr : 0,
			thread->is_cpu ? "running" : "-", name);
	}
}

static enum kd_status write_piece(void *opaque, const char *piece, size_t bytes, struct kd_err *err)
{
	fwrite(piece, 1, bytes, opaque);
	return KD_OK;
}

static bool print_record(void *opaque, const struct kd_klog_record *record)
{
	kd_klog_print(record, write_piece, opaque, NULL);
	return true;
}

static void run_log(struct kd_gdb_monitor *monitor, char **words, FILE *out)
{
	struct kd_err err;

	if (kd_klog_each(kd_system_kernel(monitor->machine->system), print_record, out, NULL, &err))
		fprintf(out, "%s\n", err.text);
}

static void print_row(uint64_t paddr, const uint8_t *data, size_t bytes, FILE *out)
{
	fprintf(out, "%016" PRIx64 " ", paddr);
	for (size_t i = 0; i < ROW_BYTES; i++)
		i < bytes ? fprintf(out, " %02x", data[i]) : fprintf(out, "   ");
	fputs("  |", out);
	for (size_t i = 0; i < bytes; i++)
		fputc(data[i] >= ' ' && data[i] <= '~' ? data[i] : '.', out);
	fputs("|\n", out);
}

static void run_phys(struct kd_gdb_monitor *monitor, char **words, FILE *out)
{
	struct kd_dump *dump = kd_kernel_dump(kd_system_kernel(monitor->machine->system));
	uint64_t paddr, bytes = PHYS_BYTES;
	struct kd_err err;

	if (!parse_number(words[0], 16, &paddr)) {
		fprintf(out, "%s: no hexadecimal address\n", words[0]);
		return;
	}
	if (words[1] && (!parse_number(words[1], 0, &bytes) || bytes > PHYS_BYTES_MOST)) {
		fprintf(out, "%s: no number of bytes up to %d\n", words[1], PHYS_BYTES_MOST);
		return;
	}
	while (bytes) {
		uint8_t row[ROW_BYTES];
		size_t piece = ROW_BYTES - paddr % ROW_BYTES;
		enum kd_status status;

		if (piece > bytes)
			piece = (size_t)bytes;
		status = kd_dump_read(dump, paddr, row, piece, &err);
		if (status) {
			fprintf(out, "%s: %s\n", kd_status_name(status), err.text);
			return;
		}
		print_row(paddr, row, piece, out);
		paddr += piece;
		bytes -= piece;
	}
}

static void run_task(struct kd_gdb_monitor *monitor, char **words, FILE *out)
{
	if (words[0] && !find_pid(monitor, words[0], &monitor->rank, out))
		return;
	print_thread(monitor, monitor->rank, out);
	if (words[0])
		fprintf(out, "To take gdb there: thread %zu\n", monitor->rank + 1);
}

static void print_stack(const struct kd_gdb_monitor *monitor, const struct kd_stack *stack,
			FILE *out)
{
	struct kd_system *system = monitor->machine->system;
	const struct kd_symbols *symbols = kd_system_symbols(system);

	for (size_t i = 0; i < stack->count; i++) {
		const struct kd_frame *frame = &stack->frames[i];
		const struct kd_module *module =
			frame->symbol ? kd_system_module_of(system, frame->symbol) : NULL;

		if (frame->interrupted && i)
			fputs("     --- interrupted ---\n", out);
		fprintf(out, "#%-3zu 0x%016" PRIx64, i, frame->pc);
		if (frame->symbol)
			fprintf(out, " %s+0x%" PRIx64, kd_symbol_name(symbols, frame->symbol),
				frame->offset);
		if (module)
			fprintf(out, " [%s]", module->name);
		fputc('\n', out);
	}
	if (stack->user)
		fputs("     --- user space ---\n", out);
	if (stack->end.status)
		fprintf(out, "     the rest is missing: %s\n", stack->end.text);
}

static void run_bt(struct kd_gdb_monitor *monitor, char **words, FILE *out)
{
	struct kd_gdb_machine *machine = monitor->machine;
	KD_CLEANUP_FREE struct kd_stack *stack = malloc(sizeof(*stack));
	size_t rank = monitor->rank;
	struct kd_unwind_start start;
	struct kd_err err;

	if (!stack || (words[0] && !find_pid(monitor, words[0], &rank, out)))
		return;
	print_thread(monitor, rank, out);
	if (!monitor->has_orc && kd_orc_init(&monitor->orc, machine->system, &err)) {
		fprintf(out, "no stack: %s\n", err.text);
		return;
	}
	monitor->has_orc = true;
	if (!machine->threads[rank].task) {
		fputs("no stack: it is not known what the CPU was at\n", out);
		return;
	}
	if (kd_task_start(machine->system, &machine->tasks.cpus, machine->threads[rank].task,
			  &start, &err)) {
		fprintf(out, "no stack: %s\n", err.text);
		return;
	}
	kd_unwind(&monitor->orc, &start, false, stack);
	print_stack(monitor, stack, out);
}

static void run_why(struct kd_gdb_monitor *monitor, char **words, FILE *out)
{
	const struct kd_err *fault = &monitor->last_fault;

	if (fault->status)
		fprintf(out, "%s: %s\n", kd_status_name(fault->status), fault->text);
	else
		fputs("all memory that gdb asked for was there\n", out);
}

static void run_offset(struct kd_gdb_monitor *monitor, char **words, FILE *out)
{
	const struct kd_kernel *kernel = kd_system_kernel(monitor->machine->system);
	uint64_t offset = 0;

	kd_vmcoreinfo_key(kd_kernel_vmcoreinfo(kernel), "KERNELOFFSET", 16, &offset, NULL);
	fprintf(out, "0x%" PRIx64 "\n", offset);
}

/* clang-format off */
static const struct command commands[] = {
	{"help", "", "list these commands", 0, 0, run_help},
	{"ps", "", "list all tasks, with gdb's numbers of their threads", 0, 0, run_ps},
	{"task", "[PID]", "tell which task bt is about, or choose one", 0, 1, run_task},
	{"bt", "[PID]", "print a stack, unwound by the kernel's own tables", 0, 1, run_bt},
	{"log", "", "print the kernel's log", 0, 0, run_log},
	{"phys", "ADDR [COUNT]", "print bytes at a physical address", 1, 2, run_phys},
	{"why", "", "tell why memory could last not be read", 0, 0, run_why},
	{"offset", "", "tell how far KASLR moved the kernel: symbol-file -o OFFSET vmlinux", 0, 0, run_offset},
};
/* clang-format on */

enum { COMMANDS = sizeof(commands) / sizeof(*commands) };

static void run_help(struct kd_gdb_monitor *monitor, char **words, FILE *out)
{
	for (size_t i = 0; i < COMMANDS; i++)
		fprintf(out, "monitor %-6s %-13s %s\n", commands[i].name, commands[i].synopsis,
			commands[i].summary);
}

void kd_gdb_monitor_init(struct kd_gdb_monitor *monitor, struct kd_gdb_machine *machine)
{
	memset(monitor, 0, sizeof(*monitor));
	monitor->machine = machine;
	monitor->rank = machine->panicked;
}

void kd_gdb_monitor_run(struct kd_gdb_monitor *monitor, const char *line, FILE *out)
{
	char copy[LINE_BYTES], *words[WORDS + 1] = {NULL}, *rest = NULL;
	unsigned int count = 0;

	snprintf(copy, sizeof(copy), "%s", line);
	for (char *word = strtok_r(copy, " \t", &rest); word && count <= WORDS;
	     word = strtok_r(NULL, " \t", &rest))
		words[count++] = word;
	if (!count) {
		run_help(monitor, words, out);
		return;
	}
	for (size_t i = 0; i < COMMANDS; i++) {
		const struct command *command = &commands[i];

		if (strcmp(words[0], command->name))
			continue;
		if (count - 1 < command->least || count - 1 > command->most)
			fprintf(out, "usage: monitor %s %s\n", command->name, command->synopsis);
		else
			command->run(monitor, words + 1, out);
		return;
	}
	fprintf(out, "%s: no such command; monitor help lists them\n", words[0]);
}
