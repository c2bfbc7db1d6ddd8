/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A window: some pages that lie together, the unit in which memory is read, judged, compressed and written.
 * Private to this layer and to src/view.
 */
#ifndef KD_SAVE_WINDOW_H
#define KD_SAVE_WINDOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/page_kind.h"
#include "kernel/page_scan.h"

/* The kernel's own pages, which are written first: when the target runs full, these are there. */
#define KD_KINDS_VALUABLE KD_KIND(KD_PAGE_KERNEL)

enum { KD_WINDOW_PAGES = KD_SCAN_PAGES, KD_WINDOW_WORDS = KD_WINDOW_PAGES / 64 };

/* A set of a window's pages, bit i for page first_pfn + i. */
struct kd_page_set {
	uint64_t words[KD_WINDOW_WORDS];
};

static inline bool kd_set_has(const struct kd_page_set *set, unsigned int page)
{
	return set->words[page / 64] >> page % 64 & 1;
}

static inline void kd_set_add(struct kd_page_set *set, unsigned int page)
{
	set->words[page / 64] |= UINT64_C(1) << page % 64;
}

static inline unsigned int kd_set_count(const struct kd_page_set *set)
{
	unsigned int count = 0;

	for (int i = 0; i < KD_WINDOW_WORDS; i++)
		count += (unsigned int)__builtin_popcountll(set->words[i]);
	return count;
}

/* The first page from `page` on that is in the set (or, with `in` false, is not), at most `pages`. */
unsigned int kd_set_next(const struct kd_page_set *set, unsigned int page, unsigned int pages,
			 bool in);

/* What became of a page that was read. */
enum kd_packed_state {
	KD_PACKED_DATA,
	KD_PACKED_REPEAT, /* the data are those of an earlier page of the window */
	KD_PACKED_ZERO,
	KD_PACKED_UNREADABLE,
};

struct kd_packed {
	uint32_t at, bytes; /* in window->out; of data and repeats */
	uint8_t flags;      /* enum kd_codec_flag */
	uint8_t state;      /* enum kd_packed_state */
};

struct kd_window {
	uint64_t number; /* in its sweep */
	uint64_t first_pfn;
	unsigned int pages;
	unsigned int ahead;        /* pages behind these that the same worker does next */
	struct kd_page_set absent; /* RAM that the source does not have */
	struct kd_page_set kept;   /* pages that go into the dump */
	struct kd_page_set now;    /* of them, those of this sweep */
	uint8_t kinds[KD_WINDOW_PAGES];
	bool remembered;  /* what is kept is known from an earlier sweep */
	uint64_t unknown; /* pages that could not be judged, and are kept */
	bool lost; /* what would tell which pages the source has cannot be read: it gives none */
	/* of a sweep that reads: pages in `now` */
	struct kd_packed packed[KD_WINDOW_PAGES];
	uint8_t *out;     /* page data */
	size_t room;      /* bytes there */
	size_t out_bytes; /* of them used */
};

#endif
