/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a page of a dead kernel was used for, as far as a dump's filter cares. Freestanding.
 *
 * Dump levels are makedumpfile's: the sum of 1 zero, 2 page cache without private data, 4 all page cache,
 * 8 pages of processes, 16 free pages.
 */
#ifndef KD_KERNEL_PAGE_KIND_H
#define KD_KERNEL_PAGE_KIND_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

enum kd_page_kind {
	KD_PAGE_KERNEL, /* none of the others: what a debugger needs */
	KD_PAGE_ZERO,   /* holds zeros; found when it is read */
	KD_PAGE_CACHE,  /* page cache without private data */
	KD_PAGE_CACHE_PRIVATE,
	KD_PAGE_USER, /* anonymous memory of processes */
	KD_PAGE_HUGE, /* hugetlb pages */
	KD_PAGE_FREE,
	KD_PAGE_STRUCTS, /* struct pages of pages that are left out; told when asked for (kernel/memmap.h) */
	/* never read: touching them may hang the machine, fault, or bring back what was given away */
	KD_PAGE_POISONED,   /* failed memory (hwpoison) */
	KD_PAGE_OFFLINE,    /* logically offline: a balloon's, an unplugged virtio-mem block's */
	KD_PAGE_UNACCEPTED, /* of a confidential guest, never accepted */
	/* not of a kernel's making */
	KD_PAGE_ABSENT, /* RAM that the source does not have */
	KD_PAGE_KINDS,
};

enum { KD_LEVEL_MOST = 31 };

/* A set of kinds. */
#define KD_KIND(kind) (UINT32_C(1) << (kind))

/* What is left out at every level, 0 included, wherever it can be told. */
#define KD_KINDS_UNREADABLE                                                                        \
	(KD_KIND(KD_PAGE_POISONED) | KD_KIND(KD_PAGE_OFFLINE) | KD_KIND(KD_PAGE_UNACCEPTED))

/* One word for a person and for JSON: "cache_private". */
const char *kd_page_kind_name(enum kd_page_kind kind);

/* The kinds that a level leaves out; level is 0 to 31. */
uint32_t kd_level_kinds(unsigned int level);
/* The highest level that leaves out nothing but these kinds: what the header of a dump can say. */
unsigned int kd_kinds_level(uint32_t kinds);

/*
 * Parses names with commas between them: zero, cache (without private data), cache-all, user (hugetlb too), huge,
 * free, structs. KD_NOTFOUND for one that is none; the message lists them.
 */
enum kd_status kd_kinds_parse(const char *text, uint32_t *kinds, struct kd_err *err);

#endif
