/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sets of kdump-compressed files, each with the pages of a range (makedumpfile --split). All have the same headers
 * but for the range, the same notes, and the bitmaps of the whole dump (its makedumpfile.c,
 * store_splitting_info() and reassemble_kdump_header()); descriptors and data are those of the range only.
 *
 * So one file opens the dump, and the others are members of it, asked for pages. A member that is missing leaves
 * a gap, of which the bitmaps still tell what was in it. Private to this layer.
 */
#ifndef KD_DUMP_SPLIT_H
#define KD_DUMP_SPLIT_H

#include "dump/dump.h"

/* A file of a set that has pages; those of an empty range are not kept. */
struct kd_member {
	char *path;
	struct kd_medium *medium; /* the dump's own, or allocated */
	uint64_t start_pfn, end_pfn;
	uint64_t start_rank; /* saved pages of the dump before start_pfn */
};

/*
 * Makes an open dump, that is one of a set, the whole of it: with the files in paths, or where paths is NULL
 * with those beside it whose names differ from its own in one number. KD_UNSUPPORTED (not of this set),
 * KD_CORRUPT (ranges that overlap), and what opening them gives.
 */
enum kd_status kd_split_open(struct kd_dump *dump, const char *const *paths, size_t count,
			     struct kd_err *err);
void kd_split_close(struct kd_dump *dump);

/* The number of the member that has a page. KD_TRUNCATED, with the range, where it is missing. */
enum kd_status kd_split_find(const struct kd_dump *dump, uint64_t pfn, size_t *member,
			     struct kd_err *err);

#endif
