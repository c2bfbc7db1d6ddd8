/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A writer of .debug_frame for x86_64 (DWARF 5, 6.4): what an entry of the kernel's unwind tables says, as call frame
 * information.
 */
#ifndef KD_SYMFILE_CFI_H
#define KD_SYMFILE_CFI_H

#include "symfile/buffer.h"
#include "inspect/orc.h"

/* What lies between a frame and its caller: each is a CIE. */
enum kd_frame_kind {
	KD_FRAME_NONE,    /* the tables say nothing */
	KD_FRAME_END,     /* nobody called it */
	KD_FRAME_CALL,    /* a return address */
	KD_FRAME_SWITCH,  /* a return address, on another stack */
	KD_FRAME_REGS,    /* a struct pt_regs */
	KD_FRAME_PARTIAL, /* what the CPU itself pushes for an interrupt */
	KD_FRAME_KINDS,
};

struct kd_cfi {
	struct kd_buffer bytes;
	size_t places[KD_FRAME_KINDS]; /* of the CIEs */
	/* the current FDE: where it is, its code, and the rules at its last row */
	size_t begun;
	uint64_t start, at;
	int cfa_register; /* -1: an expression */
	enum kd_orc_register bp_register;
	int16_t bp_offset;
};

enum kd_frame_kind kd_frame_kind(const struct kd_orc *orc);

/* Writes the CIEs. */
void kd_cfi_init(struct kd_cfi *cfi);
void kd_cfi_deinit(struct kd_cfi *cfi);

/* Code from `start` on, all of a kind but KD_FRAME_NONE: a row for each of its places, in order, and its end. */
void kd_cfi_begin(struct kd_cfi *cfi, enum kd_frame_kind kind, uint64_t start);
void kd_cfi_row(struct kd_cfi *cfi, uint64_t pc, const struct kd_orc *orc);
void kd_cfi_end(struct kd_cfi *cfi, uint64_t end);

/*
 * A function without unwind tables: its return address is the first word on the stack that leads into the code from `code`
 * on, right behind a call of this very function.
 */
void kd_cfi_search(struct kd_cfi *cfi, uint64_t start, uint64_t end, uint64_t code,
		   uint64_t code_bytes);

/*
 * Code of a thunk for indirect jumps (kd_is_indirect_thunk()), which begins at `thunk`: the return address is on top of the
 * stack, or behind an address within the thunk, which its own call left.
 */
void kd_cfi_thunk(struct kd_cfi *cfi, uint64_t start, uint64_t end, uint64_t thunk,
		  uint64_t thunk_bytes);

#endif
