/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel's caches of objects (struct kmem_cache of SLUB, mm/slab.h and mm/slub.c). */
#ifndef KD_INSPECT_SLABS_H
#define KD_INSPECT_SLABS_H

#include <stdbool.h>

#include "inspect/system.h"

enum { KD_SLAB_NAME_BYTES = 64 };

struct kd_slab_cache {
	uint64_t vaddr; /* of its struct kmem_cache */
	char name[KD_SLAB_NAME_BYTES];
	uint64_t object_bytes; /* that users have */
	uint64_t each_bytes;   /* that an object takes, what lies between them included */
	uint64_t slabs, slab_bytes;
	/*
	 * Objects; those that a CPU keeps for itself count as used, as they do in /proc/slabinfo. All three are
	 * UINT64_MAX in a kernel that does not count them (CONFIG_SLUB_DEBUG=n).
	 */
	uint64_t objects, used;
};

/* Tells of each cache, in the order in which they were made, latest first. False stops. KD_UNSUPPORTED: not SLUB. */
typedef bool kd_slab_take(void *opaque, const struct kd_slab_cache *cache);
enum kd_status kd_slabs_each(struct kd_system *system, kd_slab_take *take, void *opaque,
			     struct kd_err *err);

#endif
