/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The virtual addresses of a kernel (or, later, of a process) over a dump, through the page tables
 * that the dump itself holds.
 */
#ifndef KD_MEMORY_SPACE_H
#define KD_MEMORY_SPACE_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "dump/dump.h"

enum { KD_SPACE_CACHE = 16 };

/*
 * Where the page tables are, and how to read them: what a CPU has in CR3 and CR4, or in TTBR1_EL1 and TCR_EL1.
 * As struct kd_walk (arch/arch.h) has them.
 */
struct kd_tables {
	uint64_t root_paddr;
	unsigned int levels;
	uint64_t encryption_mask; /* address bits that mark encrypted memory (AMD SME); else 0 */
	unsigned int va_bits;     /* arm64 */
	uint32_t page_bytes;      /* arm64 */
};

struct kd_space {
	struct kd_reader *reader; /* borrowed */
	struct kd_tables tables;
	/* Translations that were needed lately; a kernel's direct map makes each of them reach far. */
	struct {
		uint64_t vaddr, paddr, bytes;
	} cache[KD_SPACE_CACHE];
	unsigned int next; /* the entry to replace */
};

/* The space belongs to the reader's thread. */
void kd_space_init(struct kd_space *space, struct kd_reader *reader,
		   const struct kd_tables *tables);

/*
 * The physical address of vaddr, and how many bytes from there on are mapped as contiguously.
 * KD_FAULT where nothing is mapped, with *bytes as kd_arch.translate (arch/arch.h) leaves it; KD_HOLE, KD_EXCLUDED, KD_TRUNCATED, KD_SYSTEM where a page table
 * cannot be had; KD_UNSUPPORTED for an architecture without a page walk.
 */
enum kd_status kd_space_translate(struct kd_space *space, uint64_t vaddr, uint64_t *paddr,
				  uint64_t *bytes, struct kd_err *err);

/* Copies memory; status of the first byte that cannot be had, and the buffer is then undefined. */
enum kd_status kd_space_read(struct kd_space *space, uint64_t vaddr, void *buffer, size_t bytes,
			     struct kd_err *err);

#endif
