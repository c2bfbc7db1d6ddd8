/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "inspect/trees.h"

#include "inspect/fields.h"

enum {
	NODES_MOST = 1 << 20,
	DEPTH_MOST = 128,
	XARRAY_DEPTH_MOST = 16,
	MAPLE_DEPTH_MOST = 32,
	XARRAY_SLOTS_MOST = 64,
	/* include/linux/xarray.h: the two low bits 2 mark an entry of the tree's own; small ones are no nodes */
	INTERNAL_MASK = 3,
	INTERNAL = 2,
	INTERNAL_LEAST = 4096,
	/* include/linux/maple_tree.h: nodes are aligned to 256 bytes; bits 3 to 6 of a pointer tell the node's type */
	MAPLE_NODE_BYTES = 256,
	MAPLE_TYPE_SHIFT = 3,
	MAPLE_TYPE_MASK = 15,
	MAPLE_SLOTS_MOST = 31,
};

static bool is_node(uint64_t entry)
{
	return (entry & INTERNAL_MASK) == INTERNAL && entry > INTERNAL_LEAST;
}

/* What cannot be read is lost, and the rest is not; but what contradicts itself may have no end. */
static enum kd_status go_on(enum kd_status status, enum kd_status *lost)
{
	if (!status || status == KD_CORRUPT)
		return status;
	*lost = status;
	return KD_OK;
}

struct xarray_walk {
	struct kd_system *system;
	struct kd_field shift, slots;
	kd_entry_take *take;
	void *opaque;
	unsigned int nodes;
	bool stopped;
};

static enum kd_status walk_xarray(struct xarray_walk *walk, uint64_t entry, uint64_t first,
				  uint64_t last, unsigned int depth, struct kd_err *err)
{
	uint64_t node = entry - INTERNAL, shift = 0, slot;
	unsigned int count = (unsigned int)(walk->slots.bytes / 8);
	enum kd_status status, lost = KD_OK;

	if (!entry)
		return KD_OK;
	if (!is_node(entry)) {
		/* marks of the tree's own: a value that is reserved, or more of the entry before */
		if ((entry & INTERNAL_MASK) != INTERNAL)
			walk->stopped = !walk->take(walk->opaque, first, last, entry);
		return KD_OK;
	}
	if (depth == XARRAY_DEPTH_MOST || ++walk->nodes > NODES_MOST)
		return kd_fail(err, KD_CORRUPT, "an XArray without an end");
	status = kd_field_get(walk->system, node, &walk->shift, &shift, err);
	if (!status && shift >= 64)
		status = kd_fail(err, KD_CORRUPT, "a node of an XArray for %llu bits",
				 (unsigned long long)shift);
	for (unsigned int i = 0; !status && !walk->stopped && i < count; i++) {
		uint64_t from = first + ((uint64_t)i << shift);

		status = kd_read_u64(walk->system, node + walk->slots.offset + 8 * (uint64_t)i,
				     &slot, err);
		if (!status)
			status = walk_xarray(walk, slot, from, from + (UINT64_C(1) << shift) - 1,
					     depth + 1, err);
		status = go_on(status, &lost);
	}
	return status ? status : lost;
}

enum kd_status kd_xarray_each(struct kd_system *system, uint64_t xarray, kd_entry_take *take,
			      void *opaque, struct kd_err *err)
{
	struct xarray_walk walk = {.system = system, .take = take, .opaque = opaque};
	uint64_t head = 0;
	enum kd_status status = kd_field_find(system, "xa_node.shift", &walk.shift, err);

	if (!status)
		status = kd_field_find(system, "xa_node.slots", &walk.slots, err);
	if (!status)
		status = kd_get(system, xarray, "xarray.xa_head", &head, err);
	if (!status && walk.slots.bytes / 8 > XARRAY_SLOTS_MOST)
		status = kd_fail(err, KD_CORRUPT, "nodes of %llu slots",
				 (unsigned long long)walk.slots.bytes / 8);
	/* an entry at the root is that of number 0 */
	return status ? status : walk_xarray(&walk, head, 0, 0, 0, err);
}

/* The forms of a maple tree's nodes: enum maple_type, by its value. */
static const struct maple_form {
	const char *pivots, *slots;
	bool is_leaf;
} maple_forms[] = {
	{NULL, NULL, true}, /* maple_dense is not made by any kernel yet */
	{"maple_range_64.pivot", "maple_range_64.slot", true},
	{"maple_range_64.pivot", "maple_range_64.slot", false},
	{"maple_arange_64.pivot", "maple_arange_64.slot", false},
};

struct maple_walk {
	struct kd_system *system;
	kd_entry_take *take;
	void *opaque;
	unsigned int nodes;
	bool stopped;
};

/*
 * Slot i is for the numbers behind pivot i-1 up to pivot i. The last pivot that counts is the node's own end, or the
 * first that is 0; what lies behind it is not in use.
 */
static enum kd_status walk_maple(struct maple_walk *walk, uint64_t entry, uint64_t first,
				 uint64_t last, unsigned int depth, struct kd_err *err)
{
	uint64_t node = entry & ~(uint64_t)(MAPLE_NODE_BYTES - 1), slot;
	unsigned int type = entry >> MAPLE_TYPE_SHIFT & MAPLE_TYPE_MASK;
	const struct maple_form *form;
	struct kd_field pivots, slots;
	unsigned int count;
	enum kd_status status, lost = KD_OK;

	if (type >= sizeof(maple_forms) / sizeof(*maple_forms) || !maple_forms[type].slots)
		return kd_fail(err, KD_CORRUPT, "a node of a maple tree of type %u", type);
	if (depth == MAPLE_DEPTH_MOST || ++walk->nodes > NODES_MOST)
		return kd_fail(err, KD_CORRUPT, "a maple tree without an end");
	form = &maple_forms[type];
	status = kd_field_find(walk->system, form->pivots, &pivots, err);
	if (!status)
		status = kd_field_find(walk->system, form->slots, &slots, err);
	if (status)
		return status;
	count = (unsigned int)(slots.bytes / 8);
	if (count > MAPLE_SLOTS_MOST || pivots.bytes / 8 + 1 < count)
		return kd_fail(err, KD_CORRUPT, "a node of a maple tree of %u slots", count);
	for (unsigned int i = 0; !status && !walk->stopped && i < count; i++) {
		uint64_t pivot = last;

		if (i < count - 1)
			status = kd_read_u64(walk->system, node + pivots.offset + 8 * (uint64_t)i,
					     &pivot, err);
		/* a pivot of 0 is the end but for the first number of all */
		if (pivot > last || (!pivot && (i || first)))
			pivot = last;
		if (pivot < first)
			return kd_fail(err, KD_CORRUPT, "a maple tree that is out of order");
		if (!status)
			status = kd_read_u64(walk->system, node + slots.offset + 8 * (uint64_t)i,
					     &slot, err);
		if (status)
			return status;
		if (form->is_leaf) {
			if (slot && (slot & INTERNAL_MASK) != INTERNAL)
				walk->stopped = !walk->take(walk->opaque, first, pivot, slot);
		} else if (slot) {
			status = go_on(walk_maple(walk, slot, first, pivot, depth + 1, err), &lost);
		}
		if (pivot == last)
			break;
		first = pivot + 1;
	}
	return status ? status : lost;
}

enum kd_status kd_maple_each(struct kd_system *system, uint64_t tree, kd_entry_take *take,
			     void *opaque, struct kd_err *err)
{
	struct maple_walk walk = {.system = system, .take = take, .opaque = opaque};
	uint64_t root = 0;
	enum kd_status status = kd_get(system, tree, "maple_tree.ma_root", &root, err);

	if (status || !root)
		return status;
	if (is_node(root))
		return walk_maple(&walk, root, 0, UINT64_MAX, 0, err);
	if ((root & INTERNAL_MASK) != INTERNAL)
		take(opaque, 0, 0, root);
	return KD_OK;
}

/* With the parents on a stack of our own. */
enum kd_status kd_rb_each(struct kd_system *system, uint64_t root, kd_node_take *take, void *opaque,
			  struct kd_err *err)
{
	uint64_t parents[DEPTH_MOST], node = root;
	unsigned int depth = 0, nodes = 0;
	struct kd_field left, right;
	enum kd_status lost = KD_OK;
	enum kd_status status = kd_field_find(system, "rb_node.rb_left", &left, err);

	if (!status)
		status = kd_field_find(system, "rb_node.rb_right", &right, err);
	while (!status && (node || depth)) {
		if (node) {
			if (depth == DEPTH_MOST || ++nodes > NODES_MOST)
				return kd_fail(err, KD_CORRUPT, "a red-black tree without an end");
			parents[depth++] = node;
			node = 0;
			status = go_on(kd_field_get(system, parents[depth - 1], &left, &node, err),
				       &lost);
			continue;
		}
		depth--;
		node = 0;
		if (!take(opaque, parents[depth]))
			return KD_OK;
		status = go_on(kd_field_get(system, parents[depth], &right, &node, err), &lost);
	}
	return status ? status : lost;
}
