/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * arm64, the tables of TTBR1_EL1: Arm ARM, chapter D8 "The AArch64 Virtual Memory System Architecture", as far
 * as Linux uses it: arch/arm64/include/asm/pgtable-hwdef.h of commit 0410c6121529. A table fills a page of
 * 4, 16 or 64 KiB (the granule) with entries of 8 bytes; only the first may be smaller. Levels are counted as
 * everywhere here, the last is 1; Arm's level is 4 less that: 3 for the last, -1 for the fifth.
 * Registers: struct user_pt_regs, arch/arm64/include/uapi/asm/ptrace.h of 078a5a4faf64.
 */
#include "arch/arch.h"

#include <stdbool.h>

enum { SHIFT_4K = 12, SHIFT_16K = 14, SHIFT_64K = 16, LEVELS = 5, VA_BITS = 52, EM_AARCH64 = 183 };

#define ENTRY_VALID UINT64_C(0x1)
#define ENTRY_TABLE UINT64_C(0x2) /* a table, in level 1 a page; without it a block */

/* How walk's tables are made. */
struct geometry {
	unsigned int page_shift;
	unsigned int table_bits; /* that a full table translates */
	unsigned int root_bits;  /* that the first translates */
};

static enum kd_status measure(const struct kd_walk *walk, struct geometry *geometry,
			      struct kd_err *err)
{
	unsigned int shift = walk->page_bytes ? (unsigned int)__builtin_ctz(walk->page_bytes) : 0;
	unsigned int bits = shift - 3, below;

	if ((shift != SHIFT_4K && shift != SHIFT_16K && shift != SHIFT_64K) ||
	    walk->page_bytes != 1u << shift)
		return kd_fail(err, KD_UNSUPPORTED, "pages of %u bytes on arm64", walk->page_bytes);
	below = walk->levels ? shift + bits * (walk->levels - 1) : 0;
	if (!walk->levels || walk->levels > LEVELS || walk->va_bits > VA_BITS ||
	    walk->va_bits <= below || walk->va_bits - below > bits)
		return kd_fail(err, KD_UNSUPPORTED,
			       "%u levels for addresses of %u bits, pages of %u bytes on arm64",
			       walk->levels, walk->va_bits, walk->page_bytes);
	*geometry = (struct geometry){shift, bits, walk->va_bits - below};
	return KD_OK;
}

/*
 * The physical address in an entry of any kind: what __phys_to_pte_val() of pgtable.h put there, by
 * PTE_ADDR_LOW, PTE_ADDR_HIGH and PTE_ADDR_HIGH_SHIFT of pgtable-hwdef.h.
 *
 * 64 KiB pages: bits 15 to 12 are the address bits 51 to 48. A kernel for 48 bits leaves them 0.
 * 4 and 16 KiB pages with LPA2 (TCR_EL1.DS): bits 9 and 8 are the address bits 51 and 50. Linux sets DS with
 * virtual addresses of 52 bits and only then (arch/arm64/kernel/pi/map_kernel.c of 030b3ffbdac7), as the
 * hardware wants it. Without DS these two bits say who shares the page, 3 in every kernel mapping, and bits
 * 49 and 48 are reserved.
 */
static uint64_t output_address(const struct kd_walk *walk, uint64_t entry)
{
	uint64_t pages = ~(uint64_t)(walk->page_bytes - 1);

	if (walk->page_bytes == 1u << SHIFT_64K)
		return (entry & UINT64_C(0x0000ffffffffffff) & pages) | (entry & 0xf000) << 36;
	if (walk->va_bits > 48)
		return (entry & UINT64_C(0x0003ffffffffffff) & pages) | (entry & 0x300) << 42;
	return entry & UINT64_C(0x0000ffffffffffff) & pages;
}

/* PMD sections with any pages, PUD sections with 4 KiB pages only: pud_sect_supported() of pgtable.h. */
static bool can_be_block(unsigned int level, const struct geometry *geometry)
{
	return level == 2 || (level == 3 && geometry->page_shift == SHIFT_4K);
}

static enum kd_status translate(const struct kd_walk *walk, uint64_t vaddr, uint64_t *paddr,
				uint64_t *left_bytes, struct kd_err *err)
{
	uint64_t table = walk->root_paddr;
	struct geometry geometry = {0};
	enum kd_status status = measure(walk, &geometry, err);

	if (status)
		return status;
	if (vaddr >> walk->va_bits != UINT64_MAX >> walk->va_bits)
		return kd_fail(err, KD_FAULT, "0x%llx: not in the %u bits of kernel addresses",
			       (unsigned long long)vaddr, walk->va_bits);
	for (unsigned int level = walk->levels; level; level--) {
		unsigned int shift = geometry.page_shift + geometry.table_bits * (level - 1);
		unsigned int bits =
			level == walk->levels ? geometry.root_bits : geometry.table_bits;
		uint64_t index = vaddr >> shift & ((1u << bits) - 1);
		uint64_t entry, mask = (UINT64_C(1) << shift) - 1;

		status = walk->read(walk->opaque, table + index * 8, &entry, err);
		if (status)
			return kd_context(err, status, "page table of level %u", level);
		if (!(entry & ENTRY_VALID))
			return kd_fail(err, KD_FAULT, "0x%llx: not mapped (level %u)",
				       (unsigned long long)vaddr, level);
		if (!(entry & ENTRY_TABLE) && !can_be_block(level, &geometry))
			return kd_fail(err, KD_CORRUPT,
				       "0x%llx: 0x%llx is no entry of a page table (level %u)",
				       (unsigned long long)vaddr, (unsigned long long)entry, level);
		table = output_address(walk, entry);
		if (level == 1 || !(entry & ENTRY_TABLE)) {
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
	REGISTER("x0", 0),   REGISTER("x1", 1),      REGISTER("x2", 2),   REGISTER("x3", 3),
	REGISTER("x4", 4),   REGISTER("x5", 5),      REGISTER("x6", 6),   REGISTER("x7", 7),
	REGISTER("x8", 8),   REGISTER("x9", 9),      REGISTER("x10", 10), REGISTER("x11", 11),
	REGISTER("x12", 12), REGISTER("x13", 13),    REGISTER("x14", 14), REGISTER("x15", 15),
	REGISTER("x16", 16), REGISTER("x17", 17),    REGISTER("x18", 18), REGISTER("x19", 19),
	REGISTER("x20", 20), REGISTER("x21", 21),    REGISTER("x22", 22), REGISTER("x23", 23),
	REGISTER("x24", 24), REGISTER("x25", 25),    REGISTER("x26", 26), REGISTER("x27", 27),
	REGISTER("x28", 28), REGISTER("x29", 29),    REGISTER("x30", 30), REGISTER("sp", 31),
	REGISTER("pc", 32),  REGISTER("pstate", 33),
};

/*
 * One row for each granule: they differ in nothing else. Sections became smaller in 5.12 (f0b13ee23241), and
 * memory may lie within 52 bits since 4.16 (ARM64_PA_BITS_52).
 */
#define ROW(shift)                                                                                 \
	{                                                                                          \
		.name = "aarch64", .elf_machine = EM_AARCH64, .page_bytes = 1 << (shift),          \
		.pointer_bytes = 8, .section_bits = {30, (shift) == SHIFT_64K ? 29 : 27},          \
		.memory_bits = {48, 52}, .prstatus_bytes = 392, .prstatus_pid_offset = 32,         \
		.prstatus_registers_offset = 112, .registers = registers,                          \
		.register_count = sizeof(registers) / sizeof(*registers), .program_counter = 32,   \
		.stack_pointer = 31, .translate = translate,                                       \
	}

const struct kd_arch kd_arch_arm64_4k = ROW(SHIFT_4K);
const struct kd_arch kd_arch_arm64_16k = ROW(SHIFT_16K);
const struct kd_arch kd_arch_arm64_64k = ROW(SHIFT_64K);
