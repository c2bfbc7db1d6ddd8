/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "save/room.h"

/*
 * A ring. What is out lies from `oldest` up to `next`, or up to the end and again from the beginning; the two are also the same
 * when all is out. A piece that does not fit before the end begins at the beginning.
 */
uint8_t *kd_room_take(struct kd_room *room, size_t bytes)
{
	size_t end;

	if (!room->pieces)
		room->next = room->oldest = 0;
	end = room->pieces && room->next <= room->oldest ? room->oldest : room->bytes;
	if (end - room->next < bytes && end == room->bytes && room->pieces) {
		room->next = 0;
		end = room->oldest;
	}
	if (end - room->next < bytes)
		return NULL;
	room->next += bytes;
	room->pieces++;
	return room->memory + room->next - bytes;
}

void kd_room_give(struct kd_room *room, const uint8_t *piece, size_t bytes)
{
	room->oldest = (size_t)(piece - room->memory) + bytes;
	if (room->oldest == room->bytes) /* the next one began at the beginning */
		room->oldest = 0;
	room->pieces--;
}
