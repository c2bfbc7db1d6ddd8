/* SPDX-License-Identifier: GPL-2.0-or-later */
/* All links of a list that may be broken somewhere: one that is damaged loses nobody else. */
#ifndef KD_INSPECT_LINKS_H
#define KD_INSPECT_LINKS_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "inspect/address_map.h"
#include "inspect/system.h"

/* Addresses of struct list_head, in the order of the list; all of it zero is none. */
struct kd_links {
	uint64_t *list;
	size_t count, room;
};

/*
 * Damage ends no search: what was met first is kept in `damage`, to be told at the end, and KD_OK returned. Lack of memory,
 * KD_NOMEM, is returned as it is.
 */
enum kd_status kd_damage_note(struct kd_err *damage, enum kd_status status,
			      const struct kd_err *why);

/*
 * Adds all links of the list that begins at `head`, but for the head. Where it is broken, or leads to where it should not,
 * what lies behind that place is found from the other end. A member that was just being added or taken out leaves
 * a link that does not lead back, too; then nobody else is found so. `on` has the links that any walk was at, and may
 * be shared by lists that damage could lead into one another. KD_NOMEM; all else goes to `damage`.
 */
enum kd_status kd_links_find(struct kd_links *links, struct kd_system *system, uint64_t head,
			     struct kd_address_map *on, struct kd_err *damage, struct kd_err *err);
void kd_links_deinit(struct kd_links *links);

#endif
