/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A made-up kernel whose functions have unwind tables, in either form, and whose types are a few of every kind. */
#ifndef ORC_FIXTURE_H
#define ORC_FIXTURE_H

#include "inspect/unwind.h"
#include "kernel_fixture.h"

enum {
	ORC_IP = MADE_FREE,
	ORC = MADE_FREE + 0x1000,
	CODE = MADE_FREE + 0x2000,
	DATA = MADE_FREE + 0x4000,
	TRACERS = MADE_FREE + 0x5000, /* ftrace_ops_list */
	STACK = MADE_FREE + 0x8000,
	IRQ_STACK = MADE_FREE + 0x10000,
	NMI_STACK = MADE_FREE + 0x14000,
	ENTRIES = 13,
	INT = 1,
	SHORT,
	CHAR,
	TEXT16,
	POINTER,
	FLAGS,
	INNER,
	OUTER,
	LONG = 16,
	LIST,
	COUNTER,
	THREAD = 21,
	NODE = 24,
};

/* Functions of 0x100 bytes from CODE on; what unwinding each takes is in a table of the source. */
enum {
	LEAF,
	CALLER,
	WITH_BP,
	INTERRUPT,
	NOTHING,
	ROOT,
	SWITCH,
	LAST,
	LOCK,
	PARTIAL,
	FTRACE_REGS, /* ftrace_regs_caller */
	GRAPH,       /* return_to_handler */
	PROBE        /* kretprobe_trampoline */
};

/* What struct orc_entry was up to 6.3, and is since. */
enum orc_format { OLD, NEW };

static inline uint64_t code(unsigned int function, unsigned int offset)
{
	return MADE_VADDR(CODE) + 0x100 * function + offset;
}

/* The fixture; the caller pokes stacks, and opens it. */
void orc_machine_init(struct machine *machine, enum orc_format format);

/* A word of it, before it is opened. */
void orc_put_word(struct machine *machine, uint64_t paddr, uint64_t value);
/* Opens it, unwinds one stack, and closes it. */
void orc_unwind(struct machine *machine, const struct kd_unwind_start *start, bool guess,
		struct kd_stack *stack);

#endif
