/* SPDX-License-Identifier: GPL-2.0-or-later */
/* src/inspect: members by path, symbols by address, lists, and stacks, in a made-up kernel. */
#include "test.h"

#include <string.h>

#include "inspect/declare.h"
#include "inspect/fields.h"
#include "inspect/lists.h"
#include "inspect/unwind.h"
#include "kernel_fixture.h"

enum {
	ORC_IP = MADE_FREE,
	ORC = MADE_FREE + 0x1000,
	CODE = MADE_FREE + 0x2000,
	DATA = MADE_FREE + 0x4000,
	STACK = MADE_FREE + 0x8000,
	IRQ_STACK = MADE_FREE + 0x10000,
	ENTRIES = 8,
	INT = 1,
	SHORT,
	CHAR,
	TEXT16,
	POINTER,
	FLAGS,
	INNER,
	OUTER,
};

/* What struct orc_entry was up to 6.3, and is since. */
enum orc_format { OLD, NEW };

struct machine {
	struct fixture fixture;
	struct kd_dump *dump;
	struct kd_kernel *kernel;
	struct kd_system *system;
};

static void make_types(struct blob *blob, enum orc_format format)
{
	blob_init(blob, NULL);
	blob_type(blob, KD_BTF_INT, "unsigned int", 0, false, 4);
	blob_word(blob, 32);
	blob_type(blob, KD_BTF_INT, "short", 0, false, 2);
	blob_word(blob, 1 << 24 | 16);
	blob_type(blob, KD_BTF_INT, "char", 0, false, 1);
	blob_word(blob, 1 << 24 | 8);
	blob_type(blob, KD_BTF_ARRAY, "", 0, false, 0);
	blob_word(blob, CHAR);
	blob_word(blob, INT);
	blob_word(blob, 16);
	blob_type(blob, KD_BTF_POINTER, "", 0, false, OUTER);
	blob_type(blob, KD_BTF_STRUCT, "", 2, true, 4); /* FLAGS */
	blob_member(blob, "low", INT, 3u << 24 | 0);
	blob_member(blob, "high", INT, 7u << 24 | 3);
	blob_type(blob, KD_BTF_STRUCT, "inner", 2, false, 8);
	blob_member(blob, "a", INT, 0);
	blob_member(blob, "b", INT, 32);
	blob_type(blob, KD_BTF_STRUCT, "outer", 5, false, 56);
	blob_member(blob, "name", TEXT16, 0);
	blob_member(blob, "", FLAGS, 128);
	blob_member(blob, "next", POINTER, 192);
	blob_member(blob, "list", 9, 256);
	blob_member(blob, "callback", 12, 384);
	blob_type(blob, KD_BTF_ARRAY, "", 0, false, 0); /* 9: inner[2] */
	blob_word(blob, INNER);
	blob_word(blob, INT);
	blob_word(blob, 2);
	blob_type(blob, KD_BTF_CONST, "", 0, false, CHAR); /* 10 */
	blob_type(blob, KD_BTF_PROTOTYPE, "", 2, false, INT);
	blob_word(blob, 0);
	blob_word(blob, POINTER);
	blob_word(blob, 0);
	blob_word(blob, 14);
	blob_type(blob, KD_BTF_POINTER, "", 0, false,
		  11); /* 12: int (*)(struct outer *, const char *) */
	blob_type(blob, KD_BTF_ENUM, "color", 2, false, 4);
	blob_word(blob, blob_text(blob, "RED"));
	blob_word(blob, 1);
	blob_word(blob, blob_text(blob, "BLUE"));
	blob_word(blob, 2);
	blob_type(blob, KD_BTF_POINTER, "", 0, false, 10); /* 14: const char * */
	blob_type(blob, KD_BTF_STRUCT, "orc_entry", 6, true, 6);
	blob_member(blob, "sp_offset", SHORT, 0);
	blob_member(blob, "bp_offset", SHORT, 16);
	blob_member(blob, "sp_reg", INT, 4u << 24 | 32);
	blob_member(blob, "bp_reg", INT, 4u << 24 | 36);
	blob_member(blob, "type", INT, (format == OLD ? 2u : 3u) << 24 | 40);
	blob_member(blob, format == OLD ? "end" : "signal", INT,
		    1u << 24 | (format == OLD ? 42 : 43));
	blob_finish(blob);
}

/* Functions of 0x100 bytes from CODE on, with what unwinding each takes. */
struct entry {
	int16_t sp_offset, bp_offset;
	unsigned int sp, bp;
	enum kd_orc_type type;
};
enum { LEAF, CALLER, WITH_BP, INTERRUPT, NOTHING, ROOT, SWITCH, LAST };
static const struct entry entries[ENTRIES] = {
	[LEAF] = {16, 0, KD_ORC_SP, KD_ORC_UNDEFINED, KD_ORC_TYPE_CALL},
	[CALLER] = {24, -16, KD_ORC_SP, KD_ORC_PREVIOUS_SP, KD_ORC_TYPE_CALL},
	[WITH_BP] = {16, -16, KD_ORC_BP, KD_ORC_PREVIOUS_SP, KD_ORC_TYPE_CALL},
	[INTERRUPT] = {0, 0, KD_ORC_SP, KD_ORC_UNDEFINED, KD_ORC_TYPE_REGS},
	[NOTHING] = {0, 0, KD_ORC_UNDEFINED, KD_ORC_UNDEFINED, KD_ORC_TYPE_UNDEFINED},
	[ROOT] = {0, 0, KD_ORC_UNDEFINED, KD_ORC_UNDEFINED, KD_ORC_TYPE_END},
	/* switched to another stack, and kept the old one at the top of it */
	[SWITCH] = {8, 0, KD_ORC_SP_INDIRECT, KD_ORC_UNDEFINED, KD_ORC_TYPE_CALL},
	[LAST] = {8, 0, KD_ORC_R10, KD_ORC_UNDEFINED, KD_ORC_TYPE_CALL},
};

static uint64_t code(unsigned int function, unsigned int offset)
{
	return MADE_VADDR(CODE) + 0x100 * function + offset;
}

static void put_orc(struct fixture *fixture, enum orc_format format)
{
	static const unsigned int old_types[] = {
		[KD_ORC_TYPE_CALL] = 0, [KD_ORC_TYPE_REGS] = 1, [KD_ORC_TYPE_PARTIAL] = 2};

	for (unsigned int i = 0; i < ENTRIES; i++) {
		const struct entry *entry = &entries[i];
		uint64_t at = ORC + 6 * i;
		unsigned int type = entry->type;
		unsigned int end = type == KD_ORC_TYPE_END;

		if (format == OLD)
			type = type >= KD_ORC_TYPE_CALL ? old_types[type] : 0;
		fixture_poke_number(fixture, ORC_IP + 4 * i,
				    code(i, 0) - MADE_VADDR(ORC_IP + 4 * i), 4);
		fixture_poke_number(fixture, at, (uint16_t)entry->sp_offset, 2);
		fixture_poke_number(fixture, at + 2, (uint16_t)entry->bp_offset, 2);
		fixture_poke_number(fixture, at + 4,
				    entry->sp | entry->bp << 4 | type << 8 |
					    (format == OLD ? end << 10 : 0),
				    2);
	}
}

static void prepare(struct machine *machine, enum orc_format format)
{
	static const struct made_symbol symbols[] = {
		{"T_text", 0, false},
		{"T_\1ext", 0x40, false},
		{"D__\1art_\2", MADE_TYPES - MADE_RAM, false},
		{"D__\1op_\2", MADE_FREE - MADE_RAM, false},
		{"R__\1art_orc_unwind_ip", ORC_IP - MADE_RAM, false},
		{"R__\1op_orc_unwind_ip", ORC_IP - MADE_RAM + 4 * ENTRIES, false},
		{"R__\1art_orc_unwind", ORC - MADE_RAM, false},
		{"tleaf", CODE - MADE_RAM, false},
		{"Tleaf_alias", CODE - MADE_RAM, false},
		{"tcaller", CODE - MADE_RAM + 0x100, false},
		{"twith_bp", CODE - MADE_RAM + 0x200, false},
		{"tinterrupt", CODE - MADE_RAM + 0x300, false},
		{"tnothing", CODE - MADE_RAM + 0x400, false},
		{"troot", CODE - MADE_RAM + 0x500, false},
		{"tswitch", CODE - MADE_RAM + 0x600, false},
		{"tla\1", CODE - MADE_RAM + 0x700, false},
		{"dobject", DATA - MADE_RAM, false},
		{"B_end", MADE_BYTES, false},
	};
	struct blob types;

	make_types(&types, format);
	made_kernel_init(&machine->fixture, symbols, sizeof(symbols) / sizeof(*symbols), false,
			 &types);
	put_orc(&machine->fixture, format);
}

static void open_machine(struct machine *machine)
{
	struct kd_err err = {KD_OK, ""};

	fixture_build(&machine->fixture);
	assert_int_equal(kd_dump_open(machine->fixture.path, NULL, &machine->dump, NULL), KD_OK);
	assert_int_equal(kd_kernel_open(machine->dump, &machine->kernel, NULL), KD_OK);
	if (kd_system_open(machine->kernel, &machine->system, &err))
		fail_msg("%s", err.text);
}

static void close_machine(struct machine *machine)
{
	kd_system_close(machine->system);
	kd_kernel_close(machine->kernel);
	kd_dump_close(machine->dump);
	fixture_deinit(&machine->fixture);
}

static void test_fields(void **state)
{
	static const char name[16] = "a name of sixtee";
	struct machine machine;
	struct kd_field field;
	struct kd_err err;
	uint64_t object, value;
	char text[32];

	prepare(&machine, NEW);
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

	prepare(&machine, NEW);
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

	prepare(&machine, NEW);
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
	};
	static const struct {
		unsigned int nodes;
		enum kd_status status;
	} ends[] = {{3, KD_OK}, {2, KD_CORRUPT}, {3, KD_FAULT}};

	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++) {
		struct machine machine;
		struct kd_list list;
		uint64_t node;
		unsigned int nodes = 0;

		prepare(&machine, NEW);
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

/* A stack, word by word; each case starts with its first function as if interrupted there. */
static void unwind(struct machine *machine, const struct kd_unwind_start *start, bool guess,
		   struct kd_stack *stack)
{
	struct kd_orc_tables tables;
	struct kd_err err = {KD_OK, ""};

	open_machine(machine);
	if (kd_orc_init(&tables, machine->system, &err))
		fail_msg("%s", err.text);
	kd_unwind(&tables, start, guess, stack);
	close_machine(machine);
}

static void put_word(struct machine *machine, uint64_t paddr, uint64_t value)
{
	fixture_poke_number(&machine->fixture, paddr, value, 8);
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

		prepare(&machine, format);
		put_word(&machine, STACK + 8, code(CALLER + 1, 0));
		put_word(&machine, STACK + 16 + 8, MADE_VADDR(STACK + 0x60)); /* saved bp */
		put_word(&machine, STACK + 16 + 16, code(WITH_BP, 0x20));
		put_word(&machine, STACK + 0x60 + 8, code(ROOT, 0x30));
		unwind(&machine, &start, false, &stack);
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

	prepare(&machine, NEW);
	put_word(&machine, IRQ_STACK, MADE_VADDR(STACK));
	put_word(&machine, STACK, code(INTERRUPT, 8)); /* cfa = STACK + 8 */
	/* struct pt_regs at STACK + 8 */
	put_word(&machine, STACK + 8 + 8 * KD_PT_R10, MADE_VADDR(STACK + 0x200));
	put_word(&machine, STACK + 8 + 8 * KD_PT_IP, code(LAST, 0x12));
	put_word(&machine, STACK + 8 + 8 * KD_PT_CS, 0x10);
	put_word(&machine, STACK + 8 + 8 * KD_PT_SP, MADE_VADDR(STACK + 0x100));
	put_word(&machine, STACK + 0x200 - 8, code(ROOT, 1));
	unwind(&machine, &start, false, &stack);
	assert_int_equal(stack.end.status, KD_OK);
	assert_pcs(&stack, pcs, 4);
	assert_true(stack.frames[2].interrupted);
	assert_int_equal(stack.frames[2].registers_vaddr, MADE_VADDR(STACK + 8));
	assert_false(stack.user);

	/* the same, out of user space */
	prepare(&machine, NEW);
	put_word(&machine, IRQ_STACK, MADE_VADDR(STACK));
	put_word(&machine, STACK, code(INTERRUPT, 8));
	put_word(&machine, STACK + 8 + 8 * KD_PT_IP, 0x401000);
	put_word(&machine, STACK + 8 + 8 * KD_PT_CS, 0x33);
	unwind(&machine, &start, false, &stack);
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

	prepare(&machine, NEW);
	put_word(&machine, STACK + 0x10, code(LEAF, 0x20)); /* no call is before it */
	put_word(&machine, STACK + 0x30, code(CALLER, 0x20));
	fixture_poke_number(&machine.fixture, CODE + 0x100 * CALLER + 0x20 - 5, 0xe8, 1);
	fixture_poke_number(&machine.fixture, CODE + 0x100 * CALLER + 0x20 - 4,
			    code(NOTHING, 0) - code(CALLER, 0x20), 4);
	put_word(&machine, STACK + 0x38 + 16, code(ROOT, 1));
	unwind(&machine, &start, false, &stack);
	assert_int_equal(stack.end.status, KD_OK);
	assert_pcs(&stack, pcs, 3);

	/* and where there is none, that is said */
	prepare(&machine, NEW);
	unwind(&machine, &start, false, &stack);
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
	prepare(&machine, NEW);
	put_word(&machine, STACK + 8, 0xffffffffdeadbeef);
	unwind(&machine, &start, false, &stack);
	assert_int_equal(stack.end.status, KD_NOTFOUND);
	assert_int_equal(stack.count, 2);
	assert_null(stack.frames[1].symbol);

	/* data is no code, either: the tables end where code does, a search in them does not */
	prepare(&machine, NEW);
	put_word(&machine, STACK + 8, MADE_VADDR(DATA) + 8);
	unwind(&machine, &start, false, &stack);
	assert_int_equal(stack.end.status, KD_NOTFOUND);

	/* frames that lead to each other */
	prepare(&machine, NEW);
	start.pc = code(WITH_BP, 4);
	start.bp = MADE_VADDR(STACK + 0x100);
	put_word(&machine, STACK + 0x100, MADE_VADDR(STACK + 0x80));
	put_word(&machine, STACK + 0x108, code(WITH_BP, 8));
	put_word(&machine, STACK + 0x80, MADE_VADDR(STACK + 0x100));
	put_word(&machine, STACK + 0x88, code(WITH_BP, 8));
	unwind(&machine, &start, false, &stack);
	assert_int_equal(stack.end.status, KD_CORRUPT);
	assert_true(stack.count < 4);

	/* no stack at all */
	prepare(&machine, NEW);
	start = (struct kd_unwind_start){.pc = code(LEAF, 0x10), .sp = 0x1000};
	unwind(&machine, &start, false, &stack);
	assert_int_equal(stack.end.status, KD_FAULT);
	assert_int_equal(stack.count, 1);

	/* a register that nobody saved */
	prepare(&machine, NEW);
	start = (struct kd_unwind_start){.pc = code(LAST, 0x10), .sp = MADE_VADDR(STACK)};
	unwind(&machine, &start, false, &stack);
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

	prepare(&machine, NEW);
	put_word(&machine, STACK, code(ROOT, 8));
	unwind(&machine, &start, false, &stack);
	assert_int_equal(stack.end.status, KD_OK);
	assert_pcs(&stack, null_pcs, 2);
	assert_true(stack.frames[1].reliable);

	prepare(&machine, NEW);
	put_word(&machine, STACK + 0x48, code(ROOT, 8));
	start.pc = MADE_VADDR(DATA);
	start.bp = MADE_VADDR(STACK + 0x40);
	unwind(&machine, &start, true, &stack);
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
