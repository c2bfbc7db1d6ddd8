/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Numbers by address: what has been seen already, and where. All of it zero is an empty one. */
#ifndef KD_INSPECT_ADDRESS_MAP_H
#define KD_INSPECT_ADDRESS_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct kd_address_map {
	struct kd_address_slot {
		uint64_t address; /* 0: free */
		uint32_t number;
	} * slots;
	size_t room, count; /* room is a power of two */
};

/* Puts what is not yet there: *is_new tells. Address 0 is never new. KD_NOMEM. */
enum kd_status kd_address_map_put(struct kd_address_map *map, uint64_t address, uint32_t number,
				  bool *is_new, struct kd_err *err);
bool kd_address_map_get(const struct kd_address_map *map, uint64_t address, uint32_t *number);
void kd_address_map_deinit(struct kd_address_map *map);

#endif
