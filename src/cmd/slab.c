/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kdump slab: the kernel's caches of objects, the largest first. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/dump_input.h"
#include "host/system.h"
#include "inspect/slabs.h"

struct caches {
	struct kd_slab_cache *list;
	size_t count, room;
	bool is_full; /* no memory for more */
};

static bool add_cache(void *opaque, const struct kd_slab_cache *cache)
{
	struct caches *caches = opaque;
	struct kd_slab_cache *grown;

	if (caches->count == caches->room) {
		caches->room = caches->room ? 2 * caches->room : 256;
		grown = realloc(caches->list, caches->room * sizeof(*grown));
		caches->is_full = !grown;
		if (!grown)
			return false;
		caches->list = grown;
	}
	caches->list[caches->count++] = *cache;
	return true;
}

static int by_size(const void *left, const void *right)
{
	const struct kd_slab_cache *a = left, *b = right;

	if (a->slab_bytes != b->slab_bytes)
		return a->slab_bytes < b->slab_bytes ? 1 : -1;
	return strcmp(a->name, b->name);
}

static void print_text(const struct caches *caches)
{
	printf("%10s %10s %10s %8s %8s  %s\n", "KiB", "OBJECTS", "USED", "BYTES", "EACH", "NAME");
	for (size_t i = 0; i < caches->count; i++) {
		const struct kd_slab_cache *cache = &caches->list[i];

		if (cache->objects == UINT64_MAX)
			printf("%10s %10s %10s", "-", "-", "-");
		else
			printf("%10" PRIu64 " %10" PRIu64 " %10" PRIu64, cache->slab_bytes >> 10,
			       cache->objects, cache->used);
		printf(" %8" PRIu64 " %8" PRIu64 "  %s\n", cache->object_bytes, cache->each_bytes,
		       cache->name);
	}
}

static json_t *count_json(uint64_t count)
{
	return count == UINT64_MAX ? json_null() : json_integer((json_int_t)count);
}

static json_t *caches_json(const struct caches *caches)
{
	json_t *list = json_array();

	for (size_t i = 0; i < caches->count; i++) {
		const struct kd_slab_cache *cache = &caches->list[i];

		kd_json_append(list,
			       json_pack("{s:o, s:I, s:I, s:o, s:o, s:o, s:o, s:o}", "name",
					 kd_json_text(cache->name, strlen(cache->name)),
					 "object_bytes", (json_int_t)cache->object_bytes,
					 "each_bytes", (json_int_t)cache->each_bytes, "objects",
					 count_json(cache->objects), "used",
					 count_json(cache->used), "slabs", count_json(cache->slabs),
					 "slab_bytes", count_json(cache->slab_bytes), "cache",
					 kd_json_address(cache->vaddr)));
	}
	return list;
}

static int show(struct kd_input *input, bool json)
{
	struct caches caches = {0};
	struct kd_err err = {0};
	enum kd_status status = kd_slabs_each(input->system, add_cache, &caches, &err);
	int printed;

	if (caches.is_full)
		status = kd_fail_errno(&err, ENOMEM, "%zu caches", caches.count);
	if (caches.count)
		qsort(caches.list, caches.count, sizeof(*caches.list), by_size);
	if (json) {
		printed = kd_json_print(caches_json(&caches));
	} else {
		print_text(&caches);
		printed = kd_output_end();
	}
	free(caches.list);
	return status ? kd_command_failed(&err) : printed;
}

static int run_slab(const struct kd_command *self, int argc, char **argv)
{
	return kd_input_run(self, argc, argv, kd_input_open_system, show);
}

const struct kd_command kd_cmd_slab = {
	.name = "slab",
	.synopsis = "[--json] [--raw-input[=BASE]] DUMP...",
	.summary = "list the kernel's caches of objects, the largest first",
	.run = run_slab,
	.options = "  --json              print JSON, a list of caches\n" KD_INPUT_HELP,
};
