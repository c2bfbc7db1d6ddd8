/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A sweep over all windows of a plan: work on them in parallel, take them in order. Private to this layer and to
 * src/view.
 */
#ifndef KD_SAVE_SWEEP_H
#define KD_SAVE_SWEEP_H

#include "save/plan.h"
#include "save/save.h"

/* Windows in flight for each worker, and how many it may get at once. */
enum { KD_SWEEP_WINDOWS = 8, KD_SWEEP_TOGETHER = 4 };

struct kd_sweep {
	/* Does the work on a window; called by any number of threads at once, `worker` counting them. */
	void (*work)(void *opaque, unsigned int worker, struct kd_window *window);
	/*
	 * How many bytes of room a window's work may need, in window->out, when only its place is known: one at a time, in
	 * order, while others are worked on or taken. NULL: none.
	 */
	size_t (*need)(void *opaque, struct kd_window *window);
	/* Takes a window that was worked on: one at a time, in order of addresses. Not KD_OK: all ends. */
	enum kd_status (*take)(void *opaque, struct kd_window *window, struct kd_err *err);
	void *opaque;
	/* Windows in flight; their number, first_pfn, pages, ahead, out and room are set here, all else is the caller's. */
	struct kd_window *windows;
	unsigned int window_count; /* at least workers */
	unsigned int workers;      /* threads, the calling one included */
	unsigned int together; /* windows that a worker gets at once, one after the other; 0: one */
	uint8_t *room; /* borrowed: what windows in flight share; at least what one of them needs */
	size_t room_bytes;
};

/*
 * How many windows keep so many workers busy while they are taken in order: while one is full of pages, many of those that
 * follow may have few or none. And for how many that are full there should be room.
 */
static inline unsigned int kd_sweep_windows(unsigned int workers)
{
	return KD_SWEEP_WINDOWS * workers;
}

static inline unsigned int kd_sweep_rooms(unsigned int workers)
{
	return workers > 1 ? 2 * workers : 1;
}

/* Runs the sweep, with fewer threads where so many cannot be had; the status of take(). */
enum kd_status kd_sweep_run(struct kd_sweep *sweep, const struct kd_plan *plan, struct kd_err *err);

#endif
