/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From a page of struct pages back to what they describe. Nothing in the kernel leads there, but the struct pages of
 * a boot lie in a few long runs: those are found once, by the way that leads to the struct page of each page
 * of RAM, and kept as a table of bounded size. A run says "at this physical address there should be that virtual
 * one"; whether there is, is asked again for each page: where the kernel has given back what the tails of a hugetlb
 * page need no more (see is_fake_head() in kernel/page_layout.c), other data lie within a run.
 */
#include "kernel/memmap.h"

#include <stdlib.h>

#include "arch/arch.h"
#include "base/bytes.h"

/* A run may go over a gap, as long as a large page that its mapping once was. */
enum { MOST_GAP = 2 << 20 };

/* True when the run goes on where `last` ends, or after a gap, as if it were the same one. */
static bool goes_on(const struct kd_memmap_run *last, const struct kd_memmap_run *run,
		    uint64_t struct_bytes)
{
	uint64_t gap = run->paddr - last->paddr - last->bytes;

	return run->paddr >= last->paddr + last->bytes && gap <= MOST_GAP &&
	       run->paddr - last->paddr == run->vaddr - last->vaddr &&
	       run->origin_vaddr - last->origin_vaddr ==
		       (run->origin_pfn - last->origin_pfn) * struct_bytes;
}

/* True for pages that are in `last`: mapped once more, in place of others. */
static bool comes_again(const struct kd_memmap_run *last, const struct kd_memmap_run *run)
{
	return run->paddr >= last->paddr && run->paddr < last->paddr + last->bytes;
}

static void add_run(struct kd_memmap *memmap, const struct kd_memmap_run *run,
		    uint64_t struct_bytes)
{
	struct kd_memmap_run *last = memmap->count ? &memmap->runs[memmap->count - 1] : NULL;

	if (last && comes_again(last, run))
		return;
	if (last && goes_on(last, run, struct_bytes))
		last->bytes = run->paddr + run->bytes - last->paddr;
	else if (memmap->count < KD_MEMMAP_RUNS)
		memmap->runs[memmap->count++] = *run;
	else
		memmap->full = true;
}

/* Adds the pages that hold struct pages from `vaddr` on, which is that of pfn, up to `end`. */
static void add_mapped(struct kd_memmap *memmap, struct kd_space *space, uint64_t struct_bytes,
		       uint64_t pfn, uint64_t vaddr, uint64_t end)
{
	uint64_t at = kd_round_up(vaddr, memmap->page_bytes);

	end = kd_round_down(end, memmap->page_bytes);
	while (at < end && !memmap->full) {
		uint64_t paddr, bytes = 0;

		if (kd_space_translate(space, at, &paddr, &bytes, NULL)) {
			at += memmap->page_bytes;
			continue;
		}
		bytes = kd_round_down(bytes, memmap->page_bytes);
		if (!bytes || bytes > end - at)
			bytes = bytes ? end - at : memmap->page_bytes;
		add_run(memmap,
			&(struct kd_memmap_run){
				.paddr = paddr,
				.bytes = bytes,
				.vaddr = at,
				.origin_vaddr = vaddr,
				.origin_pfn = pfn,
			},
			struct_bytes);
		at += bytes;
	}
}

static int by_paddr(const void *a, const void *b)
{
	const struct kd_memmap_run *left = a, *right = b;

	return (left->paddr > right->paddr) - (left->paddr < right->paddr);
}

void kd_memmap_init(struct kd_memmap *memmap, const struct kd_pages *pages,
		    struct kd_kernel *kernel)
{
	struct kd_space *space = kd_kernel_space(kernel);
	uint64_t struct_bytes = pages->layout.bytes, next = 0;
	size_t count;
	const struct kd_segment *segment = kd_dump_segments(kd_kernel_dump(kernel), &count);

	memmap->count = 0;
	memmap->full = false;
	memmap->page_bytes = kd_dump_arch(kd_kernel_dump(kernel))->page_bytes;
	for (; count-- && !memmap->full; segment++) {
		uint64_t pfn = segment->paddr / memmap->page_bytes;
		uint64_t end =
			(segment->paddr + segment->memory_bytes - 1) / memmap->page_bytes + 1;

		pfn = pfn < next ? next : pfn;
		while (pfn < end && !memmap->full) {
			uint64_t vaddr, together;

			if (kd_mem_map_find(&pages->map, space, pfn, &vaddr, &together, NULL)) {
				pfn = kd_round_down(pfn, KD_SCAN_PAGES) + KD_SCAN_PAGES;
				continue;
			}
			if (together > end - pfn)
				together = end - pfn;
			add_mapped(memmap, space, struct_bytes, pfn, vaddr,
				   vaddr + together * struct_bytes);
			pfn += together;
		}
		next = pfn;
	}
	qsort(memmap->runs, memmap->count, sizeof(*memmap->runs), by_paddr);
}

/* The first run that ends after paddr. */
static const struct kd_memmap_run *find_run(const struct kd_memmap *memmap, uint64_t paddr)
{
	size_t low = 0, high = memmap->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct kd_memmap_run *run = &memmap->runs[middle];

		if (run->paddr + run->bytes > paddr)
			high = middle;
		else
			low = middle + 1;
	}
	return &memmap->runs[low];
}

/* The kinds of the aligned pages around the last one that was asked for: four pages of struct pages share them. */
struct around {
	uint64_t first_pfn;
	bool known, readable;
	uint8_t kinds[KD_SCAN_PAGES];
};

static bool is_dropped(struct around *around, struct kd_scan *scan, uint32_t dropped, uint64_t pfn)
{
	uint64_t first = kd_round_down(pfn, KD_SCAN_PAGES);

	if (!around->known || around->first_pfn != first) {
		uint64_t unknown = 0;

		kd_scan_pages(scan, first, KD_SCAN_PAGES, 0, around->kinds, &unknown);
		around->first_pfn = first;
		around->known = true;
		around->readable = !unknown;
	}
	return around->readable && KD_KIND(around->kinds[pfn - first]) & dropped;
}

/* True when the page at paddr, in a run, holds what the run says, and nothing but struct pages of dropped pages. */
static bool tells_nothing(const struct kd_memmap *memmap, const struct kd_memmap_run *run,
			  struct around *around, struct kd_scan *scan, uint32_t dropped,
			  uint64_t paddr)
{
	uint64_t vaddr = run->vaddr + (paddr - run->paddr), there, bytes;
	uint64_t struct_bytes = scan->pages->layout.bytes, begin = vaddr - run->origin_vaddr;
	uint64_t first = run->origin_pfn + begin / struct_bytes;
	uint64_t end =
		run->origin_pfn + (begin + memmap->page_bytes + struct_bytes - 1) / struct_bytes;

	for (uint64_t pfn = first; pfn < end; pfn++)
		if (!is_dropped(around, scan, dropped, pfn))
			return false;
	return !kd_space_translate(scan->space, vaddr, &there, &bytes, NULL) && there == paddr;
}

void kd_memmap_mark(const struct kd_memmap *memmap, struct kd_scan *scan, uint32_t dropped,
		    uint64_t pfn, unsigned int count, uint8_t *kinds)
{
	uint64_t begin = pfn * memmap->page_bytes, end = (pfn + count) * memmap->page_bytes;
	const struct kd_memmap_run *run = find_run(memmap, begin);
	const struct kd_memmap_run *last = memmap->runs + memmap->count;
	struct around around = {.known = false};

	dropped &= ~KD_KIND(KD_PAGE_POISONED);
	for (; run < last && run->paddr < end; run++) {
		uint64_t at = run->paddr < begin ? begin : run->paddr;

		for (; at < run->paddr + run->bytes && at < end; at += memmap->page_bytes) {
			uint8_t *kind = &kinds[at / memmap->page_bytes - pfn];

			if (*kind == KD_PAGE_KERNEL &&
			    tells_nothing(memmap, run, &around, scan, dropped, at))
				*kind = KD_PAGE_STRUCTS;
		}
	}
}
