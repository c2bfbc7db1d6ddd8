/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Classifies pages window by window, in any order.
 *
 * A struct page speaks for its page alone, except in two cases: the first page of a block that is free, or that was
 * never accepted, speaks for the block, whose other struct pages show nothing; and the head of a compound page for its tails, which
 * point to it. Both kinds of block have 2^n pages and are aligned to that. So within a window a block's kind
 * is spread forward from its first page, and only what covers the *first* page of the window has to be
 * looked for behind: at that page's number rounded down to 2, 4, 8, … pages, the only places where a
 * block could begin that reaches it. That keeps windows independent of each other, which lets threads take
 * them, and lets memory be skipped.
 */
#include "kernel/page_scan.h"

#include <string.h>

#include "kernel/types.h"

/* Compound pages of 1 GiB have order 18, of 16 GiB (powerpc) 22 or so. */
enum { MOST_COMPOUND_ORDER = 24 };

enum kd_status kd_pages_init(struct kd_pages *pages, struct kd_kernel *kernel, struct kd_err *err)
{
	const struct kd_vmcoreinfo *info = kd_kernel_vmcoreinfo(kernel);
	enum kd_status status = kd_kernel_need_64_bits(kernel, "struct page", err);

	if (status)
		return status;
	status = kd_page_layout_init(&pages->layout, info, NULL, err);
	/* reading the kernel's own types costs some MB for a moment: only where VMCOREINFO does not do */
	if (status == KD_NOTFOUND || (!status && kd_page_layout_lacks(&pages->layout))) {
		struct kd_types types;

		if (!kd_types_init(&types, kernel, status ? NULL : err)) {
			status = kd_page_layout_init(&pages->layout, info, &types.btf, err);
			kd_types_deinit(&types);
		}
	}
	return status ? status : kd_mem_map_init(&pages->map, kernel, &pages->layout, err);
}

void kd_scan_init(struct kd_scan *scan, const struct kd_pages *pages, struct kd_space *space)
{
	scan->pages = pages;
	scan->space = space;
	scan->held_bytes = 0;
}

/*
 * The struct pages from vaddr on, `bytes` of them; up to `more` of those behind are read with them when they are not held
 * yet, which fails without harm where they cannot be. NULL.
 */
static const uint8_t *hold(struct kd_scan *scan, uint64_t vaddr, size_t bytes, size_t more)
{
	uint64_t into = vaddr - scan->held_vaddr;

	if (vaddr >= scan->held_vaddr && into <= scan->held_bytes &&
	    bytes <= scan->held_bytes - into)
		return scan->structs + into;
	if (more > sizeof(scan->structs) - bytes)
		more = sizeof(scan->structs) - bytes;
	scan->held_bytes = 0;
	if (more && !kd_space_read(scan->space, vaddr, scan->structs, bytes + more, NULL))
		scan->held_bytes = bytes + more;
	else if (!kd_space_read(scan->space, vaddr, scan->structs, bytes, NULL))
		scan->held_bytes = bytes;
	else
		return NULL;
	scan->held_vaddr = vaddr;
	return scan->structs;
}

/* Judges a page outside of the window. */
static bool judge_at(struct kd_scan *scan, uint64_t pfn, struct kd_page_verdict *verdict)
{
	const struct kd_page_layout *layout = &scan->pages->layout;
	uint8_t pair[2 * KD_STRUCT_PAGE_MOST];
	uint64_t vaddr, count;

	if (kd_mem_map_find(&scan->pages->map, scan->space, pfn, &vaddr, &count, NULL) ||
	    count < 2 || kd_space_read(scan->space, vaddr, pair, 2 * layout->bytes, NULL))
		return false;
	*verdict = kd_page_judge(layout, pfn, vaddr, pair, pair + layout->bytes);
	return true;
}

/* What lies in blocks of which the first page alone says anything. */
static bool is_block(enum kd_page_kind kind)
{
	return kind == KD_PAGE_FREE || kind == KD_PAGE_UNACCEPTED;
}

/*
 * Finds the block that begins before pfn and reaches it: of a compound page when `tail`, else one of pages that nobody
 * was given. Returns how many pages of it there are from pfn on, 0 without one.
 */
static uint64_t find_cover(struct kd_scan *scan, uint64_t pfn, bool tail, enum kd_page_kind *kind)
{
	unsigned int most = tail ? MOST_COMPOUND_ORDER : scan->pages->layout.orders - 1;
	uint64_t last = pfn;

	for (unsigned int order = 1; order <= most; order++) {
		uint64_t start = pfn >> order << order;
		struct kd_page_verdict verdict;

		if (start == last)
			continue;
		last = start;
		if (!judge_at(scan, start, &verdict) || verdict.tail)
			continue;
		if (verdict.order < order || is_block(verdict.kind) == tail)
			continue;
		*kind = verdict.kind;
		return start + (UINT64_C(1) << verdict.order) - pfn;
	}
	return 0;
}

/* Kinds of `count` pages, of whose struct pages, from vaddr on in the dead kernel, these are copies. */
static void judge_run(struct kd_scan *scan, uint64_t pfn, uint64_t vaddr, const uint8_t *structs,
		      unsigned int count, uint8_t *kinds)
{
	const struct kd_page_layout *layout = &scan->pages->layout;
	enum kd_page_kind kind = KD_PAGE_KERNEL;
	uint64_t covered = 0; /* pages from here on that a block before speaks for */

	for (unsigned int i = 0; i < count; i++) {
		const uint8_t *page = structs + (size_t)i * layout->bytes;
		const uint8_t *next = i + 1 < count ? page + layout->bytes : NULL;
		struct kd_page_verdict verdict;

		if (!covered) {
			verdict = kd_page_judge(layout, pfn + i,
						vaddr + (uint64_t)i * layout->bytes, page, next);
			if (!next && kd_page_is_head(layout, page))
				judge_at(scan, pfn + i,
					 &verdict); /* its order stands in the next one */
			if (!i && (verdict.tail || (verdict.kind == KD_PAGE_KERNEL &&
						    kd_page_unreferenced(layout, page))))
				covered = find_cover(scan, pfn, verdict.tail, &kind);
			if (!covered) {
				kind = verdict.kind;
				covered = UINT64_C(1) << verdict.order;
			}
		}
		covered--;
		kinds[i] = (uint8_t)(kd_page_poisoned(layout, page) ? KD_PAGE_POISONED : kind);
	}
}

void kd_scan_pages(struct kd_scan *scan, uint64_t pfn, unsigned int count, unsigned int ahead,
		   uint8_t *kinds, uint64_t *unknown)
{
	const size_t struct_bytes = (size_t)scan->pages->layout.bytes;

	memset(kinds, KD_PAGE_KERNEL, count);
	while (count) {
		const uint8_t *structs = NULL;
		uint64_t vaddr, together;
		unsigned int piece = count;
		enum kd_status status = kd_mem_map_find(&scan->pages->map, scan->space, pfn, &vaddr,
							&together, NULL);

		if (status == KD_NOTFOUND) /* the whole section has none */
			break;
		if (!status) {
			if (together > count + ahead)
				together = count + ahead;
			if (together < piece)
				piece = (unsigned int)together;
			structs = hold(scan, vaddr, piece * struct_bytes,
				       (size_t)(together - piece) * struct_bytes);
		}
		if (structs)
			judge_run(scan, pfn, vaddr, structs, piece, kinds);
		else /* some of them may be there all the same, but which counts little */
			*unknown += piece;
		pfn += piece;
		kinds += piece;
		count -= piece;
	}
	if (!ahead) /* who asks again wants to know what is there then */
		scan->held_bytes = 0;
}
