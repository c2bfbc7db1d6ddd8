/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "load/memory_map.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "host/system.h"

enum { PAGE_BYTES = 4096, LOW_MEGABYTE = 1 << 20 };

void kd_memory_map_deinit(struct kd_memory_map *map)
{
	free(map->ranges);
	*map = (struct kd_memory_map){0};
}

static enum kd_status insert(struct kd_memory_map *map, size_t at, struct kd_memory_range range,
			     struct kd_err *err)
{
	if (map->count == map->room) {
		size_t room = map->room ? 2 * map->room : 32;
		struct kd_memory_range *grown = reallocarray(map->ranges, room, sizeof(*grown));

		if (!grown)
			return kd_fail_errno(err, ENOMEM, "memory map");
		map->ranges = grown;
		map->room = room;
	}
	memmove(map->ranges + at + 1, map->ranges + at, (map->count - at) * sizeof(range));
	map->ranges[at] = range;
	map->count++;
	return KD_OK;
}

enum kd_status kd_memory_map_add(struct kd_memory_map *map, uint64_t start, uint64_t bytes,
				 uint32_t type, struct kd_err *err)
{
	size_t at = 0;
	uint64_t end;

	if (!bytes)
		return KD_OK;
	if (!kd_add(start, bytes, &end))
		return kd_fail(err, KD_INVALID, "0x%llx: a range past the end of memory",
			       (unsigned long long)start);
	while (at < map->count && map->ranges[at].start < start)
		at++;
	if ((at && map->ranges[at - 1].start + map->ranges[at - 1].bytes > start) ||
	    (at < map->count && map->ranges[at].start < end))
		return kd_fail(err, KD_INVALID, "0x%llx: ranges overlap",
			       (unsigned long long)start);
	return insert(map, at, (struct kd_memory_range){start, bytes, type}, err);
}

enum kd_status kd_memory_map_cut(struct kd_memory_map *map, uint64_t start, uint64_t bytes,
				 struct kd_err *err)
{
	uint64_t end = start + bytes;

	for (size_t i = 0; i < map->count;) {
		struct kd_memory_range old = map->ranges[i];
		uint64_t old_end = old.start + old.bytes;
		enum kd_status status;

		if (old_end <= start || old.start >= end) {
			i++;
			continue;
		}
		memmove(map->ranges + i, map->ranges + i + 1,
			(map->count - i - 1) * sizeof(*map->ranges));
		map->count--;
		if (old.start < start) {
			status = insert(
				map, i++,
				(struct kd_memory_range){old.start, start - old.start, old.type},
				err);
			if (status)
				return status;
		}
		if (old_end > end) {
			status =
				insert(map, i++,
				       (struct kd_memory_range){end, old_end - end, old.type}, err);
			if (status)
				return status;
		}
	}
	return KD_OK;
}

/* "System RAM", and what a driver hotplugged: "System RAM (kmem)", "System RAM (virtio_mem)". */
static bool is_system_ram(const struct kd_iomem_range *range)
{
	return !strncmp(range->name, "System RAM", 10);
}

enum kd_status kd_memory_map_old(const struct kd_iomem *iomem, struct kd_memory_map *map,
				 struct kd_err *err)
{
	struct kd_memory_map made = {0};
	struct kd_reservation reserved;
	uint64_t added_start = 0, added_end = 0;
	enum kd_status status = KD_OK;

	for (size_t i = 0; i < iomem->count && !status; i++) {
		const struct kd_iomem_range *range = &iomem->ranges[i];
		uint64_t start = kd_round_up(range->start, PAGE_BYTES);
		uint64_t end = kd_round_down(range->start + range->bytes, PAGE_BYTES);

		/*
		 * A reservation that was made smaller gives back a "System RAM" within the one that it was made in
		 * (crash_shrink_memory(), kernel/kexec_core.c).
		 */
		if (!is_system_ram(range) || end <= start ||
		    (start >= added_start && end <= added_end))
			continue;
		status = kd_memory_map_add(&made, start, end - start, KD_E820_RAM, err);
		added_start = start;
		added_end = end;
	}
	kd_iomem_reservation(iomem, &reserved);
	if (!status)
		status = kd_memory_map_cut(&made, reserved.start, reserved.bytes, err);
	if (!status)
		status = kd_memory_map_cut(&made, reserved.low_start, reserved.low_bytes, err);
	if (!status)
		status = kd_memory_map_cut(&made, 0, KD_LOW_MEMORY_BYTES, err);
	if (!status)
		status = kd_memory_map_add(&made, 0, KD_LOW_MEMORY_BYTES, KD_E820_RAM, err);
	if (status) {
		kd_memory_map_deinit(&made);
		return status;
	}
	*map = made;
	return KD_OK;
}

/* What stays as it is for the second kernel, as crash_setup_memmap_entries() of
 * arch/x86/kernel/crash.c has it. */
static const struct {
	const char *name;
	uint32_t type;
} kept_ranges[] = {
	{"ACPI Tables", KD_E820_ACPI},
	{"ACPI Non-volatile Storage", KD_E820_NVS},
	{"Reserved", KD_E820_RESERVED},
};

static enum kd_status add_kept(const struct kd_iomem_range *range, struct kd_memory_map *map,
			       struct kd_err *err)
{
	for (size_t i = 0; i < sizeof(kept_ranges) / sizeof(*kept_ranges); i++)
		if (!range->depth && !strcmp(range->name, kept_ranges[i].name))
			return kd_memory_map_add(map, range->start, range->bytes,
						 kept_ranges[i].type, err);
	if (!range->depth && is_system_ram(range) && range->start < LOW_MEGABYTE) {
		uint64_t end = range->start + range->bytes;

		if (end > LOW_MEGABYTE)
			end = LOW_MEGABYTE;
		return kd_memory_map_add(map, range->start, end - range->start, KD_E820_RAM, err);
	}
	return KD_OK;
}

enum kd_status kd_memory_map_second(const struct kd_iomem *iomem,
				    const struct kd_memory_range *keep, size_t keep_count,
				    struct kd_memory_map *map, struct kd_err *err)
{
	struct kd_memory_map made = {0};
	struct kd_reservation reserved;
	enum kd_status status = KD_OK;

	for (size_t i = 0; i < iomem->count && !status; i++)
		status = add_kept(&iomem->ranges[i], &made, err);
	kd_iomem_reservation(iomem, &reserved);
	if (!status)
		status = kd_memory_map_add(&made, reserved.start, reserved.bytes, KD_E820_RAM, err);
	if (!status)
		status = kd_memory_map_add(&made, reserved.low_start, reserved.low_bytes,
					   KD_E820_RAM, err);
	for (size_t i = 0; i < keep_count && !status; i++)
		status = kd_memory_map_cut(&made, keep[i].start, keep[i].bytes, err);
	if (status) {
		kd_memory_map_deinit(&made);
		return status;
	}
	*map = made;
	return KD_OK;
}
