/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kinds of a run of pages, told by their struct pages. One scanner a thread; no memory of its own. */
#ifndef KD_KERNEL_PAGE_SCAN_H
#define KD_KERNEL_PAGE_SCAN_H

#include "kernel/mem_map.h"
#include "kernel/page_layout.h"

/* As many pages as are scanned at once, aligned to as many. */
enum { KD_SCAN_PAGES = 256 };

/* Immutable; one for all threads. */
struct kd_pages {
	struct kd_page_layout layout;
	struct kd_mem_map map;
};

/* KD_NOTFOUND or KD_UNSUPPORTED, with the reason, when pages cannot be told apart; KD_CORRUPT … */
enum kd_status kd_pages_init(struct kd_pages *pages, struct kd_kernel *kernel, struct kd_err *err);

struct kd_scan {
	const struct kd_pages *pages; /* borrowed */
	struct kd_space *space;       /* borrowed */
	uint64_t held_vaddr;          /* what is in `structs`: of so many bytes */
	size_t held_bytes;
	uint8_t structs[KD_SCAN_PAGES * KD_STRUCT_PAGE_MOST];
};

void kd_scan_init(struct kd_scan *scan, const struct kd_pages *pages, struct kd_space *space);

/*
 * Sets kinds[i] (enum kd_page_kind) for the pages pfn + i, i < count; the run lies within KD_SCAN_PAGES aligned
 * pages. Pages without a struct page, and pages whose struct page cannot be read, are KD_PAGE_KERNEL: they are
 * kept. The latter are counted in *unknown. `ahead` pages behind these come next: their struct pages are read with
 * them, as far as there is room, and are held until then.
 */
void kd_scan_pages(struct kd_scan *scan, uint64_t pfn, unsigned int count, unsigned int ahead,
		   uint8_t *kinds, uint64_t *unknown);

#endif
