/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel's trees: what is kept by a number (XArray and maple tree) and what is kept in order (red-black tree). All
 * of them are walked with a bound, as damage may have closed them to a loop. What of them cannot be read is left out, and
 * is the status at the end. A take() that is false stops the walk.
 */
#ifndef KD_INSPECT_TREES_H
#define KD_INSPECT_TREES_H

#include <stdbool.h>

#include "inspect/system.h"

/* An entry, a pointer as a rule, and the first and last number that it is for. */
typedef bool kd_entry_take(void *opaque, uint64_t first, uint64_t last, uint64_t entry);

/* Of a struct xarray (lib/xarray.c), which struct radix_tree_root is, too, since 4.20. */
enum kd_status kd_xarray_each(struct kd_system *system, uint64_t xarray, kd_entry_take *take,
			      void *opaque, struct kd_err *err);
/* Of a struct maple_tree (lib/maple_tree.c, since 6.1: 54a611b60590). */
enum kd_status kd_maple_each(struct kd_system *system, uint64_t tree, kd_entry_take *take,
			     void *opaque, struct kd_err *err);

/* A struct rb_node, in order; `root` is the node itself, 0 for an empty tree (lib/rbtree.c). */
typedef bool kd_node_take(void *opaque, uint64_t node);
enum kd_status kd_rb_each(struct kd_system *system, uint64_t root, kd_node_take *take, void *opaque,
			  struct kd_err *err);

#endif
