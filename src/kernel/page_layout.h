/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How a kernel's struct page (include/linux/mm_types.h) looks, and what its flags and types are
 * (include/linux/page-flags.h): taken from VMCOREINFO, and from BTF where that is silent, never from a version.
 *
 * What changed over the years and is told apart here:
 * - free pages of the buddy allocator: the flag PG_buddy (before 2.6.38), a value of _mapcount (the same that
 *   page_type has since 4.18, 6e292b9be7f4), a type in the upper byte of page_type (since 6.12);
 * - the order of a compound page: a member of the first tail page, at an offset that VMCOREINFO gives; the low byte
 *   of the first tail's flags (folio._flags_1) where hugetlb is told by a flag or a type (since 6.6, ebc1baf5c9b4);
 * - hugetlb: the destructor's number in the first tail page; the flag PG_hugetlb of the first tail page (6.6 to
 *   6.8, 9c5ccf2db04b); a page type (since 6.9, d99e3140a4d3);
 * - what a tail page says of its head: its address, or (since 7.1, member compound_info) mostly a mask for the tail's own
 *   address. That it is a tail is told by the same bit of both.
 */
#ifndef KD_KERNEL_PAGE_LAYOUT_H
#define KD_KERNEL_PAGE_LAYOUT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "kernel/btf.h"
#include "kernel/page_kind.h"
#include "kernel/vmcoreinfo.h"

enum { KD_STRUCT_PAGE_MOST = 256 };

/* A value that _mapcount or page_type has for pages of a type. */
struct kd_page_type {
	uint32_t value;
	uint32_t
		mask; /* of the bits that count: all, or the upper byte; 0: the kernel has no such type */
};

/* A member of a struct; bytes 0: the kernel has none that we know of. */
struct kd_member {
	uint16_t offset, bytes;
};

/* Masks of page->flags; 0: the kernel has no such flag. */
struct kd_page_flags {
	uint64_t lru, private, swapcache, swapbacked, slab, hwpoison, buddy, head;
	uint64_t hugetlb; /* of the first tail page */
};

struct kd_page_layout {
	uint32_t bytes; /* of a struct page */
	struct kd_member flags, refcount, mapping, mapcount, private, compound_head;
	struct kd_member order, destructor; /* in the first tail page */
	bool order_in_flags;                /* low byte of the first tail's flags */
	bool heads_are_true;                /* what looks like a head is one */
	struct kd_page_flags flag;
	struct kd_page_type buddy, offline, unaccepted, slab, hugetlb;
	int64_t hugetlb_destructor; /* -1: not by destructor */
	unsigned int
		orders; /* of the buddy allocator: free blocks have 2^0 to 2^(orders-1) pages */
};

/*
 * Fills layout; btf may be NULL. KD_NOTFOUND, with the name of it, when something is missing without
 * which nothing can be told; KD_CORRUPT when what there is contradicts itself.
 */
enum kd_status kd_page_layout_init(struct kd_page_layout *layout, const struct kd_vmcoreinfo *info,
				   const struct kd_btf *btf, struct kd_err *err);

/*
 * True when free pages cannot be told, or one of the page types that such a kernel has: VMCOREINFO is silent about some where BTF
 * is not (6.12 about pages that were never accepted, which must not be read).
 */
bool kd_page_layout_lacks(const struct kd_page_layout *layout);

/* What a struct page says; pointers into the caller's memory, layout->bytes of them each. */
struct kd_page_verdict {
	enum kd_page_kind kind;
	unsigned int order; /* the kind holds for 2^order pages from this one on */
	bool tail;          /* of a compound page: the kind is its head's */
};

/*
 * Judges a page by its struct page, which is at vaddr in the dead kernel, and by the next one for the head of a
 * compound page (NULL when it cannot be had: the order is 0 then). pfn must be the page's: an order that its
 * alignment belies counts as 0.
 */
struct kd_page_verdict kd_page_judge(const struct kd_page_layout *layout, uint64_t pfn,
				     uint64_t vaddr, const uint8_t *page, const uint8_t *next);

/* True for the first page of a compound page. */
bool kd_page_is_head(const struct kd_page_layout *layout, const uint8_t *page);
/* True when nobody holds a reference: the inside of a free block, or of a compound page. */
bool kd_page_unreferenced(const struct kd_page_layout *layout, const uint8_t *page);
/* True for failed memory, whatever else the page is. */
bool kd_page_poisoned(const struct kd_page_layout *layout, const uint8_t *page);

#endif
