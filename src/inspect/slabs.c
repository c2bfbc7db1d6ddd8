/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "inspect/slabs.h"

#include "arch/arch.h"
#include "dump/dump.h"
#include "inspect/fields.h"
#include "inspect/lists.h"
#include "inspect/partial.h"

enum {
	OO_SHIFT = 16, /* mm/slub.c: the order of a slab's pages is above these bits */
	ORDER_MOST = 20,
	NODES_MOST = 1024,
};

struct walk {
	struct kd_system *system;
	struct kd_field nodes, slab_list, inuse, objects;
	uint64_t node_count, page_bytes;
};

/* The free objects of slabs that are partly used; of others none counts as free (get_slabinfo() of mm/slub.c). */
static enum kd_status count_free(const struct walk *walk, uint64_t node, uint64_t *free,
				 struct kd_err *err)
{
	uint64_t offset = 0, link, inuse = 0, objects = 0;
	enum kd_status status = kd_offset_of(walk->system, "kmem_cache_node.partial", &offset, err);
	struct kd_list list;

	kd_list_begin(&list, walk->system, node + offset);
	while (!status && kd_list_next(&list, &link)) {
		uint64_t slab = link - walk->slab_list.offset;

		status = kd_field_get(walk->system, slab, &walk->inuse, &inuse, err);
		if (!status)
			status = kd_field_get(walk->system, slab, &walk->objects, &objects, err);
		if (!status && inuse > objects)
			status = kd_fail(err, KD_CORRUPT, "a slab with %llu of %llu objects used",
					 (unsigned long long)inuse, (unsigned long long)objects);
		*free += objects - inuse;
	}
	return kd_first_failure(status, &list.err, err);
}

static enum kd_status read_nodes(const struct walk *walk, struct kd_slab_cache *cache,
				 uint64_t pages, struct kd_err *err)
{
	uint64_t free = 0, node = 0;
	enum kd_status status = KD_OK;

	for (uint64_t i = 0; !status && i < walk->node_count; i++) {
		uint64_t slabs = 0, objects = 0;
		const struct kd_wanted members[] = {
			{"kmem_cache_node.nr_slabs.counter", &slabs},
			{"kmem_cache_node.total_objects.counter", &objects},
		};

		status = kd_read_u64(walk->system, cache->vaddr + walk->nodes.offset + 8 * i, &node,
				     err);
		if (status || !node)
			continue;
		status = kd_get_each(walk->system, node, members, 2, err);
		if (!status)
			status = count_free(walk, node, &free, err);
		cache->slabs += slabs;
		cache->objects += objects;
	}
	if (!status && free > cache->objects)
		status = kd_fail(err, KD_CORRUPT, "%llu of %llu objects free",
				 (unsigned long long)free, (unsigned long long)cache->objects);
	cache->used = cache->objects - free;
	cache->slab_bytes = cache->slabs * pages * walk->page_bytes;
	return status;
}

static enum kd_status read_cache(const struct walk *walk, struct kd_slab_cache *cache,
				 struct kd_err *err)
{
	uint64_t name = 0, order = 0;
	const struct kd_wanted members[] = {
		{"kmem_cache.name", &name},
		{"kmem_cache.object_size", &cache->object_bytes},
		{"kmem_cache.size", &cache->each_bytes},
		{"kmem_cache.oo.x", &order},
	};
	struct kd_field counter;
	enum kd_status status = kd_get_each(walk->system, cache->vaddr, members, 4, err);

	if (!status && name)
		status = kd_read_text(walk->system, name, cache->name, sizeof(cache->name), err);
	order >>= OO_SHIFT;
	if (!status && order > ORDER_MOST)
		status = kd_fail(err, KD_CORRUPT, "slabs of 1 << %llu pages",
				 (unsigned long long)order);
	if (status)
		return status;
	if (kd_field_find(walk->system, "kmem_cache_node.total_objects", &counter, NULL)) {
		cache->slabs = cache->slab_bytes = cache->objects = cache->used = UINT64_MAX;
		return KD_OK;
	}
	return read_nodes(walk, cache, UINT64_C(1) << order, err);
}

static enum kd_status prepare(struct walk *walk, struct kd_err *err)
{
	const struct {
		const char *path;
		struct kd_field *field;
	} fields[] = {
		{"kmem_cache.node", &walk->nodes},
		/* in struct page up to 5.16 */
		{"slab.slab_list|page.slab_list", &walk->slab_list},
		{"slab.inuse|page.inuse", &walk->inuse},
		{"slab.objects|page.objects", &walk->objects},
	};
	uint64_t vaddr = 0;
	uint32_t count = 1;
	enum kd_status status = KD_OK;

	for (size_t i = 0; !status && i < sizeof(fields) / sizeof(*fields); i++)
		status = kd_field_find(walk->system, fields[i].path, fields[i].field, err);
	if (status == KD_NOTFOUND)
		status = kd_context(err, KD_UNSUPPORTED, "its allocator is not SLUB");
	/* a machine that is built for one node has no such number */
	if (!status && !kd_system_symbol(walk->system, "nr_node_ids", &vaddr, NULL))
		status = kd_system_read(walk->system, vaddr, &count, sizeof(count), err);
	if (!status && count > NODES_MOST)
		status = kd_fail(err, KD_CORRUPT, "%u nodes", count);
	walk->node_count = walk->nodes.bytes / 8 < count ? walk->nodes.bytes / 8 : count;
	walk->page_bytes = kd_dump_arch(kd_kernel_dump(kd_system_kernel(walk->system)))->page_bytes;
	return status;
}

enum kd_status kd_slabs_each(struct kd_system *system, kd_slab_take *take, void *opaque,
			     struct kd_err *err)
{
	struct walk walk = {.system = system};
	struct kd_partial partial = {0};
	uint64_t head = 0, offset = 0, link;
	enum kd_status status = prepare(&walk, err);
	struct kd_list list;

	if (!status)
		status = kd_system_symbol(system, "slab_caches", &head, err);
	if (!status)
		status = kd_offset_of(system, "kmem_cache.list", &offset, err);
	kd_list_begin(&list, system, head);
	while (!status && kd_list_next(&list, &link)) {
		struct kd_slab_cache cache = {.vaddr = link - offset};
		struct kd_err why;
		enum kd_status bad = read_cache(&walk, &cache, &why);

		if (bad)
			kd_partial_skip(&partial,
					kd_context(&why, bad, "cache at 0x%llx",
						   (unsigned long long)cache.vaddr),
					&why);
		else if (!take(opaque, &cache))
			return KD_OK;
	}
	status = kd_partial_end(&partial, kd_first_failure(status, &list.err, err), err);
	return status ? kd_context(err, status, "slab caches") : KD_OK;
}
