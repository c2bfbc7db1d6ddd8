/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * x86_64. Page tables: Intel SDM volume 3A, chapter 4.5; a table has 512 entries of 8 bytes, and an
 * entry of level 2 or 3 with the PS bit maps 2 MiB or 1 GiB itself. Registers: struct user_regs_struct,
 * arch/x86/include/asm/user_64.h.
 */
#include "arch/arch.h"

#include <stdbool.h>

enum { PAGE_SHIFT = 12, TABLE_BITS = 9, EM_X86_64 = 62 };

#define ENTRY_PRESENT UINT64_C(0x1)
#define ENTRY_LARGE   UINT64_C(0x80)
#define ENTRY_ADDRESS UINT64_C(0x000ffffffffff000)

static bool is_canonical(uint64_t vaddr, unsigned int levels)
{
	unsigned int bits = PAGE_SHIFT + TABLE_BITS * levels;
	int64_t shifted = (int64_t)(vaddr << (64 - bits)) >> (64 - bits);

	return (uint64_t)shifted == vaddr;
}

static enum kd_status translate(const struct kd_walk *walk, uint64_t vaddr, uint64_t *paddr,
				uint64_t *left_bytes, struct kd_err *err)
{
	uint64_t table = walk->root_paddr;

	if (!is_canonical(vaddr, walk->levels)) {
		*left_bytes = (UINT64_MAX << (PAGE_SHIFT + TABLE_BITS * walk->levels - 1)) - vaddr;
		return kd_fail(err, KD_FAULT, "0x%llx: not a canonical address",
			       (unsigned long long)vaddr);
	}
	for (unsigned int level = walk->levels; level; level--) {
		unsigned int shift = PAGE_SHIFT + TABLE_BITS * (level - 1);
		uint64_t index = vaddr >> shift & ((1u << TABLE_BITS) - 1);
		uint64_t entry, mask = (UINT64_C(1) << shift) - 1;
		enum kd_status status;

		status = walk->read(walk->opaque, table + index * 8, &entry, err);
		if (status)
			return kd_context(err, status, "page table of level %u", level);
		if (!(entry & ENTRY_PRESENT)) {
			*left_bytes = mask + 1 - (vaddr & mask);
			return kd_fail(err, KD_FAULT, "0x%llx: not mapped (level %u)",
				       (unsigned long long)vaddr, level);
		}
		entry &= ~walk->encryption_mask;
		table = entry & ENTRY_ADDRESS;
		if (level == 1 || (level <= 3 && entry & ENTRY_LARGE)) {
			/* bit 12 of a large entry is its PAT bit: the mask takes it away */
			*paddr = (table & ~mask) | (vaddr & mask);
			*left_bytes = mask + 1 - (vaddr & mask);
			return KD_OK;
		}
	}
	return kd_fail(err, KD_UNSUPPORTED, "page tables of no level");
}

#define REGISTER(name, index)                                                                      \
	{                                                                                          \
		name, (index)*8, 8                                                                 \
	}

static const struct kd_register registers[] = {
	REGISTER("r15", 0),       REGISTER("r14", 1),      REGISTER("r13", 2),
	REGISTER("r12", 3),       REGISTER("rbp", 4),      REGISTER("rbx", 5),
	REGISTER("r11", 6),       REGISTER("r10", 7),      REGISTER("r9", 8),
	REGISTER("r8", 9),        REGISTER("rax", 10),     REGISTER("rcx", 11),
	REGISTER("rdx", 12),      REGISTER("rsi", 13),     REGISTER("rdi", 14),
	REGISTER("orig_rax", 15), REGISTER("rip", 16),     REGISTER("cs", 17),
	REGISTER("eflags", 18),   REGISTER("rsp", 19),     REGISTER("ss", 20),
	REGISTER("fs_base", 21),  REGISTER("gs_base", 22), REGISTER("ds", 23),
	REGISTER("es", 24),       REGISTER("fs", 25),      REGISTER("gs", 26),
};

const struct kd_arch kd_arch_x86_64 = {
	.name = "x86_64",
	.elf_machine = EM_X86_64,
	.page_bytes = 1 << PAGE_SHIFT,
	.pointer_bytes = 8,
	.text_vaddr =
		0xffffffff80000000, /* __START_KERNEL_map, arch/x86/include/asm/page_64_types.h */
	.section_bits = {27},
	.memory_bits = {46, 52}, /* 52 with page tables of 5 levels (since 4.14, b83ce5ee9147) */
	.prstatus_bytes = 336,
	.prstatus_pid_offset = 32,
	.prstatus_registers_offset = 112,
	.registers = registers,
	.register_count = sizeof(registers) / sizeof(*registers),
	.program_counter = 16,
	.stack_pointer = 19,
	.translate = translate,
};
