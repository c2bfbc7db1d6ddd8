/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether all sweeps of a save judge alike. Where a page goes follows from how many are kept before it; a source that
 * fails to give a struct page once, and gives it the next time, would shift all pages behind it. What the first
 * sweep keeps is therefore hashed, in order, with marks on the way: as many as there is room for, wider
 * apart the more windows come. A later sweep that comes to a mark with another hash ends there. Private to this layer.
 */
#ifndef KD_SAVE_AGREE_H
#define KD_SAVE_AGREE_H

#include <stdint.h>

#include "base/err.h"
#include "save/window.h"

enum { KD_AGREE_MARKS = 256 };

/* Zero it to begin. */
struct kd_agreement {
	/* of the sweep that runs */
	bool later; /* not the first one */
	uint64_t windows, kept, hash;
	/* of the first one */
	struct kd_agree_mark {
		uint64_t hash, kept;
	} marks[KD_AGREE_MARKS], all;
	unsigned int mark_count;
	uint64_t stride;  /* windows from mark to mark; 0: 1 */
	uint64_t missing; /* a hash of pages that are kept and did not come yet, in any order */
	/* kept pages before the last mark on which this sweep agreed; and whether it stopped agreeing */
	uint64_t sure;
	bool broken;
};

/* A window of the sweep that runs, in order. KD_CORRUPT: it is another than in the first sweep. */
enum kd_status kd_agree_window(struct kd_agreement *agreement, const struct kd_window *window,
			       struct kd_err *err);
/* The sweep ended, and another may begin. */
enum kd_status kd_agree_turn(struct kd_agreement *agreement, struct kd_err *err);
/* All pages came that are kept, each of them once: as `now` of one sweep. */
enum kd_status kd_agree_end(struct kd_agreement *agreement, struct kd_err *err);

#endif
