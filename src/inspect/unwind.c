/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Steps from frame to frame of an x86_64 stack, as unwind_next_frame() of arch/x86/kernel/unwind_orc.c does it in the
 * living kernel.
 *
 * The state is pc, sp, bp and, right after an interrupt's frame, the registers that it saved: stacks are switched by
 * code that keeps the old stack pointer in some register, and then only those tell it. A stack may be left for another
 * one (task, interrupt, exception, NMI), but on one stack sp only rises; a dump may hold anything, and this ends loops.
 */
#include "inspect/unwind.h"

#include <string.h>

#include "inspect/returns.h"

enum {
	WORD = 8,
	SWITCHES_MOST = 16,
	USER_CS = 3, /* the privilege level in cs */
	CALL = 0xe8,
	CALL_BYTES = 5,
	FRAME_BYTES_MOST = 4096,
};

#define THUNKS "__x86_indirect_"

struct state {
	struct kd_orc_tables *tables;
	struct kd_stack *stack;
	uint64_t pc, sp, bp, task;
	bool interrupted, reliable;
	uint64_t registers_vaddr; /* that pc is from */
	/* All registers at the frame, and those of the frame before, for an interrupt within an interrupt's entry. */
	bool has_registers, has_previous, partial;
	uint64_t registers[KD_PT_REGS], previous[KD_PT_REGS];
	unsigned int switches;
};

static enum kd_status read_word(struct state *state, uint64_t vaddr, uint64_t *value)
{
	return kd_read_u64(state->tables->system, vaddr, value, &state->stack->end);
}

static bool get_register(const struct state *state, enum kd_pt_regs reg, uint64_t *value)
{
	if (state->has_registers && !state->partial)
		*value = state->registers[reg];
	else if (state->partial && state->has_previous)
		*value = state->previous[reg];
	else
		return false;
	return true;
}

/* The stack pointer that the caller had. */
static enum kd_status find_cfa(struct state *state, const struct kd_orc *orc, uint64_t *cfa)
{
	static const struct {
		enum kd_orc_register orc;
		enum kd_pt_regs reg;
		const char *name;
	} saved[] = {
		{KD_ORC_R10, KD_PT_R10, "r10"},
		{KD_ORC_R13, KD_PT_R13, "r13"},
		{KD_ORC_DI, KD_PT_DI, "rdi"},
		{KD_ORC_DX, KD_PT_DX, "rdx"},
	};
	uint64_t offset = (uint64_t)(int64_t)orc->sp_offset;
	enum kd_status status;

	switch (orc->sp_register) {
	case KD_ORC_SP:
		*cfa = state->sp + offset;
		return KD_OK;
	case KD_ORC_BP:
		*cfa = state->bp + offset;
		return KD_OK;
	case KD_ORC_SP_INDIRECT:
		status = read_word(state, state->sp, cfa);
		*cfa += offset;
		return status;
	case KD_ORC_BP_INDIRECT:
		return read_word(state, state->bp + offset, cfa);
	default:
		break;
	}
	for (size_t i = 0; i < sizeof(saved) / sizeof(*saved); i++)
		if (saved[i].orc == orc->sp_register)
			return get_register(state, saved[i].reg, cfa)
				       ? KD_OK
				       : kd_fail(&state->stack->end, KD_NOTFOUND,
						 "%s is not known at 0x%llx", saved[i].name,
						 (unsigned long long)state->pc);
	return kd_fail(&state->stack->end, KD_CORRUPT, "unwind tables: register %d at 0x%llx",
		       orc->sp_register, (unsigned long long)state->pc);
}

static enum kd_status find_bp(struct state *state, const struct kd_orc *orc, uint64_t cfa,
			      const struct state *before)
{
	uint64_t offset = (uint64_t)(int64_t)orc->bp_offset;

	switch (orc->bp_register) {
	case KD_ORC_UNDEFINED:
		get_register(state, KD_PT_BP, &state->bp);
		return KD_OK;
	case KD_ORC_PREVIOUS_SP:
		return read_word(state, cfa + offset, &state->bp);
	case KD_ORC_BP:
		return read_word(state, before->bp + offset, &state->bp);
	default:
		return kd_fail(&state->stack->end, KD_CORRUPT,
			       "unwind tables: base register %d at 0x%llx", orc->bp_register,
			       (unsigned long long)before->pc);
	}
}

/* The caller of a function: its return address is the word below the frame. */
static enum kd_status return_from_call(struct state *state, uint64_t cfa)
{
	enum kd_status status = read_word(state, cfa - WORD, &state->pc);

	if (!status)
		kd_return_restore(state->tables->system, state->task, cfa - WORD, &state->pc);
	state->sp = cfa;
	state->has_registers = state->has_previous = state->partial = false;
	state->registers_vaddr = 0;
	state->interrupted = false;
	return status;
}

/* What was interrupted: all registers are on the stack, or (`partial`) those that the CPU pushes. */
static enum kd_status return_from_interrupt(struct state *state, uint64_t cfa, bool partial)
{
	uint64_t first = cfa - (partial ? KD_PT_IP * WORD : 0);
	size_t from = partial ? KD_PT_IP : 0;
	enum kd_status status;

	if (partial && state->has_registers && !state->partial) {
		memcpy(state->previous, state->registers, sizeof(state->previous));
		state->has_previous = true;
	} else if (!partial) {
		state->has_previous = false;
	}
	status = kd_system_read(state->tables->system, first + from * WORD, state->registers + from,
				(KD_PT_REGS - from) * WORD, &state->stack->end);
	if (status)
		return status;
	state->has_registers = true;
	state->partial = partial;
	state->registers_vaddr = first;
	state->pc = state->registers[KD_PT_IP];
	state->sp = state->registers[KD_PT_SP];
	state->interrupted = true;
	return KD_OK;
}

/* On one stack sp only rises; it may fall where a stack is left for another one, and that is not often. */
static enum kd_status check_direction(struct state *state, const struct kd_orc *orc,
				      const struct state *before)
{
	bool may_switch = orc->type != KD_ORC_TYPE_CALL ||
			  (orc->sp_register != KD_ORC_SP && orc->sp_register != KD_ORC_BP);

	if (state->sp > before->sp)
		return KD_OK;
	if (may_switch && ++state->switches <= SWITCHES_MOST)
		return KD_OK;
	return kd_fail(&state->stack->end, KD_CORRUPT,
		       "the stack goes in the wrong direction at 0x%llx",
		       (unsigned long long)before->pc);
}

static enum kd_status step(struct state *state, const struct kd_orc *orc)
{
	const struct state before = *state;
	uint64_t cfa = 0;
	enum kd_status status = find_cfa(state, orc, &cfa);

	if (status)
		return status;
	switch (orc->type) {
	case KD_ORC_TYPE_CALL:
		status = return_from_call(state, cfa);
		break;
	case KD_ORC_TYPE_REGS:
	case KD_ORC_TYPE_PARTIAL:
		status = return_from_interrupt(state, cfa, orc->type == KD_ORC_TYPE_PARTIAL);
		break;
	default:
		status = kd_fail(&state->stack->end, KD_NOTFOUND,
				 "unwind tables say nothing of 0x%llx",
				 (unsigned long long)state->pc);
	}
	if (!status)
		status = find_bp(state, orc, cfa, &before);
	return status ? status : check_direction(state, orc, &before);
}

/* Whether the instruction before a return address is a call of that function: e8, and 32 bits of distance. */
static bool returns_from(struct state *state, uint64_t pc, uint64_t function)
{
	struct kd_system *system = state->tables->system;
	uint8_t call[CALL_BYTES];
	int32_t distance;

	if (!kd_symbols_at(kd_system_symbols(system), pc) ||
	    kd_system_read(system, pc - CALL_BYTES, call, sizeof(call), NULL) || call[0] != CALL)
		return false;
	memcpy(&distance, call + 1, sizeof(distance));
	return pc + (uint64_t)(int64_t)distance == function;
}

/*
 * Some functions have no entries, by intention: __crash_kexec() above all, in which every panic ends
 * (STACK_FRAME_NON_STANDARD in kernel/kexec_core.c). Their return address is the first word on the
 * stack behind a call of this very function. The base pointer is taken as unchanged: who called restores its own.
 */
static enum kd_status find_call(struct state *state, struct kd_orc *orc)
{
	const struct kd_symbol *symbol = kd_symbols_at(kd_system_symbols(state->tables->system),
						       state->pc - !state->interrupted);
	uint64_t word;

	for (uint64_t at = state->sp; symbol && at < state->sp + FRAME_BYTES_MOST; at += WORD) {
		if (kd_read_u64(state->tables->system, at, &word, NULL))
			break;
		if (!returns_from(state, word, symbol->vaddr))
			continue;
		*orc = (struct kd_orc){
			.sp_offset = (int16_t)(at + WORD - state->sp),
			.sp_register = KD_ORC_SP,
			.bp_register = KD_ORC_UNDEFINED,
			.type = KD_ORC_TYPE_CALL,
		};
		return KD_OK;
	}
	return kd_fail(&state->stack->end, KD_NOTFOUND, "no unwind information for 0x%llx",
		       (unsigned long long)state->pc);
}

bool kd_is_indirect_thunk(const char *function)
{
	return !strncmp(function, THUNKS, sizeof(THUNKS) - 1);
}

/*
 * A thunk for an indirect jump (arch/x86/lib/retpoline.S) begins with a call of its own, which puts the jump's target on the
 * stack; up to where that is done the tables say that nobody called it. The return address is the word on
 * top of the stack, or behind the one that the thunk's own call left.
 */
static bool find_thunk_call(struct state *state, struct kd_orc *orc)
{
	const struct kd_symbols *symbols = kd_system_symbols(state->tables->system);
	const struct kd_symbol *thunk = kd_symbols_at(symbols, state->pc - !state->interrupted);
	uint64_t word;

	if (!thunk || !kd_is_indirect_thunk(kd_symbol_name(symbols, thunk)) ||
	    kd_read_u64(state->tables->system, state->sp, &word, NULL))
		return false;
	*orc = (struct kd_orc){
		.sp_offset = kd_symbols_at(symbols, word) == thunk ? 2 * WORD : WORD,
		.sp_register = KD_ORC_SP,
		.bp_register = KD_ORC_UNDEFINED,
		.type = KD_ORC_TYPE_CALL,
	};
	return true;
}

/* Finds out by other means what the tables leave out. */
static enum kd_status fill_gap(struct state *state, struct kd_orc *orc)
{
	if (orc->type != KD_ORC_TYPE_UNDEFINED && orc->type != KD_ORC_TYPE_END)
		return KD_OK;
	if (find_thunk_call(state, orc) || orc->type == KD_ORC_TYPE_END)
		return KD_OK;
	return find_call(state, orc);
}

static bool is_user(const struct state *state)
{
	return state->has_registers && (state->registers[KD_PT_CS] & USER_CS) == USER_CS;
}

static bool add_frame(struct state *state)
{
	struct kd_stack *stack = state->stack;
	const struct kd_symbols *symbols = kd_system_symbols(state->tables->system);
	struct kd_frame *frame = &stack->frames[stack->count];

	if (stack->count == KD_FRAMES_MOST) {
		kd_fail(&stack->end, KD_CORRUPT, "more than %d frames", KD_FRAMES_MOST);
		return false;
	}
	stack->count++;
	*frame = (struct kd_frame){
		.pc = state->pc,
		.sp = state->sp,
		/* a call may be the last instruction of its function */
		.symbol = kd_symbols_at(symbols, state->pc - !state->interrupted),
		.registers_vaddr = state->registers_vaddr,
		.interrupted = state->interrupted,
		.reliable = state->reliable,
	};
	frame->offset = frame->symbol ? state->pc - frame->symbol->vaddr : 0;
	return true;
}

void kd_unwind(struct kd_orc_tables *tables, const struct kd_unwind_start *start, bool guess,
	       struct kd_stack *stack)
{
	/* code that uses frame pointers: push %rbp; mov %rsp,%rbp (orc_fp_entry) */
	static const struct kd_orc frame_pointer = {
		.sp_offset = 16,
		.bp_offset = -16,
		.sp_register = KD_ORC_BP,
		.bp_register = KD_ORC_PREVIOUS_SP,
		.type = KD_ORC_TYPE_CALL,
	};
	struct state state = {
		.tables = tables,
		.stack = stack,
		.pc = start->pc,
		.sp = start->sp,
		.bp = start->bp,
		.task = start->task,
		.interrupted = start->interrupted,
		.has_registers = start->has_registers,
		.reliable = true,
	};

	stack->count = 0;
	stack->user = false;
	stack->user_registers_vaddr = 0;
	stack->end = (struct kd_err){KD_OK, ""};
	memcpy(state.registers, start->registers, sizeof(state.registers));
	for (;;) {
		struct kd_orc orc;
		enum kd_status status;

		if (is_user(&state)) {
			stack->user = true;
			stack->user_registers_vaddr = state.registers_vaddr;
			return;
		}
		if (!add_frame(&state))
			return;
		status = kd_orc_find(tables, state.interrupted ? state.pc : state.pc - 1, &orc,
				     &stack->end);
		if (!status)
			status = fill_gap(&state, &orc);
		if (status == KD_NOTFOUND && guess) {
			stack->end = (struct kd_err){KD_OK, ""};
			state.reliable = false;
			orc = frame_pointer;
			status = KD_OK;
		}
		if (!status && orc.type == KD_ORC_TYPE_END)
			return;
		if (status || step(&state, &orc))
			return;
	}
}

uint64_t kd_frame_instruction(const struct kd_stack *stack, size_t index)
{
	const struct kd_frame *frame = &stack->frames[index];

	return frame->pc - !(frame->interrupted || !index);
}

bool kd_stack_same(const struct kd_stack *left, const struct kd_stack *right)
{
	if (left->count != right->count || left->user != right->user ||
	    left->end.status != right->end.status)
		return false;
	for (size_t i = 0; i < left->count; i++)
		if (left->frames[i].pc != right->frames[i].pc)
			return false;
	return true;
}
