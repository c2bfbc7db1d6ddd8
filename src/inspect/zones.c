/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "inspect/zones.h"

#include <stdio.h>

#include "inspect/fields.h"

enum { NODES_MOST = 1024, ZONES_MOST = 16 };

struct walk {
	struct kd_system *system;
	kd_zone_take *take;
	void *opaque;
	uint64_t zones_offset, zone_bytes, area_bytes;
	unsigned int zones, orders;
	bool stopped;
};

static enum kd_status read_blocks(struct walk *walk, uint64_t vaddr, struct kd_zone *zone,
				  struct kd_err *err)
{
	uint64_t areas = 0;
	enum kd_status status = kd_offset_of(walk->system, "zone.free_area", &areas, err);

	for (unsigned int order = 0; !status && order < walk->orders; order++)
		status = kd_get(walk->system, vaddr + areas + order * walk->area_bytes,
				"free_area.nr_free", &zone->blocks[order], err);
	zone->orders = walk->orders;
	return status;
}

static enum kd_status read_zone(struct walk *walk, uint64_t vaddr, struct kd_zone *zone,
				struct kd_err *err)
{
	const struct {
		const char *path;
		uint64_t *value;
	} numbers[] = {
		{"zone.present_pages", &zone->present},
		{"zone.managed_pages.counter|zone.managed_pages", &zone->managed},
		{"zone._watermark[0]|zone.watermark[0]", &zone->watermark_min},
		{"zone._watermark[1]|zone.watermark[1]", &zone->watermark_low},
		{"zone._watermark[2]|zone.watermark[2]", &zone->watermark_high},
	};
	const struct kd_btf *btf = kd_system_types(walk->system, err);
	uint64_t name = 0;
	int64_t free_item = 0;
	char path[64];
	enum kd_status status = kd_get(walk->system, vaddr, "zone.name", &name, err);

	if (!status && name)
		status = kd_read_text(walk->system, name, zone->name, sizeof(zone->name), err);
	for (size_t i = 0; !status && i < sizeof(numbers) / sizeof(*numbers); i++)
		status = kd_get(walk->system, vaddr, numbers[i].path, numbers[i].value, err);
	if (!status)
		status = kd_btf_enumerator(btf, "NR_FREE_PAGES", &free_item, err);
	if (status)
		return status;
	snprintf(path, sizeof(path), "zone.vm_stat[%d].counter", (int)free_item);
	status = kd_get(walk->system, vaddr, path, &zone->free, err);
	/* what CPUs have not yet added up may make it negative for a moment */
	if ((int64_t)zone->free < 0)
		zone->free = 0;
	return status ? status : read_blocks(walk, vaddr, zone, err);
}

static enum kd_status walk_node(struct walk *walk, uint64_t node, unsigned int number,
				struct kd_err *err)
{
	enum kd_status status = KD_OK;

	for (unsigned int i = 0; !status && !walk->stopped && i < walk->zones; i++) {
		struct kd_zone zone = {.node = number};

		status = read_zone(walk, node + walk->zones_offset + i * walk->zone_bytes, &zone,
				   err);
		if (!status && zone.present)
			walk->stopped = !walk->take(walk->opaque, &zone);
	}
	return status;
}

static enum kd_status find_sizes(struct walk *walk, struct kd_err *err)
{
	struct kd_field field;
	enum kd_status status = kd_size_of(walk->system, "zone", &walk->zone_bytes, err);

	if (!status)
		status = kd_size_of(walk->system, "free_area", &walk->area_bytes, err);
	if (!status)
		status = kd_field_find(walk->system, "pglist_data.node_zones", &field, err);
	if (status)
		return status;
	walk->zones_offset = field.offset;
	if (!walk->zone_bytes || !walk->area_bytes || field.bytes / walk->zone_bytes > ZONES_MOST)
		return kd_fail(err, KD_CORRUPT, "zones of %llu bytes",
			       (unsigned long long)walk->zone_bytes);
	walk->zones = (unsigned int)(field.bytes / walk->zone_bytes);
	status = kd_field_find(walk->system, "zone.free_area", &field, err);
	if (!status && field.bytes / walk->area_bytes > KD_ZONE_ORDERS)
		return kd_fail(err, KD_CORRUPT, "free blocks of %llu orders",
			       (unsigned long long)(field.bytes / walk->area_bytes));
	if (!status)
		walk->orders = (unsigned int)(field.bytes / walk->area_bytes);
	return status;
}

enum kd_status kd_zones_each(struct kd_system *system, kd_zone_take *take, void *opaque,
			     struct kd_err *err)
{
	struct walk walk = {.system = system, .take = take, .opaque = opaque};
	uint64_t table = 0, node = 0, length = 0;
	enum kd_status status = find_sizes(&walk, err);

	if (status)
		return kd_context(err, status, "zones");
	/* a machine that is built for one node only has no table of them */
	if (kd_system_symbol(system, "node_data", &table, NULL)) {
		status = kd_system_symbol(system, "contig_page_data", &node, err);
		return status ? status : walk_node(&walk, node, 0, err);
	}
	if (kd_vmcoreinfo_length(kd_kernel_vmcoreinfo(kd_system_kernel(system)), "node_data",
				 &length, NULL) ||
	    length > NODES_MOST)
		length = NODES_MOST;
	for (unsigned int number = 0; !status && !walk.stopped && number < length; number++) {
		status = kd_read_u64(system, table + 8 * (uint64_t)number, &node, err);
		if (!status && node)
			status = walk_node(&walk, node, number, err);
	}
	return status ? kd_context(err, status, "zones") : KD_OK;
}
