/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory given out in pieces of any size, and given back in the same order: what windows in flight share for their page data.
 * Not for several threads at once. Private to this layer.
 */
#ifndef KD_SAVE_ROOM_H
#define KD_SAVE_ROOM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct kd_room {
	uint8_t *memory; /* borrowed */
	size_t bytes;
	size_t next, oldest; /* where the next piece begins, and the oldest that is out */
	unsigned int pieces; /* that are out */
};

/* A piece, of at least one byte; NULL: there is none until others are given back. All of it fits when no piece is out. */
uint8_t *kd_room_take(struct kd_room *room, size_t bytes);

/* Gives the oldest piece back. */
void kd_room_give(struct kd_room *room, const uint8_t *piece, size_t bytes);

#endif
