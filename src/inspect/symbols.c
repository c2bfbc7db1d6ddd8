/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An array sorted by address, names in one block of text, and a hash table of ranks by name. Some 160,000 symbols in
 * 8 MB.
 */
#include "inspect/symbols.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "host/file.h"
#include "host/system.h"
#include "kernel/kallsyms.h"

enum { RANGES_MOST = 4096, SYMBOLS_MOST = 1 << 24, NAMES_MOST = 1 << 30 };

struct range {
	uint64_t vaddr, bytes;
	unsigned int module;
};

struct kd_symbols {
	struct kd_symbol *list;
	size_t count, room;
	char *names;
	size_t name_bytes, name_room;
	uint32_t *slots;           /* 1 + rank, by the hash of the name; 0: free */
	size_t slot_count, hashed; /* of the first so many symbols */
	struct range ranges[RANGES_MOST];
	size_t range_count;
};

enum kd_status kd_symbols_add(struct kd_symbols *symbols, uint64_t vaddr, char type,
			      unsigned int module, const char *name, struct kd_err *err)
{
	size_t length = strlen(name) + 1;

	if (symbols->count == symbols->room) {
		size_t room = symbols->room ? 2 * symbols->room : 1 << 12;
		struct kd_symbol *grown = realloc(symbols->list, room * sizeof(*grown));

		if (!grown || room > SYMBOLS_MOST)
			return kd_fail_errno(err, ENOMEM, "%zu symbols", room);
		symbols->list = grown;
		symbols->room = room;
	}
	if (symbols->name_bytes + length > symbols->name_room) {
		size_t room = symbols->name_room ? 2 * symbols->name_room : 1 << 18;
		char *grown = realloc(symbols->names, room);

		if (!grown || room > NAMES_MOST)
			return kd_fail_errno(err, ENOMEM, "names of %zu symbols", symbols->count);
		symbols->names = grown;
		symbols->name_room = room;
	}
	memcpy(symbols->names + symbols->name_bytes, name, length);
	kd_text_clean(symbols->names + symbols->name_bytes, length);
	kd_text_clean(&type, 1);
	symbols->list[symbols->count++] = (struct kd_symbol){
		.vaddr = vaddr,
		.name = (uint32_t)symbols->name_bytes,
		.module = (uint16_t)module,
		.type = type,
	};
	symbols->name_bytes += length;
	return KD_OK;
}

enum kd_status kd_symbols_add_range(struct kd_symbols *symbols, uint64_t vaddr, uint64_t bytes,
				    unsigned int module, struct kd_err *err)
{
	if (symbols->range_count == RANGES_MOST)
		return kd_fail(err, KD_UNSUPPORTED, "more than %d ranges of modules", RANGES_MOST);
	symbols->ranges[symbols->range_count++] = (struct range){vaddr, bytes, module};
	return KD_OK;
}

static uint32_t hash_name(const char *name)
{
	return kd_text_hash(name, strlen(name));
}

static int by_address(const void *left, const void *right)
{
	const struct kd_symbol *a = left, *b = right;

	if (a->vaddr != b->vaddr)
		return a->vaddr < b->vaddr ? -1 : 1;
	/* names were added in the order of the kernel's own tables */
	return a->name < b->name ? -1 : a->name > b->name;
}

static int by_range(const void *left, const void *right)
{
	const struct range *a = left, *b = right;

	return a->vaddr < b->vaddr ? -1 : a->vaddr > b->vaddr;
}

/* Sorts the list from `first` on; true when it is sorted as a whole then. */
static bool sort_from(struct kd_symbols *symbols, size_t first)
{
	struct kd_symbol *list = symbols->list;
	size_t sorted = first + 1;

	while (sorted < symbols->count && by_address(&list[sorted - 1], &list[sorted]) <= 0)
		sorted++;
	if (sorted < symbols->count)
		qsort(list + first, symbols->count - first, sizeof(*list), by_address);
	return !first || first == symbols->count || by_address(&list[first - 1], &list[first]) <= 0;
}

static void hash_one(struct kd_symbols *symbols, size_t rank)
{
	const size_t mask = symbols->slot_count - 1;
	size_t slot = hash_name(symbols->names + symbols->list[rank].name) & mask;

	while (symbols->slots[slot])
		slot = (slot + 1) & mask;
	symbols->slots[slot] = (uint32_t)rank + 1;
}

/* Those that are not in the table yet: the kernel's own first, so that they are found first. */
static void hash_all(struct kd_symbols *symbols)
{
	for (int modules = 0; modules < 2; modules++)
		for (size_t rank = symbols->hashed; rank < symbols->count; rank++)
			if ((symbols->list[rank].module != KD_KERNEL_ITSELF) == modules)
				hash_one(symbols, rank);
	symbols->hashed = symbols->count;
}

static bool only_modules_are_new(const struct kd_symbols *symbols)
{
	for (size_t rank = symbols->hashed; rank < symbols->count; rank++)
		if (symbols->list[rank].module == KD_KERNEL_ITSELF)
			return false;
	return true;
}

enum kd_status kd_symbols_sort(struct kd_symbols *symbols, struct kd_err *err)
{
	/* modules lie above the kernel as a rule: what is in the table then keeps its ranks */
	bool sorted = sort_from(symbols, symbols->hashed);
	size_t slots = 16;

	if (!sorted)
		sort_from(symbols, 0);
	qsort(symbols->ranges, symbols->range_count, sizeof(*symbols->ranges), by_range);
	while (slots < 2 * symbols->count)
		slots *= 2;
	if (!sorted || slots > symbols->slot_count || !only_modules_are_new(symbols)) {
		free(symbols->slots);
		symbols->slots = calloc(slots, sizeof(*symbols->slots));
		symbols->slot_count = slots;
		symbols->hashed = 0;
	}
	if (!symbols->slots)
		return kd_fail_errno(err, ENOMEM, "%zu symbols", symbols->count);
	hash_all(symbols);
	return KD_OK;
}

struct taking {
	struct kd_symbols *symbols;
	struct kd_err *err;
	enum kd_status status;
};

static bool take(void *opaque, uint32_t number, char type, const char *name)
{
	struct taking *taking = opaque;

	taking->status =
		kd_symbols_add(taking->symbols, 0, type, KD_KERNEL_ITSELF, name, taking->err);
	return !taking->status;
}

/* The kernel's image: where its symbols may be. */
static void add_image(struct kd_symbols *symbols)
{
	const struct kd_symbol *start = kd_symbols_find(symbols, "_text", NULL);
	const struct kd_symbol *end = kd_symbols_find(symbols, "_end", NULL);

	if (!start)
		start = kd_symbols_find(symbols, "_stext", NULL);
	if (start && end && end->vaddr > start->vaddr)
		kd_symbols_add_range(symbols, start->vaddr, end->vaddr - start->vaddr,
				     KD_KERNEL_ITSELF, NULL);
}

static enum kd_status read_kernel(struct kd_symbols *symbols, struct kd_kernel *kernel,
				  struct kd_err *err)
{
	KD_CLEANUP_FREE struct kd_kallsyms *tables = malloc(sizeof(*tables));
	KD_CLEANUP_FREE uint64_t *vaddrs = NULL;
	struct taking taking = {symbols, err, KD_OK};
	enum kd_status status;

	if (!tables)
		return kd_fail_errno(err, ENOMEM, "symbols");
	status = kd_kallsyms_init(tables, kernel, err);
	if (!status)
		status = kd_kallsyms_each(tables, take, &taking, err);
	if (!status)
		status = taking.status;
	if (status)
		return status;
	vaddrs = malloc(symbols->count * sizeof(*vaddrs));
	if (!vaddrs)
		return kd_fail_errno(err, ENOMEM, "%zu symbols", symbols->count);
	status = kd_kallsyms_addresses(tables, 0, (uint32_t)symbols->count, vaddrs, err);
	for (size_t i = 0; !status && i < symbols->count; i++)
		symbols->list[i].vaddr = vaddrs[i];
	if (!status)
		status = kd_symbols_sort(symbols, err);
	if (!status)
		add_image(symbols);
	return status;
}

enum kd_status kd_symbols_open(struct kd_kernel *kernel, struct kd_symbols **symbols,
			       struct kd_err *err)
{
	struct kd_symbols *made = calloc(1, sizeof(*made));
	enum kd_status status;

	if (!made)
		return kd_fail_errno(err, ENOMEM, "symbols");
	status = read_kernel(made, kernel, err);
	if (status)
		kd_symbols_close(made);
	else
		*symbols = made;
	return status;
}

void kd_symbols_close(struct kd_symbols *symbols)
{
	if (!symbols)
		return;
	free(symbols->list);
	free(symbols->names);
	free(symbols->slots);
	free(symbols);
}

size_t kd_symbols_count(const struct kd_symbols *symbols)
{
	return symbols->count;
}

const struct kd_symbol *kd_symbols_get(const struct kd_symbols *symbols, size_t rank)
{
	return &symbols->list[rank];
}

const char *kd_symbol_name(const struct kd_symbols *symbols, const struct kd_symbol *symbol)
{
	return symbols->names + symbol->name;
}

const struct kd_symbol *kd_symbols_find(const struct kd_symbols *symbols, const char *name,
					const struct kd_symbol *after)
{
	size_t mask = symbols->slot_count - 1, slot = hash_name(name) & mask;
	bool passed = !after;

	/* where there was no memory for the table, nothing is found */
	for (; symbols->slots && symbols->slots[slot]; slot = (slot + 1) & mask) {
		const struct kd_symbol *symbol = &symbols->list[symbols->slots[slot] - 1];

		if (strcmp(symbols->names + symbol->name, name))
			continue;
		if (passed)
			return symbol;
		passed = symbol == after;
	}
	return NULL;
}

static const struct range *range_of(const struct kd_symbols *symbols, uint64_t vaddr)
{
	size_t low = 0, high = symbols->range_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct range *range = &symbols->ranges[middle];

		if (vaddr < range->vaddr)
			high = middle;
		else if (vaddr - range->vaddr >= range->bytes)
			low = middle + 1;
		else
			return range;
	}
	return NULL;
}

const struct kd_symbol *kd_symbols_at(const struct kd_symbols *symbols, uint64_t vaddr)
{
	const struct range *range = range_of(symbols, vaddr);
	const struct kd_symbol *list = symbols->list;
	size_t low = 0, high = symbols->count;

	if (!range)
		return NULL;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (list[middle].vaddr <= vaddr)
			low = middle + 1;
		else
			high = middle;
	}
	if (!low || list[low - 1].vaddr < range->vaddr || list[low - 1].module != range->module)
		return NULL;
	while (low > 1 && list[low - 2].vaddr == list[low - 1].vaddr)
		low--;
	return &list[low - 1];
}
