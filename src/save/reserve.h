/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The memory that saving works in: taken once, before the first page is read, and there from then on. A page of it that came
 * only when it is first written could be one that is not to be had any more; and a fault for each costs more than
 * clearing all at once. Private to this layer.
 */
#ifndef KD_SAVE_RESERVE_H
#define KD_SAVE_RESERVE_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct kd_reserve {
	uint8_t *memory; /* NULL: none */
	size_t bytes, used;
};

/* What a piece of so many bytes takes of a reserve. */
size_t kd_reserve_bytes(size_t bytes);

/* KD_NOMEM, KD_SYSTEM. */
enum kd_status kd_reserve_open(struct kd_reserve *reserve, size_t bytes, struct kd_err *err);
void kd_reserve_close(struct kd_reserve *reserve);

/* A piece of it, zero, at the beginning of a cache line; what was taken must not be more than was reserved. */
void *kd_reserve_take(struct kd_reserve *reserve, size_t bytes);

#endif
