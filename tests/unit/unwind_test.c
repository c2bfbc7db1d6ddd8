/* SPDX-License-Identifier: GPL-2.0-or-later */
/* src/inspect/unwind.c, orc.c, returns.c: stacks within stacks, and what tracing does to stacks. */
#include "test.h"

#include "inspect/unwind.h"
#include "orc_fixture.h"

enum {
	TASK = TRACERS + 0x100,
	RET_STACK = TRACERS + 0x200,
	INSTANCES = TRACERS + 0x400,
	OPS = TRACERS + 0x600,
	OP_BYTES = 32,
	TRAMPOLINE = TRACERS + 0x800, /* no symbol of code is near */
	TRAMPOLINE_BYTES = 0x100,
	CS_KERNEL = 0x10,
	CS_USER = 0x33,
};

/* As code(), in a constant. */
#define CODE_AT(function, offset) (MADE_VADDR(CODE) + 0x100 * (function) + (offset))

static void assert_pcs(const struct kd_stack *stack, const uint64_t *pcs, size_t count)
{
	if (stack->end.status)
		fail_msg("%s", stack->end.text);
	assert_int_equal(stack->count, count);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(stack->frames[i].pc, pcs[i]);
}

static void put_registers(struct machine *machine, uint64_t paddr, uint64_t pc, uint64_t cs,
			  uint64_t sp)
{
	orc_put_word(machine, paddr + 8 * KD_PT_IP, pc);
	orc_put_word(machine, paddr + 8 * KD_PT_CS, cs);
	orc_put_word(machine, paddr + 8 * KD_PT_SP, sp);
}

/* An NMI, on a stack of its own, in an interrupt, on another, in a system call, on the task's: down and up again. */
static void test_three_stacks(void **state)
{
	static struct kd_stack stack;
	const struct kd_unwind_start start = {
		.pc = code(LEAF, 4), .sp = MADE_VADDR(NMI_STACK), .interrupted = true};
	const uint64_t pcs[] = {code(LEAF, 4),      code(INTERRUPT, 8),  code(CALLER, 6),
				code(SWITCH, 9),    code(INTERRUPT, 16), code(LEAF, 0x20),
				code(INTERRUPT, 24)};
	struct machine machine;

	orc_machine_init(&machine, NEW);
	orc_put_word(&machine, NMI_STACK + 8, code(INTERRUPT, 8));
	put_registers(&machine, NMI_STACK + 16, code(CALLER, 6), CS_KERNEL, MADE_VADDR(IRQ_STACK));
	orc_put_word(&machine, IRQ_STACK + 16, code(SWITCH, 9));
	orc_put_word(&machine, IRQ_STACK + 24,
		     MADE_VADDR(STACK)); /* at the top: the stack it left */
	orc_put_word(&machine, STACK, code(INTERRUPT, 16));
	put_registers(&machine, STACK + 8, code(LEAF, 0x20), CS_KERNEL, MADE_VADDR(STACK + 0x200));
	orc_put_word(&machine, STACK + 0x208, code(INTERRUPT, 24));
	put_registers(&machine, STACK + 0x210, 0x401000, CS_USER, 0x7fff0000);
	orc_unwind(&machine, &start, false, &stack);
	assert_pcs(&stack, pcs, sizeof(pcs) / sizeof(*pcs));
	assert_true(stack.user && stack.frames[2].interrupted && stack.frames[5].interrupted);
	assert_false(stack.frames[4].interrupted);
	assert_int_equal(stack.user_registers_vaddr, MADE_VADDR(STACK + 0x210));
}

/*
 * An NMI in the entry of an interrupt, where only what the CPU pushed is on the stack yet: what r10 was then, is what the
 * NMI has saved.
 */
static void test_entry_that_was_interrupted(void **state)
{
	static struct kd_stack stack;
	const struct kd_unwind_start start = {
		.pc = code(INTERRUPT, 4), .sp = MADE_VADDR(NMI_STACK), .interrupted = true};
	const uint64_t pcs[] = {code(INTERRUPT, 4), code(PARTIAL, 8), code(LAST, 0x12),
				code(ROOT, 1)};
	struct machine machine;

	orc_machine_init(&machine, NEW);
	put_registers(&machine, NMI_STACK, code(PARTIAL, 8), CS_KERNEL, MADE_VADDR(IRQ_STACK));
	orc_put_word(&machine, NMI_STACK + 8 * KD_PT_R10, MADE_VADDR(STACK + 0x200));
	orc_put_word(&machine, IRQ_STACK, code(LAST, 0x12));
	orc_put_word(&machine, IRQ_STACK + 8, CS_KERNEL);
	orc_put_word(&machine, IRQ_STACK + 24, MADE_VADDR(STACK + 0x100));
	orc_put_word(&machine, STACK + 0x200 - 8, code(ROOT, 1));
	orc_unwind(&machine, &start, false, &stack);
	assert_pcs(&stack, pcs, sizeof(pcs) / sizeof(*pcs));
	assert_true(stack.frames[2].interrupted);
}

/* A stack that a leaf function and its caller are on; what the leaf returns to is for the test to put. */
static const struct kd_unwind_start in_leaf = {.pc = CODE_AT(LEAF, 0x10),
					       .sp = MADE_VADDR(STACK),
					       .task = MADE_VADDR(TASK),
					       .interrupted = true};
static const uint64_t in_leaf_pcs[] = {CODE_AT(LEAF, 0x10), CODE_AT(CALLER, 0x20),
				       CODE_AT(ROOT, 1)};

static void put_leaf(struct machine *machine, uint64_t returns_to)
{
	orc_machine_init(machine, NEW);
	orc_put_word(machine, STACK + 8, returns_to);
	orc_put_word(machine, STACK + 16 + 16, code(ROOT, 1));
}

/* What a probe has replaced: number on the list, of that word of the stack. */
static void put_instance(struct machine *machine, unsigned int number, uint64_t place,
			 uint64_t address)
{
	uint64_t at = INSTANCES + 24 * number;

	orc_put_word(machine, number ? at - 24 : TASK + 16, MADE_VADDR(at));
	orc_put_word(machine, at + 8, address);
	orc_put_word(machine, at + 16, place);
}

/* Of the graph tracer, behind words of another form. */
static void put_graph(struct machine *machine, uint64_t place, uint64_t address)
{
	orc_put_word(machine, TASK + 8, MADE_VADDR(RET_STACK));
	orc_put_word(machine, RET_STACK, 0x1234);
	orc_put_word(machine, RET_STACK + 24, address);
	orc_put_word(machine, RET_STACK + 32, place);
}

static void test_replaced_return_addresses(void **state)
{
	static struct kd_stack stack;
	const uint64_t place = MADE_VADDR(STACK + 8);
	struct machine machine;

	/* by a probe; that of another function is before it */
	put_leaf(&machine, code(PROBE, 0));
	put_instance(&machine, 0, place + 0x100, code(ROOT, 2));
	put_instance(&machine, 1, place, code(CALLER, 0x20));
	orc_unwind(&machine, &in_leaf, false, &stack);
	assert_pcs(&stack, in_leaf_pcs, 3);

	/* by two of the same function */
	put_leaf(&machine, code(PROBE, 0));
	put_instance(&machine, 0, place, code(PROBE, 0));
	put_instance(&machine, 1, place, code(CALLER, 0x20));
	orc_unwind(&machine, &in_leaf, false, &stack);
	assert_pcs(&stack, in_leaf_pcs, 3);

	/* by the graph tracer, and before that by a probe */
	put_leaf(&machine, code(GRAPH, 0));
	put_graph(&machine, place, code(PROBE, 0));
	put_instance(&machine, 0, place, code(CALLER, 0x20));
	orc_unwind(&machine, &in_leaf, false, &stack);
	assert_pcs(&stack, in_leaf_pcs, 3);

	/* the list does not tell, or goes round: then it is not known where this goes on */
	put_leaf(&machine, code(PROBE, 0));
	put_instance(&machine, 0, place + 8, code(CALLER, 0x20));
	orc_put_word(&machine, INSTANCES, MADE_VADDR(INSTANCES));
	orc_unwind(&machine, &in_leaf, false, &stack);
	assert_int_equal(stack.end.status, KD_NOTFOUND);
	assert_int_equal(stack.count, 2);

	/* two that have replaced each other's */
	put_leaf(&machine, code(GRAPH, 0));
	put_graph(&machine, place, code(PROBE, 0));
	put_instance(&machine, 0, place, code(GRAPH, 0));
	orc_unwind(&machine, &in_leaf, false, &stack);
	assert_int_equal(stack.end.status, KD_NOTFOUND);
}

static void put_tracer(struct machine *machine, unsigned int number, uint64_t trampoline,
		       uint64_t flags)
{
	uint64_t at = OPS + OP_BYTES * number;

	orc_put_word(machine, number ? at - OP_BYTES : TRACERS, MADE_VADDR(at));
	orc_put_word(machine, at + 8, flags);
	orc_put_word(machine, at + 16, trampoline);
	orc_put_word(machine, at + 24, TRAMPOLINE_BYTES);
}

/* In a tracer's own copy of the code that calls tracers, and out of it by what is known of the original. */
static void test_code_of_a_tracer(void **state)
{
	enum { SAVES_REGISTERS = 4 };
	static struct kd_stack stack;
	struct kd_unwind_start start = {
		.pc = MADE_VADDR(TRAMPOLINE + 0x30), .sp = MADE_VADDR(STACK), .interrupted = true};
	const uint64_t pcs[] = {start.pc, code(CALLER, 0x20), code(ROOT, 1)};
	struct machine machine;

	for (int last = 0; last < 2; last++) {
		orc_machine_init(&machine, NEW);
		orc_put_word(&machine, STACK + 24, code(CALLER, 0x20));
		orc_put_word(&machine, STACK + 32 + 16, code(ROOT, 1));
		put_tracer(&machine, 0, 0, 0);
		put_tracer(&machine, 1, MADE_VADDR(TRAMPOLINE + TRAMPOLINE_BYTES), SAVES_REGISTERS);
		/* without the flag it is a copy of another function, which this kernel lacks */
		put_tracer(&machine, 2, MADE_VADDR(TRAMPOLINE), last ? 0 : SAVES_REGISTERS);
		orc_unwind(&machine, &start, false, &stack);
		if (!last) {
			assert_pcs(&stack, pcs, 3);
			continue;
		}
		assert_int_equal(stack.end.status, KD_NOTFOUND);
		assert_int_equal(stack.count, 1);
	}

	/* behind the end of it, and with a list that goes round */
	orc_machine_init(&machine, NEW);
	put_tracer(&machine, 0, MADE_VADDR(TRAMPOLINE), SAVES_REGISTERS);
	orc_put_word(&machine, OPS, MADE_VADDR(OPS));
	start.pc = MADE_VADDR(TRAMPOLINE + TRAMPOLINE_BYTES);
	orc_unwind(&machine, &start, false, &stack);
	assert_int_equal(stack.end.status, KD_NOTFOUND);
	assert_int_equal(stack.count, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_three_stacks),
		cmocka_unit_test(test_entry_that_was_interrupted),
		cmocka_unit_test(test_replaced_return_addresses),
		cmocka_unit_test(test_code_of_a_tracer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
