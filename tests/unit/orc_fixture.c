/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "orc_fixture.h"

#include "test.h"

/* Of tasks that wait for mutexes: what they are, as far as it is asked for. */
static void make_lock_types(struct blob *blob)
{
	blob_type(blob, KD_BTF_INT, "unsigned long", 0, false, 8);
	blob_word(blob, 64);
	blob_type(blob, KD_BTF_STRUCT, "list_head", 2, false, 16);
	blob_member(blob, "next", LONG, 0);
	blob_member(blob, "prev", LONG, 64);
	blob_type(blob, KD_BTF_STRUCT, "atomic64_t", 1, false, 8);
	blob_member(blob, "counter", LONG, 0);
	blob_type(blob, KD_BTF_STRUCT, "mutex", 2, false, 24);
	blob_member(blob, "owner", COUNTER, 0);
	blob_member(blob, "wait_list", LIST, 64);
	blob_type(blob, KD_BTF_STRUCT, "mutex_waiter", 2, false, 24);
	blob_member(blob, "list", LIST, 0);
	blob_member(blob, "task", LONG, 128);
	blob_type(blob, KD_BTF_STRUCT, "thread_struct", 1, false, 8);
	blob_member(blob, "sp", LONG, 0);
	blob_type(blob, KD_BTF_STRUCT, "task_struct", 3, false, 24);
	blob_member(blob, "thread", THREAD, 0);
	blob_member(blob, "ret_stack", LONG, 64);
	blob_member(blob, "kretprobe_instances", NODE, 128);
	blob_type(blob, KD_BTF_STRUCT, "inactive_task_frame", 2, false, 16);
	blob_member(blob, "bp", LONG, 0);
	blob_member(blob, "ret_addr", LONG, 64);
	blob_type(blob, KD_BTF_STRUCT, "llist_head", 1, false, 8); /* NODE */
	blob_member(blob, "first", LONG, 0);
}

/* Of what tracing has replaced. */
static void make_trace_types(struct blob *blob)
{
	blob_type(blob, KD_BTF_STRUCT, "kretprobe_instance", 3, false, 24);
	blob_member(blob, "llist", NODE, 0);
	blob_member(blob, "ret_addr", LONG, 64);
	blob_member(blob, "fp", LONG, 128);
	blob_type(blob, KD_BTF_STRUCT, "ftrace_ret_stack", 2, false, 16);
	blob_member(blob, "ret", LONG, 0);
	blob_member(blob, "retp", LONG, 64);
	blob_type(blob, KD_BTF_STRUCT, "ftrace_ops", 4, false, 32);
	blob_member(blob, "next", LONG, 0);
	blob_member(blob, "flags", LONG, 64);
	blob_member(blob, "trampoline", LONG, 128);
	blob_member(blob, "trampoline_size", LONG, 192);
}

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
	make_lock_types(blob);
	make_trace_types(blob);
	blob_finish(blob);
}

/* What unwinding a function takes. */
struct entry {
	int16_t sp_offset, bp_offset;
	unsigned int sp, bp;
	enum kd_orc_type type;
};
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
	[LOCK] = {64, 0, KD_ORC_SP, KD_ORC_UNDEFINED, KD_ORC_TYPE_CALL},
	[PARTIAL] = {0, 0, KD_ORC_SP, KD_ORC_UNDEFINED, KD_ORC_TYPE_PARTIAL},
	[FTRACE_REGS] = {32, 0, KD_ORC_SP, KD_ORC_UNDEFINED, KD_ORC_TYPE_CALL},
	[GRAPH] = {0, 0, KD_ORC_UNDEFINED, KD_ORC_UNDEFINED, KD_ORC_TYPE_UNDEFINED},
	[PROBE] = {0, 0, KD_ORC_UNDEFINED, KD_ORC_UNDEFINED, KD_ORC_TYPE_UNDEFINED},
};

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

void orc_machine_init(struct machine *machine, enum orc_format format)
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
		{"t__mutex_lock", CODE - MADE_RAM + 0x800, false},
		{"tpartial", CODE - MADE_RAM + 0x900, false},
		{"Tftrace_regs_caller", CODE - MADE_RAM + 0xa00, false},
		{"Treturn_to_handler", CODE - MADE_RAM + 0xb00, false},
		{"Tkretprobe_trampoline", CODE - MADE_RAM + 0xc00, false},
		{"dobject", DATA - MADE_RAM, false},
		{"Dftrace_ops_list", TRACERS - MADE_RAM, false},
		{"B_end", MADE_BYTES, false},
	};
	struct blob types;

	make_types(&types, format);
	made_kernel_init(&machine->fixture, symbols, sizeof(symbols) / sizeof(*symbols),
			 MADE_RELATIVE, &types);
	put_orc(&machine->fixture, format);
}

void orc_put_word(struct machine *machine, uint64_t paddr, uint64_t value)
{
	fixture_poke_number(&machine->fixture, paddr, value, 8);
}

void orc_unwind(struct machine *machine, const struct kd_unwind_start *start, bool guess,
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
