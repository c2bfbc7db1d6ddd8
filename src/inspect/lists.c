/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "inspect/lists.h"

#include "inspect/fields.h"

void kd_list_begin(struct kd_list *list, struct kd_system *system, uint64_t head)
{
	*list = (struct kd_list){.system = system, .head = head, .at = head};
}

bool kd_list_next(struct kd_list *list, uint64_t *node)
{
	uint64_t next;

	if (list->status)
		return false;
	list->status = kd_read_u64(list->system, list->at, &next, &list->err);
	if (!list->status && list->count == KD_LIST_MOST)
		list->status = kd_fail(&list->err, KD_CORRUPT, "a list without an end");
	/* a link to itself is the commonest loop: what was taken out of a list meanwhile */
	if (!list->status && next == list->at && next != list->head)
		list->status = kd_fail(&list->err, KD_CORRUPT, "a link of a list leads to itself");
	if (list->status)
		return false;
	list->count++;
	list->at = next;
	*node = next;
	return next != list->head;
}
