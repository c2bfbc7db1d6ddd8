/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel's own unwind tables (Documentation/x86/orc-unwinder.rst, arch/x86/include/asm/orc_types.h): for each
 * place in its code how to find the caller's stack pointer, base pointer and return address.
 */
#ifndef KD_INSPECT_ORC_H
#define KD_INSPECT_ORC_H

#include <stdbool.h>

#include "inspect/fields.h"

enum kd_orc_register {
	KD_ORC_UNDEFINED,
	KD_ORC_PREVIOUS_SP,
	KD_ORC_DX,
	KD_ORC_DI,
	KD_ORC_BP,
	KD_ORC_SP,
	KD_ORC_R10,
	KD_ORC_R13,
	KD_ORC_BP_INDIRECT,
	KD_ORC_SP_INDIRECT,
};

enum kd_orc_type {
	KD_ORC_TYPE_UNDEFINED, /* nothing is known of the place */
	KD_ORC_TYPE_END,       /* of the stack: nobody called this */
	KD_ORC_TYPE_CALL,      /* the return address is on top of the frame */
	KD_ORC_TYPE_REGS,      /* a struct pt_regs is */
	KD_ORC_TYPE_PARTIAL,   /* what the CPU itself pushes for an interrupt is */
};

struct kd_orc {
	int16_t sp_offset, bp_offset;
	enum kd_orc_register sp_register, bp_register;
	enum kd_orc_type type;
};

/* What has to be known once. */
struct kd_orc_tables {
	struct kd_system *system;
	uint64_t ip_vaddr, vaddr; /* the kernel's own tables */
	uint32_t count;
	/* struct orc_entry differs: it has `end` up to 6.3, and then its types are others (fb799447ae29) */
	struct kd_field sp_offset, bp_offset, sp_register, bp_register, type, end;
	uint64_t entry_bytes;
	bool has_end;
};

/* KD_NOTFOUND for a kernel that unwinds in another way. */
enum kd_status kd_orc_init(struct kd_orc_tables *tables, struct kd_system *system,
			   struct kd_err *err);
/* What the tables say of an address; KD_NOTFOUND when it is no code that they know. */
enum kd_status kd_orc_find(struct kd_orc_tables *tables, uint64_t pc, struct kd_orc *orc,
			   struct kd_err *err);

#endif
