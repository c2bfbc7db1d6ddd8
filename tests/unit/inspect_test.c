/* SPDX-License-Identifier: GPL-2.0-or-later */
/* src/inspect: members by path, symbols by address, lists, and stacks, in a made-up kernel. */
#include "test.h"

#include <string.h>

#include "inspect/declare.h"
#include "inspect/fields.h"
#include "inspect/lists.h"
#include "inspect/unwind.h"
#include "orc_fixture.h"

static void test_fields(void **state)
{
	static const char name[16] = "a name of sixtee";
	struct machine machine;
	struct kd_field field;
	struct kd_err err;
	uint64_t object, value;
	char text[32];

	orc_machine_init(&machine, NEW);
	fixture_poke(&machine.fixture, DATA, name, 16);
	fixture_poke_number(&machine.fixture, DATA + 16, 5 | 77 << 3, 4);
	fixture_poke_number(&machine.fixture, DATA + 24, MADE_VADDR(DATA), 8);
	fixture_poke_number(&machine.fixture, DATA + 32 + 8 + 4, 1234, 4);
	open_machine(&machine);
	assert_int_equal(kd_system_symbol(machine.system, "object", &object, NULL), KD_OK);

	/* not NUL-terminated in memory */
	assert_int_equal(
		kd_get_text(machine.system, object, "outer.name", text, sizeof(text), NULL), KD_OK);
	assert_string_equal(text, "a name of sixtee");
	assert_int_equal(kd_get_text(machine.system, object, "outer.name", text, 7, NULL), KD_OK);
	assert_string_equal(text, "a name");
	/* bit fields, through a struct without a name */
	assert_int_equal(kd_get(machine.system, object, "outer.low", &value, NULL), KD_OK);
	assert_int_equal(value, 5);
	assert_int_equal(kd_get(machine.system, object, "outer.high", &value, NULL), KD_OK);
	assert_int_equal(value, 77);
	/* elements, and other names */
	assert_int_equal(kd_get(machine.system, object, "outer.list[1].b", &value, NULL), KD_OK);
	assert_int_equal(value, 1234);
	assert_int_equal(
		kd_get(machine.system, object, "outer.was|none.x|outer.next", &value, NULL), KD_OK);
	assert_int_equal(value, MADE_VADDR(DATA));
	assert_int_equal(kd_size_of(machine.system, "outer", &value, NULL), KD_OK);
	assert_int_equal(value, 56);

	assert_int_equal(kd_field_find(machine.system, "outer.nothing", &field, &err), KD_NOTFOUND);
	assert_non_null(strstr(err.text, "nothing"));
	assert_int_equal(kd_field_find(machine.system, "nothing", &field, &err), KD_NOTFOUND);
	assert_int_equal(kd_field_find(machine.system, "outer.list[2].b", &field, &err),
			 KD_NOTFOUND);
	assert_int_equal(kd_field_find(machine.system, "outer.name[", &field, &err), KD_NOTFOUND);
	assert_int_equal(kd_field_find(machine.system, "outer.next.name", &field, &err),
			 KD_NOTFOUND);
	assert_int_equal(kd_get(machine.system, object, "outer.name", &value, &err), KD_INVALID);
	assert_int_equal(kd_get(machine.system, 0x1000, "outer.low", &value, &err), KD_FAULT);
	close_machine(&machine);
}

static void test_declarations(void **state)
{
	static const struct {
		uint32_t type;
		const char *name, *text;
	} cases[] = {
		{INT, "x", "unsigned int x"},
		{TEXT16, "name", "char name[16]"},
		{POINTER, "next", "struct outer *next"},
		{POINTER, "", "struct outer *"},
		{12, "callback", "unsigned int (*callback)(struct outer *, const char *)"},
		{9, "list", "struct inner list[2]"},
		{14, "text", "const char *text"},
		{13, "c", "enum color c"},
		{0, "nothing", "void nothing"},
		{FLAGS, "", "struct {…}"},
		{999, "x", "void x"},
	};
	char text[KD_DECLARATION_BYTES];
	struct machine machine;
	const struct kd_btf *btf;
	struct kd_btf_type type;

	orc_machine_init(&machine, NEW);
	open_machine(&machine);
	btf = kd_system_types(machine.system, NULL);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		kd_declare(btf, cases[i].type, cases[i].name, text);
		assert_string_equal(text, cases[i].text);
	}
	assert_int_equal(kd_btf_type(btf, 13, &type, NULL), KD_OK);
	assert_string_equal(kd_btf_enum_name(btf, &type, 2), "BLUE");
	assert_null(kd_btf_enum_name(btf, &type, 3));
	close_machine(&machine);
}

static void test_symbols_by_address(void **state)
{
	const struct kd_symbol *symbol;
	struct kd_symbols *symbols;
	struct machine machine;

	orc_machine_init(&machine, NEW);
	open_machine(&machine);
	symbols = kd_system_symbols(machine.system);
	symbol = kd_symbols_at(symbols, code(LEAF, 0x7f));
	assert_string_equal(kd_symbol_name(symbols, symbol), "leaf"); /* the first of two */
	assert_string_equal(kd_symbol_name(symbols, kd_symbols_at(symbols, MADE_TEXT)), "_text");
	assert_null(kd_symbols_at(symbols, MADE_TEXT - 1));
	assert_null(kd_symbols_at(symbols, MADE_TEXT + MADE_BYTES));
	assert_null(kd_symbols_find(symbols, "leaf", kd_symbols_find(symbols, "leaf", NULL)));
	assert_null(kd_symbols_find(symbols, "nobody", NULL));
	close_machine(&machine);
}

static void test_lists(void **state)
{
	static const uint64_t chains[][4] = {
		{1, 2, 3, 0}, /* whole */
		{1, 2, 2, 0}, /* the third leads to itself */
		{1, 2, 99, 0},
		{1, 2, 3, 2}, /* a circle that the head is not in: found out in the second round */
	};
	static const struct {
		unsigned int nodes;
		enum kd_status status;
	} ends[] = {{3, KD_OK}, {2, KD_CORRUPT}, {3, KD_FAULT}, {4, KD_CORRUPT}};

	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++) {
		struct machine machine;
		struct kd_list list;
		uint64_t node;
		unsigned int nodes = 0;

		orc_machine_init(&machine, NEW);
		for (unsigned int at = 0; at < 4; at++)
			fixture_poke_number(
				&machine.fixture, DATA + 16 * at,
				chains[i][at] == 99 ? 0x10 : MADE_VADDR(DATA) + 16 * chains[i][at],
				8);
		open_machine(&machine);
		kd_list_begin(&list, machine.system, MADE_VADDR(DATA));
		while (kd_list_next(&list, &node))
			nodes++;
		assert_int_equal(list.status, ends[i].status);
		assert_int_equal(nodes, ends[i].nodes);
		close_machine(&machine);
	}
}

static void assert_pcs(const struct kd_stack *stack, const uint64_t *pcs, size_t count)
{
	assert_int_equal(stack->count, count);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(stack->frames[i].pc, pcs[i]);
}

static void test_calls(void **state)
{
	static struct kd_stack stack;

	for (enum orc_format format = OLD; format <= NEW; format++) {
		const struct kd_unwind_start start = {.pc = code(LEAF, 0x10),
						      .sp = MADE_VADDR(STACK),
						      .bp = MADE_VADDR(STACK + 0x60),
						      .interrupted = true};
		/* the last instruction of a function may be a call: what follows is another's */
		const uint64_t pcs[] = {code(LEAF, 0x10), code(CALLER + 1, 0), code(WITH_BP, 0x20),
					code(ROOT, 0x30)};
		struct machine machine;

		orc_machine_init(&machine, format);
		orc_put_word(&machine, STACK + 8, code(CALLER + 1, 0));
		orc_put_word(&machine, STACK + 16 + 8, MADE_VADDR(STACK + 0x60)); /* saved bp */
		orc_put_word(&machine, STACK + 16 + 16, code(WITH_BP, 0x20));
		orc_put_word(&machine, STACK + 0x60 + 8, code(ROOT, 0x30));
		orc_unwind(&machine, &start, false, &stack);
		assert_int_equal(stack.end.status, KD_OK);
		assert_pcs(&stack, pcs, 4);
		assert_true(stack.frames[0].interrupted && !stack.frames[1].interrupted);
		assert_true(stack.frames[3].reliable);
		assert_int_equal(stack.frames[1].offset, 0x100);
	}
}

/* An interrupt on a stack of its own, of a function that is then left through a register. */
static void test_interrupts(void **state)
{
	static struct kd_stack stack;
	const struct kd_unwind_start start = {
		.pc = code(SWITCH, 4), .sp = MADE_VADDR(IRQ_STACK), .interrupted = true};
	const uint64_t pcs[] = {code(SWITCH, 4), code(INTERRUPT, 8), code(LAST, 0x12),
				code(ROOT, 1)};
	struct machine machine;

	orc_machine_init(&machine, NEW);
	orc_put_word(&machine, IRQ_STACK, MADE_VADDR(STACK));
	orc_put_word(&machine, STACK, code(INTERRUPT, 8)); /* cfa = STACK + 8 */
	/* struct pt_regs at STACK + 8 */
	orc_put_word(&machine, STACK + 8 + 8 * KD_PT_R10, MADE_VADDR(STACK + 0x200));
	orc_put_word(&machine, STACK + 8 + 8 * KD_PT_IP, code(LAST, 0x12));
	orc_put_word(&machine, STACK + 8 + 8 * KD_PT_CS, 0x10);
	orc_put_word(&machine, STACK + 8 + 8 * KD_PT_SP, MADE_VADDR(STACK + 0x100));
	orc_put_word(&machine, STACK + 0x200 - 8, code(ROOT, 1));
	orc_unwind(&machine, &start, false, &stack);
	assert_int_equal(stack.end.status, KD_OK);
	assert_pcs(&stack, pcs, 4);
	assert_true(stack.frames[2].interrupted);
	assert_int_equal(stack.frames[2].registers_vaddr, MADE_VADDR(STACK + 8));
	assert_false(stack.user);

	/* the same, out of user space */
	orc_machine_init(&machine, NEW);
	orc_put_word(&machine, IRQ_STACK, MADE_VADDR(STACK));
	orc_put_word(&machine, STACK, code(INTERRUPT, 8));
	orc_put_word(&machine, STACK + 8 + 8 * KD_PT_IP, 0x401000);
	orc_put_word(&machine, STACK + 8 + 8 * KD_PT_CS, 0x33);
	orc_unwind(&machine, &start, false, &stack);
	assert_int_equal(stack.end.status, KD_OK);
	assert_pcs(&stack, pcs, 2);
	assert_true(stack.user);
}

/* A function without entries is left by looking for the call of it. */
static void test_function_without_entries(void **state)
{
	static struct kd_stack stack;
	const struct kd_unwind_start start = {
		.pc = code(NOTHING, 0x40), .sp = MADE_VADDR(STACK), .interrupted = true};
	const uint64_t pcs[] = {code(NOTHING, 0x40), code(CALLER, 0x20), code(ROOT, 1)};
	struct machine machine;

	orc_machine_init(&machine, NEW);
	orc_put_word(&machine, STACK + 0x10, code(LEAF, 0x20)); /* no call is before it */
	orc_put_word(&machine, STACK + 0x30, code(CALLER, 0x20));
	fixture_poke_number(&machine.fixture, CODE + 0x100 * CALLER + 0x20 - 5, 0xe8, 1);
	fixture_poke_number(&machine.fixture, CODE + 0x100 * CALLER + 0x20 - 4,
			    code(NOTHING, 0) - code(CALLER, 0x20), 4);
	orc_put_word(&machine, STACK + 0x38 + 16, code(ROOT, 1));
	orc_unwind(&machine, &start, false, &stack);
	assert_int_equal(stack.end.status, KD_OK);
	assert_pcs(&stack, pcs, 3);

	/* and where there is none, that is said */
	orc_machine_init(&machine, NEW);
	orc_unwind(&machine, &start, false, &stack);
	assert_int_equal(stack.end.status, KD_NOTFOUND);
	assert_int_equal(stack.count, 1);
}

/* Damage, and code that nobody knows: an end with a reason, soon. */
static void test_broken_stacks(void **state)
{
	static struct kd_stack stack;
	struct kd_unwind_start start = {
		.pc = code(LEAF, 0x10), .sp = MADE_VADDR(STACK), .interrupted = true};
	struct machine machine;

	/* the return address is no code */
	orc_machine_init(&machine, NEW);
	orc_put_word(&machine, STACK + 8, 0xffffffffdeadbeef);
	orc_unwind(&machine, &start, false, &stack);
	assert_int_equal(stack.end.status, KD_NOTFOUND);
	assert_int_equal(stack.count, 2);
	assert_null(stack.frames[1].symbol);

	/* data is no code, either: the tables end where code does, a search in them does not */
	orc_machine_init(&machine, NEW);
	orc_put_word(&machine, STACK + 8, MADE_VADDR(DATA) + 8);
	orc_unwind(&machine, &start, false, &stack);
	assert_int_equal(stack.end.status, KD_NOTFOUND);

	/* frames that lead to each other */
	orc_machine_init(&machine, NEW);
	start.pc = code(WITH_BP, 4);
	start.bp = MADE_VADDR(STACK + 0x100);
	orc_put_word(&machine, STACK + 0x100, MADE_VADDR(STACK + 0x80));
	orc_put_word(&machine, STACK + 0x108, code(WITH_BP, 8));
	orc_put_word(&machine, STACK + 0x80, MADE_VADDR(STACK + 0x100));
	orc_put_word(&machine, STACK + 0x88, code(WITH_BP, 8));
	orc_unwind(&machine, &start, false, &stack);
	assert_int_equal(stack.end.status, KD_CORRUPT);
	assert_true(stack.count < 4);

	/* no stack at all */
	orc_machine_init(&machine, NEW);
	start = (struct kd_unwind_start){.pc = code(LEAF, 0x10), .sp = 0x1000};
	orc_unwind(&machine, &start, false, &stack);
	assert_int_equal(stack.end.status, KD_FAULT);
	assert_int_equal(stack.count, 1);

	/* a register that nobody saved */
	orc_machine_init(&machine, NEW);
	start = (struct kd_unwind_start){.pc = code(LAST, 0x10), .sp = MADE_VADDR(STACK)};
	orc_unwind(&machine, &start, false, &stack);
	assert_int_equal(stack.end.status, KD_NOTFOUND);
	assert_non_null(strstr(stack.end.text, "r10"));
}

/* A call through NULL, and generated code by its frame pointer, when guesses are asked for. */
static void test_null_call_and_guesses(void **state)
{
	static struct kd_stack stack;
	struct kd_unwind_start start = {.sp = MADE_VADDR(STACK), .interrupted = true};
	const uint64_t null_pcs[] = {0, code(ROOT, 8)};
	const uint64_t guessed[] = {MADE_VADDR(DATA), code(ROOT, 8)};
	struct machine machine;

	orc_machine_init(&machine, NEW);
	orc_put_word(&machine, STACK, code(ROOT, 8));
	orc_unwind(&machine, &start, false, &stack);
	assert_int_equal(stack.end.status, KD_OK);
	assert_pcs(&stack, null_pcs, 2);
	assert_true(stack.frames[1].reliable);

	orc_machine_init(&machine, NEW);
	orc_put_word(&machine, STACK + 0x48, code(ROOT, 8));
	start.pc = MADE_VADDR(DATA);
	start.bp = MADE_VADDR(STACK + 0x40);
	orc_unwind(&machine, &start, true, &stack);
	assert_int_equal(stack.end.status, KD_OK);
	assert_pcs(&stack, guessed, 2);
	assert_true(stack.frames[0].reliable && !stack.frames[1].reliable);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_declarations),
		cmocka_unit_test(test_symbols_by_address),
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_calls),
		cmocka_unit_test(test_interrupts),
		cmocka_unit_test(test_function_without_entries),
		cmocka_unit_test(test_broken_stacks),
		cmocka_unit_test(test_null_call_and_guesses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
