/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Going along the kernel's lists (include/linux/list.h), which damage may have closed to a loop or opened. */
#ifndef KD_INSPECT_LISTS_H
#define KD_INSPECT_LISTS_H

#include <stdbool.h>

#include "inspect/system.h"

enum { KD_LIST_MOST = 1 << 22 };

/* A walk of a struct list_head; fill it by kd_list_begin(). */
struct kd_list {
	struct kd_system *system;
	uint64_t head, at;
	unsigned int count;
	enum kd_status status; /* why kd_list_next() ended, when not at the end */
	struct kd_err err;
};

void kd_list_begin(struct kd_list *list, struct kd_system *system, uint64_t head);
/* The next list_head that is not the head itself; false at the end, and when ->status says why. */
bool kd_list_next(struct kd_list *list, uint64_t *node);

#endif
