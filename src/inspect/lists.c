/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "inspect/lists.h"

#include "inspect/fields.h"

enum { PREVIOUS_OFFSET = 8 }; /* list_head.prev */

bool kd_loop_closes(struct kd_loop *loop, uint64_t place)
{
	if (loop->limit && place == loop->mark)
		return true;
	if (loop->steps++ == loop->limit) {
		loop->mark = place;
		loop->steps = 0;
		loop->limit = loop->limit ? 2 * loop->limit : 1;
	}
	return false;
}

void kd_list_begin(struct kd_list *list, struct kd_system *system, uint64_t head)
{
	*list = (struct kd_list){.system = system, .head = head, .at = head};
}

bool kd_list_next(struct kd_list *list, uint64_t *node)
{
	uint64_t next;

	if (list->status)
		return false;
	list->status = kd_read_u64(list->system, list->at + (list->backward ? PREVIOUS_OFFSET : 0),
				   &next, &list->err);
	if (!list->status && list->count == KD_LIST_MOST)
		list->status = kd_fail(&list->err, KD_CORRUPT, "a list without an end");
	/* a link to itself is the commonest loop: what was taken out of a list meanwhile */
	if (!list->status && next == list->at && next != list->head)
		list->status = kd_fail(&list->err, KD_CORRUPT, "a link of a list leads to itself");
	if (!list->status && next != list->head && kd_loop_closes(&list->loop, next))
		list->status = kd_fail(&list->err, KD_CORRUPT, "a list leads back into itself");
	if (list->status)
		return false;
	list->count++;
	list->at = next;
	*node = next;
	return next != list->head;
}
