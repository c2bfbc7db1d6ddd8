/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "inspect/links.h"

#include <errno.h>
#include <stdlib.h>

#include "host/system.h"
#include "inspect/fields.h"
#include "inspect/lists.h"

enum { PREVIOUS_OFFSET = 8 }; /* list_head.prev */

enum kd_status kd_damage_note(struct kd_err *damage, enum kd_status status,
			      const struct kd_err *why)
{
	if (status && status != KD_NOMEM && !damage->status)
		*damage = *why;
	return status == KD_NOMEM ? status : KD_OK;
}

static enum kd_status add_link(struct kd_links *links, uint64_t node, struct kd_err *err)
{
	size_t room = links->room ? 2 * links->room : 64;
	uint64_t *grown;

	if (links->count == links->room) {
		grown = realloc(links->list, room * sizeof(*grown));
		if (!grown)
			return kd_fail_errno(err, ENOMEM, "%zu links of a list", room);
		links->list = grown;
		links->room = room;
	}
	links->list[links->count++] = node;
	return KD_OK;
}

/*
 * Until the end, or where a walk has been before. With `odd` it stops, too, where a link leads to one that does not
 * lead back, and tells which.
 */
static enum kd_status follow(struct kd_address_map *on, struct kd_list *walk,
			     struct kd_links *links, uint64_t *odd, struct kd_err *err)
{
	uint64_t before = walk->at, node, back;
	enum kd_status status = KD_OK;
	bool is_new;

	while (!status && kd_list_next(walk, &node)) {
		if (odd && !kd_read_u64(walk->system, node + PREVIOUS_OFFSET, &back, NULL) &&
		    back != before) {
			*odd = node;
			return KD_OK;
		}
		status = kd_address_map_put(on, node, 0, &is_new, err);
		if (!status && !is_new)
			return KD_OK;
		if (!status)
			status = add_link(links, node, err);
		before = node;
	}
	if (odd && !status && !walk->status &&
	    !kd_read_u64(walk->system, walk->head + PREVIOUS_OFFSET, &back, NULL) && back != before)
		*odd = walk->head;
	return kd_first_failure(status, &walk->err, err);
}

static void turn_round(struct kd_links *links, size_t left)
{
	for (size_t right = links->count; left + 1 < right;) {
		uint64_t node = links->list[left];

		links->list[left++] = links->list[--right];
		links->list[right] = node;
	}
}

enum kd_status kd_links_find(struct kd_links *links, struct kd_system *system, uint64_t head,
			     struct kd_address_map *on, struct kd_err *damage, struct kd_err *err)
{
	struct kd_list forward, backward;
	uint64_t odd = 0;
	size_t first;
	enum kd_status status, half;

	kd_list_begin(&forward, system, head);
	status = follow(on, &forward, links, &odd, err);
	if (!status && !odd)
		return KD_OK;
	first = links->count;
	half = kd_damage_note(damage, status, err);
	kd_list_begin(&backward, system, head);
	backward.backward = true;
	if (!half)
		half = follow(on, &backward, links, NULL, err);
	turn_round(links, first);
	if (odd && !half && (links->count > first ? links->list[first] : head) != odd)
		half = kd_fail(err, KD_CORRUPT, "the list leads past some of its members");
	half = kd_damage_note(damage, half, err);
	/* both ends lead nowhere: then what the odd link led to is better than nothing */
	if (!half && odd && odd != head && backward.status)
		half = kd_damage_note(damage, follow(on, &forward, links, NULL, err), err);
	return half;
}

void kd_links_deinit(struct kd_links *links)
{
	free(links->list);
	*links = (struct kd_links){.list = NULL};
}
