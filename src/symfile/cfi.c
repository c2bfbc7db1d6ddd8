/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How ORC becomes DWARF.
 *
 * Both tell, for each place in the code, where the caller's stack pointer ("CFA") is found, and from there the return
 * address and the base pointer. ORC's other registers are not tracked: they are said to be undefined, lest a
 * debugger show the callee's values as the caller's.
 *
 * What differs from kind to kind of frame is in its CIE, the code's own FDEs only follow the CFA and the base pointer:
 *
 *     call      return address below the CFA
 *     switch    the same; the CFA is on another stack, found through a word of this one or through a register
 *     regs      the CFA is where a struct pt_regs begins, which has all registers of what was interrupted
 *     partial   the CFA is where the CPU pushed rip, cs, rflags, rsp and ss; nothing else was changed yet
 *     end       the return address is undefined: there debuggers stop
 *
 * The middle three are signal frames ('S'). What an interrupt returns to is no return address, the instruction itself is
 * meant and not the one before; and only of signal frames do debuggers accept that the caller's stack lies
 * below the callee's, as it may where a stack was switched.
 */
#include "symfile/cfi.h"

#include <dwarf.h>

#include "inspect/unwind.h"

enum {
	VERSION = 4,
	WORD = 8,
	LENGTH_BYTES = 4,
	/* System V ABI for x86-64, figure 3.36 */
	RAX = 0,
	RDX = 1,
	RCX = 2,
	RBX = 3,
	RSI = 4,
	RDI = 5,
	RBP = 6,
	RSP = 7,
	R10 = 10,
	R13 = 13,
	RETURN_ADDRESS = 16,
	RFLAGS = 49,
	CS = 51,
	SS = 52,
	/* a call: e8, and 32 bits of distance from where it returns to */
	CALL = 0xe8,
	CALL_BYTES = 5,
	SEARCH_BYTES = 4096,
};

/* Where a struct pt_regs has them, in words (arch/x86/include/asm/ptrace.h); from KD_PT_IP on the CPU's own. */
static const uint8_t saved[KD_PT_REGS] = {
	15,
	14,
	R13,
	12,
	RBP,
	RBX,
	11,
	R10,
	9,
	8,
	RAX,
	RCX,
	RDX,
	RSI,
	RDI,
	0,
	/* orig_ax */ RETURN_ADDRESS,
	CS,
	RFLAGS,
	RSP,
	SS,
};
enum { ORIG_AX = 15 };

static const uint8_t untracked[] = {RAX, RDX, RCX, RBX, RSI, RDI, 8, 9, R10, 11, 12, R13, 14, 15};

static const struct {
	enum kd_orc_register orc;
	int dwarf;
} bases[] = {
	{KD_ORC_SP, RSP},  {KD_ORC_BP, RBP},  {KD_ORC_SP_INDIRECT, RSP}, {KD_ORC_BP_INDIRECT, RBP},
	{KD_ORC_R10, R10}, {KD_ORC_R13, R13}, {KD_ORC_DI, RDI},          {KD_ORC_DX, RDX},
};

static int base_of(enum kd_orc_register orc)
{
	for (size_t i = 0; i < sizeof(bases) / sizeof(*bases); i++)
		if (bases[i].orc == orc)
			return bases[i].dwarf;
	return -1;
}

enum kd_frame_kind kd_frame_kind(const struct kd_orc *orc)
{
	if (orc->type == KD_ORC_TYPE_END)
		return KD_FRAME_END;
	if (base_of(orc->sp_register) < 0)
		return KD_FRAME_NONE;
	switch (orc->type) {
	case KD_ORC_TYPE_CALL:
		return orc->sp_register == KD_ORC_SP || orc->sp_register == KD_ORC_BP
			       ? KD_FRAME_CALL
			       : KD_FRAME_SWITCH;
	case KD_ORC_TYPE_REGS:
		return KD_FRAME_REGS;
	case KD_ORC_TYPE_PARTIAL:
		return KD_FRAME_PARTIAL;
	default:
		return KD_FRAME_NONE;
	}
}

/* A register's own place: that many words above the CFA. */
static void put_saved(struct kd_buffer *bytes, unsigned int reg, int words)
{
	kd_put_u8(bytes, DW_CFA_offset_extended_sf);
	kd_put_uleb(bytes, reg);
	kd_put_sleb(bytes, -words); /* in units of the data alignment, which is downwards */
}

static void put_untracked(struct kd_buffer *bytes, uint8_t rule)
{
	for (size_t i = 0; i < sizeof(untracked); i++) {
		kd_put_u8(bytes, rule);
		kd_put_uleb(bytes, untracked[i]);
	}
}

static void put_rules(struct kd_buffer *bytes, enum kd_frame_kind kind)
{
	kd_put_u8(bytes, DW_CFA_def_cfa);
	kd_put_uleb(bytes, RSP);
	kd_put_uleb(bytes, kind == KD_FRAME_CALL || kind == KD_FRAME_END ? WORD : 0);
	if (kind == KD_FRAME_REGS || kind == KD_FRAME_PARTIAL) {
		int first = kind == KD_FRAME_PARTIAL ? KD_PT_IP : 0;

		for (int i = first; i < KD_PT_REGS; i++)
			if (i != ORIG_AX)
				put_saved(bytes, saved[i], i - first);
		if (kind == KD_FRAME_PARTIAL)
			put_untracked(bytes, DW_CFA_same_value);
		return;
	}
	if (kind == KD_FRAME_END) {
		kd_put_u8(bytes, DW_CFA_undefined);
		kd_put_uleb(bytes, RETURN_ADDRESS);
	} else {
		put_saved(bytes, RETURN_ADDRESS, -1);
	}
	put_untracked(bytes, DW_CFA_undefined);
}

/* Ends a CIE or FDE that was begun with room for its length; padded, DW_CFA_nop is 0. */
static void finish(struct kd_buffer *bytes, size_t begun)
{
	kd_put_padding(bytes, begun + LENGTH_BYTES, WORD);
	kd_buffer_patch(bytes, begun, bytes->bytes - begun - LENGTH_BYTES, LENGTH_BYTES);
}

void kd_cfi_init(struct kd_cfi *cfi)
{
	struct kd_buffer *bytes = &cfi->bytes;

	*cfi = (struct kd_cfi){.begun = 0};
	for (enum kd_frame_kind kind = KD_FRAME_END; kind < KD_FRAME_KINDS; kind++) {
		bool is_signal = kind >= KD_FRAME_SWITCH;

		cfi->places[kind] = bytes->bytes;
		kd_put_number(bytes, 0, LENGTH_BYTES);
		kd_put_number(bytes, UINT32_MAX, 4); /* no FDE */
		kd_put_u8(bytes, VERSION);
		kd_put_text(bytes, is_signal ? "S" : "");
		kd_put_u8(bytes, WORD); /* an address */
		kd_put_u8(bytes, 0);    /* a segment */
		kd_put_uleb(bytes, 1);
		kd_put_sleb(bytes, -WORD);
		kd_put_uleb(bytes, RETURN_ADDRESS);
		put_rules(bytes, kind);
		finish(bytes, cfi->places[kind]);
	}
}

void kd_cfi_deinit(struct kd_cfi *cfi)
{
	kd_buffer_deinit(&cfi->bytes);
}

void kd_cfi_begin(struct kd_cfi *cfi, enum kd_frame_kind kind, uint64_t start)
{
	cfi->begun = cfi->bytes.bytes;
	cfi->start = cfi->at = start;
	cfi->cfa_register = -1;
	cfi->bp_register = KD_ORC_UNDEFINED;
	cfi->bp_offset = 0;
	kd_put_number(&cfi->bytes, 0, LENGTH_BYTES);
	kd_put_number(&cfi->bytes, cfi->places[kind], 4);
	kd_put_number(&cfi->bytes, start, WORD);
	kd_put_number(&cfi->bytes, 0, WORD); /* how much code */
}

void kd_cfi_end(struct kd_cfi *cfi, uint64_t end)
{
	kd_buffer_patch(&cfi->bytes, cfi->begun + LENGTH_BYTES + 4 + WORD, end - cfi->start, WORD);
	finish(&cfi->bytes, cfi->begun);
}

static void advance(struct kd_cfi *cfi, uint64_t pc)
{
	uint64_t distance = pc - cfi->at;

	cfi->at = pc;
	if (!distance)
		return;
	if (distance < DW_CFA_advance_loc) {
		kd_put_u8(&cfi->bytes, (uint8_t)(DW_CFA_advance_loc | distance));
	} else if (distance <= UINT16_MAX) {
		kd_put_u8(&cfi->bytes, DW_CFA_advance_loc2);
		kd_put_number(&cfi->bytes, distance, 2);
	} else {
		kd_put_u8(&cfi->bytes, DW_CFA_advance_loc4);
		kd_put_number(&cfi->bytes, distance, 4);
	}
}

static size_t begin_expression(struct kd_buffer *bytes)
{
	kd_put_u8(bytes, 0); /* its length: less than 128 bytes */
	return bytes->bytes;
}

static void end_expression(struct kd_buffer *bytes, size_t begun)
{
	kd_buffer_patch(bytes, begun - 1, bytes->bytes - begun, 1);
}

static void put_base(struct kd_buffer *bytes, int reg, int64_t offset)
{
	kd_put_u8(bytes, (uint8_t)(DW_OP_breg0 + reg));
	kd_put_sleb(bytes, offset);
}

static void put_cfa(struct kd_cfi *cfi, const struct kd_orc *orc)
{
	struct kd_buffer *bytes = &cfi->bytes;
	int reg = base_of(orc->sp_register), before = cfi->cfa_register;
	bool direct = orc->sp_register == KD_ORC_SP || orc->sp_register == KD_ORC_BP;
	bool indirect =
		orc->sp_register == KD_ORC_SP_INDIRECT || orc->sp_register == KD_ORC_BP_INDIRECT;
	/* other registers hold the CFA itself */
	int16_t offset = direct || indirect ? orc->sp_offset : 0;
	size_t begun;

	cfi->cfa_register = indirect || offset < 0 ? -1 : reg;
	if (cfi->cfa_register >= 0) {
		kd_put_u8(bytes, reg == before ? DW_CFA_def_cfa_offset : DW_CFA_def_cfa);
		if (reg != before)
			kd_put_uleb(bytes, (uint64_t)reg);
		kd_put_uleb(bytes, (uint64_t)offset);
		return;
	}
	kd_put_u8(bytes, DW_CFA_def_cfa_expression);
	begun = begin_expression(bytes);
	if (orc->sp_register == KD_ORC_SP_INDIRECT) {
		put_base(bytes, reg, 0);
		kd_put_u8(bytes, DW_OP_deref);
		kd_put_u8(bytes, DW_OP_consts);
		kd_put_sleb(bytes, offset);
		kd_put_u8(bytes, DW_OP_plus);
	} else {
		put_base(bytes, reg, offset);
		if (indirect)
			kd_put_u8(bytes, DW_OP_deref);
	}
	end_expression(bytes, begun);
}

static void put_bp(struct kd_cfi *cfi, const struct kd_orc *orc)
{
	struct kd_buffer *bytes = &cfi->bytes;
	size_t begun;

	if (orc->bp_register == cfi->bp_register && orc->bp_offset == cfi->bp_offset)
		return;
	cfi->bp_register = orc->bp_register;
	cfi->bp_offset = orc->bp_offset;
	if (orc->bp_register == KD_ORC_PREVIOUS_SP && orc->bp_offset % WORD == 0) {
		put_saved(bytes, RBP, orc->bp_offset / WORD);
	} else if (orc->bp_register == KD_ORC_PREVIOUS_SP || orc->bp_register == KD_ORC_BP) {
		kd_put_u8(bytes, DW_CFA_expression);
		kd_put_uleb(bytes, RBP);
		begun = begin_expression(bytes); /* on its stack is the CFA */
		if (orc->bp_register == KD_ORC_BP) {
			put_base(bytes, RBP, orc->bp_offset);
		} else {
			kd_put_u8(bytes, DW_OP_consts);
			kd_put_sleb(bytes, orc->bp_offset);
			kd_put_u8(bytes, DW_OP_plus);
		}
		end_expression(bytes, begun);
	} else {
		kd_put_u8(bytes, DW_CFA_restore | RBP); /* as the CIE has it */
	}
}

void kd_cfi_row(struct kd_cfi *cfi, uint64_t pc, const struct kd_orc *orc)
{
	advance(cfi, pc);
	if (orc->type == KD_ORC_TYPE_END)
		return;
	put_cfa(cfi, orc);
	put_bp(cfi, orc);
}

/* A jump to a place that is not known yet: returns what place_jump() takes. */
static size_t put_jump(struct kd_buffer *bytes, uint8_t operation)
{
	kd_put_u8(bytes, operation);
	kd_put_number(bytes, 0, 2);
	return bytes->bytes;
}

static void place_jump(struct kd_buffer *bytes, size_t jump, size_t target)
{
	kd_buffer_patch(bytes, jump - 2, target - jump, 2);
}

static void put_operations(struct kd_buffer *bytes, const uint8_t *operations, size_t count)
{
	kd_put(bytes, operations, count);
}
#define OPERATIONS(bytes, ...)                                                                     \
	put_operations(bytes, (const uint8_t[]){__VA_ARGS__},                                      \
		       sizeof((const uint8_t[]){__VA_ARGS__}))

static void put_constant(struct kd_buffer *bytes, uint8_t operation, uint64_t value,
			 size_t value_bytes)
{
	kd_put_u8(bytes, operation);
	kd_put_number(bytes, value, value_bytes);
}

/* Whether the word on top is an address of these. Numbers are compared with their sign, so a range takes two. */
static void put_within(struct kd_buffer *bytes, uint64_t start, uint64_t size)
{
	put_constant(bytes, DW_OP_const8u, start, 8);
	OPERATIONS(bytes, DW_OP_minus, DW_OP_dup, DW_OP_lit0, DW_OP_ge, DW_OP_swap);
	put_constant(bytes, DW_OP_const8u, size, 8);
	OPERATIONS(bytes, DW_OP_lt, DW_OP_and);
}

/*
 * The loop of inspect/unwind.c (find_call()), as an expression whose value is the CFA. Behind each line what is on its
 * stack: `at` is a place on the stack, `word` what is there.
 */
static void put_search(struct kd_buffer *bytes, uint64_t function, uint64_t code,
		       uint64_t code_bytes)
{
	size_t loop, not_code, no_call, is_code, found, again, done;

	put_base(bytes, RSP, 0);
	loop = bytes->bytes;
	OPERATIONS(bytes, DW_OP_dup, DW_OP_deref, DW_OP_dup);          /* at word word */
	put_within(bytes, code + CALL_BYTES, code_bytes - CALL_BYTES); /* at word is_code */
	is_code = put_jump(bytes, DW_OP_bra);
	OPERATIONS(bytes, DW_OP_drop);
	not_code = put_jump(bytes, DW_OP_skip);
	place_jump(bytes, is_code, bytes->bytes);
	/* the call's first byte */
	OPERATIONS(bytes, DW_OP_dup, DW_OP_lit0 + CALL_BYTES, DW_OP_minus, DW_OP_deref_size, 1);
	put_constant(bytes, DW_OP_const1u, CALL, 1);
	OPERATIONS(bytes, DW_OP_eq, DW_OP_swap); /* at is_call word */
	/* the distance has no sign when it was read, and only 32 bits are compared */
	OPERATIONS(bytes, DW_OP_dup, DW_OP_lit4, DW_OP_minus, DW_OP_deref_size, 4, DW_OP_plus);
	put_constant(bytes, DW_OP_const8u, function, 8);
	OPERATIONS(bytes, DW_OP_minus);
	put_constant(bytes, DW_OP_const4u, UINT32_MAX, 4);
	OPERATIONS(bytes, DW_OP_and, DW_OP_lit0, DW_OP_eq, DW_OP_and); /* at is_it */
	found = put_jump(bytes, DW_OP_bra);
	no_call = bytes->bytes;
	place_jump(bytes, not_code, no_call);
	OPERATIONS(bytes, DW_OP_plus_uconst, WORD, DW_OP_dup);
	put_base(bytes, RSP, 0);
	OPERATIONS(bytes, DW_OP_minus);
	put_constant(bytes, DW_OP_const2u, SEARCH_BYTES, 2);
	OPERATIONS(bytes, DW_OP_lt);
	again = put_jump(bytes, DW_OP_bra);
	place_jump(bytes, again, loop);
	/* nowhere: no address, where reading fails */
	OPERATIONS(bytes, DW_OP_drop, DW_OP_lit0);
	done = put_jump(bytes, DW_OP_skip);
	place_jump(bytes, found, bytes->bytes);
	OPERATIONS(bytes, DW_OP_plus_uconst, WORD);
	place_jump(bytes, done, bytes->bytes);
}

/* find_thunk_call() of inspect/unwind.c, as an expression whose value is the CFA. */
static void put_thunk(struct kd_buffer *bytes, uint64_t thunk, uint64_t thunk_bytes)
{
	put_base(bytes, RSP, WORD);
	put_base(bytes, RSP, 0);
	OPERATIONS(bytes, DW_OP_deref);
	put_within(bytes, thunk, thunk_bytes); /* cfa is_own */
	OPERATIONS(bytes, DW_OP_lit0 + WORD, DW_OP_mul, DW_OP_plus);
}

void kd_cfi_thunk(struct kd_cfi *cfi, uint64_t start, uint64_t end, uint64_t thunk,
		  uint64_t thunk_bytes)
{
	size_t begun;

	kd_cfi_begin(cfi, KD_FRAME_CALL, start);
	kd_put_u8(&cfi->bytes, DW_CFA_def_cfa_expression);
	begun = begin_expression(&cfi->bytes);
	put_thunk(&cfi->bytes, thunk, thunk_bytes);
	end_expression(&cfi->bytes, begun);
	kd_cfi_end(cfi, end);
}

void kd_cfi_search(struct kd_cfi *cfi, uint64_t start, uint64_t end, uint64_t code,
		   uint64_t code_bytes)
{
	size_t begun;

	kd_cfi_begin(cfi, KD_FRAME_CALL, start);
	kd_put_u8(&cfi->bytes, DW_CFA_def_cfa_expression);
	begun = begin_expression(&cfi->bytes);
	put_search(&cfi->bytes, start, code, code_bytes);
	end_expression(&cfi->bytes, begun);
	kd_cfi_end(cfi, end);
}
