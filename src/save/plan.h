/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which pages of a dump are saved: each window is decided by itself, whenever it is asked for: alike, if the source reads
 * alike (save/agree.h). What becomes of the first windows is remembered (save/memo.h). Private to this layer and to src/view.
 */
#ifndef KD_SAVE_PLAN_H
#define KD_SAVE_PLAN_H

#include "dump/dump.h"
#include "kernel/kernel.h"
#include "kernel/memmap.h"
#include "save/window.h"

struct kd_plan {
	struct kd_dump *dump;         /* borrowed */
	struct kd_kernel *kernel;     /* borrowed; NULL: pages cannot be told apart */
	const struct kd_pages *pages; /* the same */
	const struct kd_memmap
		*memmap;  /* borrowed; NULL: struct pages are the kernel's like others */
	uint32_t exclude; /* kinds that are left out */
	uint64_t page_bytes;
};

/* The ranges of RAM, cut into windows: rounded outwards to pages, none of them twice. */
struct kd_cursor {
	const struct kd_segment *segment, *end;
	uint64_t next_pfn; /* nothing before it comes again */
	uint64_t page_bytes;
};

void kd_cursor_init(struct kd_cursor *cursor, const struct kd_plan *plan);
/* The next window in order of addresses; false at the end. */
bool kd_cursor_next(struct kd_cursor *cursor, uint64_t *first_pfn, unsigned int *pages);

/* One past the last page of RAM. */
uint64_t kd_plan_max_pfn(const struct kd_plan *plan);

/* What one thread needs to decide windows. */
struct kd_judge {
	const struct kd_plan *plan;
	struct kd_reader *reader;
	struct kd_space space;
	struct kd_scan scan;
};

void kd_judge_init(struct kd_judge *judge, const struct kd_plan *plan, struct kd_reader *reader);

/*
 * Sets kinds and kept of a window whose first_pfn, pages and ahead are set; `now` becomes what of `kept` has one of
 * the kinds in `wanted`.
 */
void kd_judge_window(struct kd_judge *judge, struct kd_window *window, uint32_t wanted);

#endif
