/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The pages that hold struct pages, told from the other pages of the kernel: of a machine of 1 TiB they are 16 GiB,
 * and those that describe nothing but pages which a dump leaves out tell little.
 */
#ifndef KD_KERNEL_MEMMAP_H
#define KD_KERNEL_MEMMAP_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "kernel/page_scan.h"

/* A boot allocates them in few pieces; each block of hot-added memory may have its own. */
enum { KD_MEMMAP_RUNS = 4096 };

/* Struct pages that lie together in physical and in virtual memory; whole pages. */
struct kd_memmap_run {
	uint64_t paddr, bytes, vaddr;
	uint64_t origin_vaddr, origin_pfn; /* a struct page at or before vaddr, and its page */
};

/* Immutable once it is made; one for all threads. */
struct kd_memmap {
	struct kd_memmap_run runs[KD_MEMMAP_RUNS]; /* by paddr */
	size_t count;
	uint64_t page_bytes;
	bool full; /* there are more; their pages stay what they are */
};

/*
 * Looks for the pages that hold the struct pages of a dump's RAM, as far as `pages` (of the same kernel) leads to
 * them; what cannot be read or is not mapped is left out. It takes no memory.
 */
void kd_memmap_init(struct kd_memmap *memmap, const struct kd_pages *pages,
		    struct kd_kernel *kernel);

/*
 * Turns those of kinds[i], the kinds of the pages pfn + i as kd_scan_pages() set them, into KD_PAGE_STRUCTS whose
 * page holds struct pages of nothing but pages of the kinds in `dropped`. The run lies within KD_SCAN_PAGES
 * aligned pages. What says that memory failed is kept: a person should be able to see it.
 */
void kd_memmap_mark(const struct kd_memmap *memmap, struct kd_scan *scan, uint32_t dropped,
		    uint64_t pfn, unsigned int count, uint8_t *kinds);

#endif
