/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What depends on the machine in a dump: the layout of saved registers and the walk of page tables.
 * A run-time table, so that any host reads dumps of any of them. Freestanding.
 */
#ifndef KD_ARCH_ARCH_H
#define KD_ARCH_ARCH_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct kd_register {
	const char *name;
	uint16_t offset; /* in the register set, bytes */
	uint16_t bytes;
};

/* The page tables to walk, and how to read them. */
struct kd_walk {
	uint64_t root_paddr;
	unsigned int levels;      /* x86_64: 4 or 5; i386: 2, or 3 with PAE; arm64: 2 to 5 */
	uint64_t encryption_mask; /* x86_64: bits that mark encrypted memory (SME), not address */
	unsigned int va_bits;     /* arm64: that the tables translate, 64 - TCR_EL1.T1SZ */
	uint32_t page_bytes;      /* arm64: the granule */
	/* Reads 8 bytes at a physical address, as a little-endian number. */
	enum kd_status (*read)(void *opaque, uint64_t paddr, uint64_t *entry, struct kd_err *err);
	void *opaque;
};

struct kd_arch {
	const char *name;     /* as `uname -m` says it */
	uint16_t elf_machine; /* EM_… */
	uint32_t page_bytes;
	uint32_t pointer_bytes;
	/* where a kernel that was not moved maps its image: phys_base 0; 0 where that is not fixed */
	uint64_t text_vaddr;
	/*
	 * SECTION_SIZE_BITS and MAX_PHYSMEM_BITS (<asm/sparsemem.h>) that kernels had before they told them; 0: no more
	 */
	uint8_t section_bits[2], memory_bits[2];
	/* elf_prstatus (include/linux/elfcore.h), the descriptor of NT_PRSTATUS */
	size_t prstatus_bytes;
	size_t prstatus_pid_offset;
	size_t prstatus_registers_offset;
	const struct kd_register *registers; /* by offset */
	size_t register_count;
	/* indices into registers, for those who print the two that matter everywhere */
	size_t program_counter;
	size_t stack_pointer;
	/*
	 * Translates a virtual address; *left_bytes tells how much of the mapping follows it.
	 * KD_FAULT when not mapped; *left_bytes then is how much from there on is not, where the machine's walk
	 * tells that, else as it was. KD_CORRUPT for an entry that means nothing, KD_UNSUPPORTED for tables
	 * of such levels, else what walk->read said.
	 */
	enum kd_status (*translate)(const struct kd_walk *walk, uint64_t vaddr, uint64_t *paddr,
				    uint64_t *left_bytes, struct kd_err *err);
};

/* The row for an ELF machine, the one of its smallest pages, or NULL. */
const struct kd_arch *kd_arch_find(uint16_t elf_machine);
/* The same by kd_arch.name. */
const struct kd_arch *kd_arch_named(const char *name);
/* The row of the same machine with pages of that size, or NULL. */
const struct kd_arch *kd_arch_paged(const struct kd_arch *arch, uint64_t page_bytes);

extern const struct kd_arch kd_arch_x86_64, kd_arch_i386;
extern const struct kd_arch kd_arch_arm64_4k, kd_arch_arm64_16k, kd_arch_arm64_64k;

#endif
