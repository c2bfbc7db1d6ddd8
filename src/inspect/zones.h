/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Zones of memory and their free pages (struct zone of include/linux/mmzone.h). */
#ifndef KD_INSPECT_ZONES_H
#define KD_INSPECT_ZONES_H

#include <stdbool.h>

#include "inspect/system.h"

enum { KD_ZONE_NAME_BYTES = 16, KD_ZONE_ORDERS = 32 };

/* Pages each. */
struct kd_zone {
	unsigned int node;
	char name[KD_ZONE_NAME_BYTES];
	uint64_t present, managed, free;
	uint64_t watermark_min, watermark_low, watermark_high;
	uint64_t blocks[KD_ZONE_ORDERS]; /* free blocks of 1 << order pages */
	unsigned int orders;
};

/* Tells of each zone that has pages, by node. False stops. */
typedef bool kd_zone_take(void *opaque, const struct kd_zone *zone);
enum kd_status kd_zones_each(struct kd_system *system, kd_zone_take *take, void *opaque,
			     struct kd_err *err);

#endif
