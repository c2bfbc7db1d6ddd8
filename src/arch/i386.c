/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * i386. Page tables: Intel SDM volume 3A, chapters 4.3 (two levels of 1024 entries of 4 bytes) and 4.4
 * (PAE: 4 entries, then two levels of 512 entries of 8 bytes); as Linux lays them out,
 * arch/x86/include/asm/pgtable_types.h of commit 009f77383651 and pgtable-3level_types.h of 00ed905ab8e5.
 * Registers: struct user_regs_struct, arch/x86/include/asm/user_32.h of 2555693dd85c.
 */
#include "arch/arch.h"

enum { PAGE_SHIFT = 12, EM_386 = 3, LEVELS = 2, LEVELS_PAE = 3 };

#define ENTRY_PRESENT UINT64_C(0x1)
#define ENTRY_LARGE   UINT64_C(0x80) /* of level 2: 4 MiB, or 2 MiB with PAE */
#define ENTRY_ADDRESS UINT64_C(0x000ffffffffff000)

/* An entry of 4 bytes is half of what walk->read() gives. */
static enum kd_status read_entry(const struct kd_walk *walk, uint64_t paddr, uint64_t *entry,
				 struct kd_err *err)
{
	uint64_t word;
	enum kd_status status;

	if (walk->levels == LEVELS_PAE)
		return walk->read(walk->opaque, paddr, entry, err);
	status = walk->read(walk->opaque, paddr & ~UINT64_C(7), &word, err);
	if (!status)
		*entry = paddr & 4 ? word >> 32 : word & UINT32_MAX;
	return status;
}

/* Where an entry of level 2 maps its large page. Bit 12 is the PAT bit in either form. */
static uint64_t large_page(const struct kd_walk *walk, uint64_t entry)
{
	if (walk->levels == LEVELS_PAE)
		return entry & ENTRY_ADDRESS & ~UINT64_C(0x1fffff);
	/* PSE-36: bits 13 to 20 are bits 32 to 39 of the address (SDM, table 4-4) */
	return (entry & UINT64_C(0xffc00000)) | (entry >> 13 & 0xff) << 32;
}

static enum kd_status translate(const struct kd_walk *walk, uint64_t vaddr, uint64_t *paddr,
				uint64_t *left_bytes, struct kd_err *err)
{
	const unsigned int table_bits = walk->levels == LEVELS_PAE ? 9 : 10;
	const unsigned int entry_bytes = walk->levels == LEVELS_PAE ? 8 : 4;
	uint64_t table = walk->root_paddr;

	if (walk->levels != LEVELS && walk->levels != LEVELS_PAE)
		return kd_fail(err, KD_UNSUPPORTED, "page tables of %u levels on i386",
			       walk->levels);
	if (vaddr > UINT32_MAX)
		return kd_fail(err, KD_FAULT, "0x%llx: not an address of 32 bits",
			       (unsigned long long)vaddr);
	for (unsigned int level = walk->levels; level; level--) {
		unsigned int shift = PAGE_SHIFT + table_bits * (level - 1);
		uint64_t index = vaddr >> shift & ((1u << table_bits) - 1);
		uint64_t entry, mask = (UINT64_C(1) << shift) - 1;
		enum kd_status status;

		status = read_entry(walk, table + index * entry_bytes, &entry, err);
		if (status)
			return kd_context(err, status, "page table of level %u", level);
		if (!(entry & ENTRY_PRESENT))
			return kd_fail(err, KD_FAULT, "0x%llx: not mapped (level %u)",
				       (unsigned long long)vaddr, level);
		table = entry & ENTRY_ADDRESS;
		if (level == 1 || (level == 2 && entry & ENTRY_LARGE)) {
			if (level == 2)
				table = large_page(walk, entry);
			*paddr = table | (vaddr & mask);
			*left_bytes = mask + 1 - (vaddr & mask);
			return KD_OK;
		}
	}
	return kd_fail(err, KD_UNSUPPORTED, "page tables of no level");
}

#define REGISTER(name, index)                                                                      \
	{                                                                                          \
		name, (index)*4, 4                                                                 \
	}

static const struct kd_register registers[] = {
	REGISTER("ebx", 0),  REGISTER("ecx", 1), REGISTER("edx", 2),     REGISTER("esi", 3),
	REGISTER("edi", 4),  REGISTER("ebp", 5), REGISTER("eax", 6),     REGISTER("ds", 7),
	REGISTER("es", 8),   REGISTER("fs", 9),  REGISTER("gs", 10),     REGISTER("orig_eax", 11),
	REGISTER("eip", 12), REGISTER("cs", 13), REGISTER("eflags", 14), REGISTER("esp", 15),
	REGISTER("ss", 16),
};

const struct kd_arch kd_arch_i386 = {
	.name = "i686",
	.elf_machine = EM_386,
	.page_bytes = 1 << PAGE_SHIFT,
	.pointer_bytes = 4,
	.prstatus_bytes = 144,
	.prstatus_pid_offset = 24,
	.prstatus_registers_offset = 72,
	.registers = registers,
	.register_count = sizeof(registers) / sizeof(*registers),
	.program_counter = 12,
	.stack_pointer = 15,
	.translate = translate,
};
