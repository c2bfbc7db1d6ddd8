/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A traced function returns into a trampoline, which tells the tracer and then goes to the address that was there. That
 * is kept by task, together with the place on the stack that it was taken from:
 *
 *     function graph tracer   task_struct.ret_stack, an array of struct ftrace_ret_stack (kernel/trace/fgraph.c), among
 *                             other words since 6.10: found by the place, which nothing else in it is
 *     return probes           task_struct.rethooks, a list of struct rethook_node (kernel/trace/rethook.c, since 5.18);
 *                             before, task_struct.kretprobe_instances (kernel/kprobes.c)
 */
#include "inspect/returns.h"

#include <string.h>

#include "inspect/fields.h"

enum { RET_STACK_BYTES = 4096, INSTANCES_MOST = 4096, TRACERS_MOST = 4, WORD = 8 };

/* A list of what return probes have replaced: struct llist_node linked. */
struct probe_list {
	const char *first, *link, *address, *place;
};

static const struct probe_list rethooks = {
	"task_struct.rethooks.first",
	"rethook_node.llist",
	"rethook_node.ret_addr",
	"rethook_node.frame",
};
static const struct probe_list instances = {
	"task_struct.kretprobe_instances.first",
	"kretprobe_instance.llist|kretprobe_instance.hlist",
	"kretprobe_instance.ret_addr",
	"kretprobe_instance.fp",
};

/* The function that a trampoline is, and where it keeps addresses; NULL: the function graph tracer. */
static const struct {
	const char *symbol;
	const struct probe_list *list;
} trampolines[] = {
	{"return_to_handler", NULL},
	{"arch_rethook_trampoline", &rethooks},
	{"__kretprobe_trampoline", &instances},
	{"kretprobe_trampoline", &instances},
};

static void restore_graph(struct kd_system *system, uint64_t task, uint64_t slot, uint64_t *pc)
{
	uint64_t stack = 0, place = 0, address = 0, word = 0;

	if (kd_get(system, task, "task_struct.ret_stack", &stack, NULL) || !stack ||
	    kd_offset_of(system, "ftrace_ret_stack.retp", &place, NULL) ||
	    kd_offset_of(system, "ftrace_ret_stack.ret", &address, NULL))
		return;
	for (uint64_t at = place; at < RET_STACK_BYTES; at += WORD) {
		if (kd_read_u64(system, stack + at, &word, NULL))
			return;
		if (word == slot) {
			kd_read_u64(system, stack + at - place + address, pc, NULL);
			return;
		}
	}
}

static void restore_probe(struct kd_system *system, const struct probe_list *list, uint64_t task,
			  uint64_t slot, uint64_t *pc)
{
	uint64_t link = 0, offset = 0, place = 0, address = 0;

	if (kd_get(system, task, list->first, &link, NULL) ||
	    kd_offset_of(system, list->link, &offset, NULL))
		return;
	for (int i = 0; link && i < INSTANCES_MOST; i++) {
		if (kd_get(system, link - offset, list->place, &place, NULL))
			return;
		/* two probes of one function: the one that came later has what the other had put there */
		if (place == slot &&
		    !kd_get(system, link - offset, list->address, &address, NULL) &&
		    address != *pc) {
			*pc = address;
			return;
		}
		if (kd_read_u64(system, link, &link, NULL))
			return;
	}
}

/* One of them; false: there is none, or it is not known what it has replaced. */
static bool restore(struct kd_system *system, uint64_t task, uint64_t slot, uint64_t *pc)
{
	const uint64_t before = *pc;
	struct kd_symbols *symbols = kd_system_symbols(system);
	const struct kd_symbol *symbol = kd_symbols_at(symbols, *pc);

	/* what a call returns to is never the start of a function */
	if (!task || !symbol || symbol->vaddr != *pc)
		return false;
	for (size_t i = 0; i < sizeof(trampolines) / sizeof(*trampolines); i++) {
		if (strcmp(trampolines[i].symbol, kd_symbol_name(symbols, symbol)))
			continue;
		if (trampolines[i].list)
			restore_probe(system, trampolines[i].list, task, slot, pc);
		else
			restore_graph(system, task, slot, pc);
		return *pc != before;
	}
	return false;
}

void kd_return_restore(struct kd_system *system, uint64_t task, uint64_t slot, uint64_t *pc)
{
	/* one may have replaced what another had put there */
	for (int i = 0; i < TRACERS_MOST && restore(system, task, slot, pc); i++)
		;
}
