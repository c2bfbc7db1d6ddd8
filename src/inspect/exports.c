/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "inspect/exports.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "host/file.h"
#include "host/system.h"
#include "inspect/fields.h"

enum { EXPORTS_MOST = 1 << 16, NAME_BYTES = 512, ENTRY_BYTES_MOST = 64 };

/* How an entry tells an address: by itself, or by how far it is from the member (CONFIG_HAVE_ARCH_PREL32_RELOCATIONS). */
struct layout {
	uint64_t bytes, value, name;
	bool relative;
};

static enum kd_status find_layout(struct kd_system *system, struct layout *layout,
				  struct kd_err *err)
{
	enum kd_status status = kd_size_of(system, "kernel_symbol", &layout->bytes, err);

	if (status)
		return status;
	if (layout->bytes > ENTRY_BYTES_MOST)
		return kd_fail(err, KD_CORRUPT, "struct kernel_symbol has %llu bytes",
			       (unsigned long long)layout->bytes);
	layout->relative =
		!kd_offset_of(system, "kernel_symbol.value_offset", &layout->value, NULL);
	if (layout->relative)
		return kd_offset_of(system, "kernel_symbol.name_offset", &layout->name, err);
	status = kd_offset_of(system, "kernel_symbol.value", &layout->value, err);
	return status ? status : kd_offset_of(system, "kernel_symbol.name", &layout->name, err);
}

static uint64_t get(const struct layout *layout, const uint8_t *entries, uint64_t at,
		    uint64_t table, uint64_t member)
{
	uint64_t place = at + member;
	uint64_t value;
	int32_t distance;

	if (layout->relative) {
		memcpy(&distance, entries + place, sizeof(distance));
		return table + place + (uint64_t)(int64_t)distance;
	}
	memcpy(&value, entries + place, sizeof(value));
	return value;
}

static int by_address(const void *a, const void *b)
{
	const struct kd_export *left = a, *right = b;

	return (left->vaddr > right->vaddr) - (left->vaddr < right->vaddr);
}

enum kd_status kd_exports_read(struct kd_system *system, uint64_t module,
			       struct kd_exports *exports, struct kd_err *err)
{
	KD_CLEANUP_FREE uint8_t *entries = NULL;
	struct layout layout;
	uint64_t table = 0, count = 0;
	enum kd_status status = kd_get(system, module, "module.num_syms", &count, err);

	*exports = (struct kd_exports){.list = NULL};
	if (!status && count)
		status = kd_get(system, module, "module.syms", &table, err);
	if (status || !count)
		return status;
	status = find_layout(system, &layout, err);
	if (status)
		return status;
	if (count > EXPORTS_MOST)
		return kd_fail(err, KD_CORRUPT, "%llu exported symbols", (unsigned long long)count);
	/* the last member may be shorter than what get() reads */
	entries = calloc((size_t)(count * layout.bytes) + sizeof(uint64_t), 1);
	exports->list = calloc((size_t)count, sizeof(*exports->list));
	if (!entries || !exports->list) {
		kd_exports_deinit(exports);
		return kd_fail_errno(err, ENOMEM, "exported symbols");
	}
	status = kd_system_read(system, table, entries, (size_t)(count * layout.bytes), err);
	if (status) {
		kd_exports_deinit(exports);
		return status;
	}
	for (uint64_t i = 0; i < count; i++) {
		struct kd_export *export = &exports->list[exports->count++];

		export->vaddr = get(&layout, entries, i * layout.bytes, table, layout.value);
		export->name = get(&layout, entries, i * layout.bytes, table, layout.name);
	}
	qsort(exports->list, exports->count, sizeof(*exports->list), by_address);
	return KD_OK;
}

void kd_exports_deinit(struct kd_exports *exports)
{
	free(exports->list);
	*exports = (struct kd_exports){.list = NULL};
}

bool kd_exports_has(const struct kd_exports *exports, struct kd_system *system, uint64_t vaddr,
		    const char *name)
{
	size_t low = 0, high = exports->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (exports->list[middle].vaddr < vaddr)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < exports->count && exports->list[low].vaddr == vaddr; low++) {
		char its[NAME_BYTES];

		if (!kd_read_text(system, exports->list[low].name, its, sizeof(its), NULL) &&
		    !strcmp(its, name))
			return true;
	}
	return false;
}
