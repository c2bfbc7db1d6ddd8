/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The stacks of the CPUs. Kernels with CONFIG_VMAP_STACK have them in the vmalloc area, and cores of a kernel have only its image
 * and the direct map: a debugger that knows no page tables finds stacks only where the symbol file has them.
 */
#ifndef KD_SYMFILE_STACKS_H
#define KD_SYMFILE_STACKS_H

#include "symfile/buffer.h"
#include "symfile/layout.h"

/* Pages that lie behind one another. */
struct kd_stack_part {
	uint64_t vaddr, bytes;
	size_t at; /* in kd_stacks.memory */
};

struct kd_stacks {
	struct kd_stack_part *list; /* sorted by address */
	size_t count;
	struct kd_buffer memory;
};

enum { KD_STACK_PAGE_BYTES = 4096 };

/* Pages as they come, some of them more than once. */
struct kd_stack_pages {
	uint64_t *list;
	size_t count, room;
};

/* Adds those of a range of at least a byte, up to the end of addresses; false: there is no room for more. */
bool kd_stack_pages_add(struct kd_stack_pages *pages, uint64_t start, uint64_t bytes);

/*
 * The pages that unwinding each CPU's stack goes through; those that cannot be read are left out, and those that are in a section
 * of the layout. KD_NOMEM, KD_UNSUPPORTED, or why there are no tasks.
 */
enum kd_status kd_stacks_init(struct kd_stacks *stacks, const struct kd_layout *layout,
			      struct kd_err *err);
void kd_stacks_deinit(struct kd_stacks *stacks);

#endif
