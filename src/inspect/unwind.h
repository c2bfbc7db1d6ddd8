/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who called whom: the frames of a stack, from where a task or CPU stood to where its stack begins. Only what the
 * kernel's tables say is a frame; there is no guessing unless asked for, and guesses say what they are.
 */
#ifndef KD_INSPECT_UNWIND_H
#define KD_INSPECT_UNWIND_H

#include <stdbool.h>

#include "inspect/orc.h"

enum { KD_FRAMES_MOST = 512 };

/* struct pt_regs of x86_64 (arch/x86/include/asm/ptrace.h), in words; an NT_PRSTATUS begins like it. */
enum kd_pt_regs {
	KD_PT_R13 = 2,
	KD_PT_BP = 4,
	KD_PT_R10 = 7,
	KD_PT_DX = 12,
	KD_PT_DI = 14,
	KD_PT_IP = 16,
	KD_PT_CS = 17,
	KD_PT_FLAGS = 18,
	KD_PT_SP = 19,
	KD_PT_REGS = 21,
};

/* Where to begin. */
struct kd_unwind_start {
	uint64_t pc, sp, bp;
	uint64_t task; /* whose stack it is, its task_struct; 0: not known */
	/* as of an interrupt: pc is the next instruction, not behind a call */
	bool interrupted;
	bool has_registers; /* all of them are known */
	uint64_t registers[KD_PT_REGS];
};

struct kd_frame {
	uint64_t pc, sp;
	const struct kd_symbol *symbol; /* NULL: pc belongs to none */
	uint64_t offset;                /* of pc in it */
	uint64_t registers_vaddr; /* of the pt_regs that this frame's pc was found in; 0: none */
	bool interrupted;         /* pc did not return from a call */
	bool reliable;
};

struct kd_stack {
	struct kd_frame frames[KD_FRAMES_MOST]; /* innermost first */
	size_t count;
	bool user; /* ends where user space was left */
	/* its struct pt_regs there; 0: the CPU was in user space, and what it saved is of that */
	uint64_t user_registers_vaddr;
	struct kd_err end; /* why it is not whole; status KD_OK when it is */
};

/*
 * The instruction that a frame was at. A pc is where a call returns to: the call itself is before that, but for the
 * innermost frame and for what was interrupted.
 */
uint64_t kd_frame_instruction(const struct kd_stack *stack, size_t index);

/*
 * Whether a function of that name is a thunk for indirect jumps, at the beginning of which the kernel's tables say that
 * nobody called it.
 */
bool kd_is_indirect_thunk(const char *function);

/* Whether two stacks are of the same places all the way. */
bool kd_stack_same(const struct kd_stack *left, const struct kd_stack *right);

/*
 * Fills the stack: never an error in itself. With `guess`, code without tables is taken to use frame pointers, and
 * what follows is not reliable.
 */
void kd_unwind(struct kd_orc_tables *tables, const struct kd_unwind_start *start, bool guess,
	       struct kd_stack *stack);

#endif
