/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lists of physical ranges: which memory the dump describes, and which memory the second kernel is
 * given.
 */
#ifndef KD_LOAD_MEMORY_MAP_H
#define KD_LOAD_MEMORY_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "load/iomem.h"

/* The memory that a PC's second kernel uses wherever it lies: real-mode trampolines, BIOS data. */
enum { KD_LOW_MEMORY_BYTES = 640 << 10 };

/* Types of the BIOS's map (ACPI 6.4, table 15.1), as boot_params carries them. */
enum kd_e820 { KD_E820_RAM = 1, KD_E820_RESERVED = 2, KD_E820_ACPI = 3, KD_E820_NVS = 4 };

struct kd_memory_range {
	uint64_t start;
	uint64_t bytes;
	uint32_t type; /* enum kd_e820 */
};

struct kd_memory_map {
	struct kd_memory_range *ranges; /* sorted by start, without overlap */
	size_t count, room;
};

void kd_memory_map_deinit(struct kd_memory_map *map);

/* Adds a range at its place; ranges must not overlap (KD_INVALID). KD_NOMEM. */
enum kd_status kd_memory_map_add(struct kd_memory_map *map, uint64_t start, uint64_t bytes,
				 uint32_t type, struct kd_err *err);
/* Takes [start, start + bytes) out of whatever covers it, splitting ranges. KD_NOMEM. */
enum kd_status kd_memory_map_cut(struct kd_memory_map *map, uint64_t start, uint64_t bytes,
				 struct kd_err *err);

/*
 * What the dump describes: all System RAM, the reservations cut out, and the first 640 KiB as one
 * range of its own. (The kernel's own list calls page 0 and the extended BIOS data reserved, but there
 * is memory, and a backup that has it whole is simpler to trust.)
 */
enum kd_status kd_memory_map_old(const struct kd_iomem *iomem, struct kd_memory_map *map,
				 struct kd_err *err);

/*
 * What the second kernel gets as its BIOS map: low System RAM, ACPI and reserved ranges as they are,
 * and of the reservations what is not in `keep` (the core header and the backup, which must survive).
 */
enum kd_status kd_memory_map_second(const struct kd_iomem *iomem,
				    const struct kd_memory_range *keep, size_t keep_count,
				    struct kd_memory_map *map, struct kd_err *err);

#endif
