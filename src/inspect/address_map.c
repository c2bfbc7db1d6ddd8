/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "inspect/address_map.h"

#include <errno.h>
#include <stdlib.h>

#include "host/system.h"

enum { ROOM_FIRST = 256 };

/* The slot of an address, or the free one where it would be. */
static struct kd_address_slot *find(struct kd_address_slot *slots, size_t room, uint64_t address)
{
	size_t at = (size_t)((address * UINT64_C(0x9e3779b97f4a7c15)) >> 32) & (room - 1);

	while (slots[at].address && slots[at].address != address)
		at = (at + 1) & (room - 1);
	return &slots[at];
}

static enum kd_status grow(struct kd_address_map *map, struct kd_err *err)
{
	size_t room = map->room ? 2 * map->room : ROOM_FIRST;
	struct kd_address_slot *slots = calloc(room, sizeof(*slots));

	if (!slots)
		return kd_fail_errno(err, ENOMEM, "%zu addresses", room);
	for (size_t i = 0; i < map->room; i++)
		if (map->slots[i].address)
			*find(slots, room, map->slots[i].address) = map->slots[i];
	free(map->slots);
	map->slots = slots;
	map->room = room;
	return KD_OK;
}

enum kd_status kd_address_map_put(struct kd_address_map *map, uint64_t address, uint32_t number,
				  bool *is_new, struct kd_err *err)
{
	struct kd_address_slot *slot;
	enum kd_status status = KD_OK;

	if (2 * (map->count + 1) > map->room)
		status = grow(map, err);
	if (status)
		return status;
	slot = find(map->slots, map->room, address);
	*is_new = address && !slot->address;
	if (*is_new) {
		*slot = (struct kd_address_slot){address, number};
		map->count++;
	}
	return KD_OK;
}

bool kd_address_map_get(const struct kd_address_map *map, uint64_t address, uint32_t *number)
{
	const struct kd_address_slot *slot =
		map->room ? find(map->slots, map->room, address) : NULL;

	if (!slot || !slot->address)
		return false;
	*number = slot->number;
	return true;
}

void kd_address_map_deinit(struct kd_address_map *map)
{
	free(map->slots);
	*map = (struct kd_address_map){.slots = NULL};
}
