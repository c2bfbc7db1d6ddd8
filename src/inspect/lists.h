/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Going along the kernel's lists (include/linux/list.h), which damage may have closed to a loop or opened. */
#ifndef KD_INSPECT_LISTS_H
#define KD_INSPECT_LISTS_H

#include <stdbool.h>

#include "inspect/system.h"

enum { KD_LIST_MOST = 1 << 22 };

/*
 * Finds out that a walk goes round in a circle, in constant memory and within three times as many steps as there are
 * places (R. P. Brent, "An improved Monte Carlo factorization algorithm", 1980). All of it zero is one that begins.
 */
struct kd_loop {
	uint64_t mark;
	unsigned int steps, limit;
};

/* Takes the next place of a walk; true when the walk has been there before. */
bool kd_loop_closes(struct kd_loop *loop, uint64_t place);

/* A walk of a struct list_head; fill it by kd_list_begin(). */
struct kd_list {
	struct kd_system *system;
	uint64_t head, at;
	struct kd_loop loop;
	unsigned int count;
	bool backward;         /* by list_head.prev */
	enum kd_status status; /* why kd_list_next() ended, when not at the end */
	struct kd_err err;
};

void kd_list_begin(struct kd_list *list, struct kd_system *system, uint64_t head);
/*
 * The next list_head that is not the head itself; false at the end, and when ->status says why. Where a list leads back
 * into itself, some are told again before that is found out.
 */
bool kd_list_next(struct kd_list *list, uint64_t *node);

#endif
