/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Windows are dealt out in order, worked on in any order, and taken in order, so that what is written
 * does not depend on how many threads there are.
 *
 * There is a ring of windows, and three counts: `taken` <= `dealt` <= `taken` + the ring's size. Window number
 * n lives in slot n % size from when it is dealt until it is taken, and for as long has its piece of the room for page
 * data, which is a ring as well, of fewer windows if all were full. Nobody is the writer: whoever finishes
 * a window looks whether the next one to be taken is ready, and if nobody is at it takes it, and those
 * that are ready behind it. One that falls behind thus holds up nobody until a ring is full; then the others
 * sleep until something is taken. With one worker all this is a plain loop without a second thread.
 *
 * Invariants, under the lock: a slot is written by its worker alone between being dealt and `ready`, and by the
 * taker alone while `taking`; `taken` rises by one when the slot is free again; once `failed`, nothing is
 * dealt or taken any more. Where nothing is in flight, any window finds a slot and room, so that not all can sleep.
 */
#include "save/sweep.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>

#include "host/system.h"
#include "save/room.h"

struct state {
	struct kd_sweep *sweep;
	struct kd_cursor cursor;
	pthread_mutex_t lock;
	pthread_cond_t changed; /* a slot became free, all was dealt, or it failed */
	uint64_t dealt, taken;
	struct kd_room room;
	bool found; /* the window to be dealt next stands in its slot, and waits for room */
	bool ready[KD_SWEEP_WINDOWS * KD_WORKERS_MOST];
	bool all_dealt, taking, failed;
	unsigned int sleeping;
	enum kd_status status;
	struct kd_err err;
};

struct worker {
	struct state *state;
	unsigned int number;
	pthread_t thread;
};

static void wake_all(struct state *state)
{
	if (state->sleeping)
		pthread_cond_broadcast(&state->changed);
}

static void sleep_for_change(struct state *state)
{
	state->sleeping++;
	pthread_cond_wait(&state->changed, &state->lock);
	state->sleeping--;
}

/* Takes what is ready, unless somebody is at it. The lock is held, but not while a window is taken. */
static void take_ready(struct state *state)
{
	struct kd_sweep *sweep = state->sweep;

	if (state->taking)
		return;
	state->taking = true;
	while (!state->failed && state->taken < state->dealt &&
	       state->ready[state->taken % sweep->window_count]) {
		unsigned int slot = (unsigned int)(state->taken % sweep->window_count);
		enum kd_status status;

		pthread_mutex_unlock(&state->lock);
		status = sweep->take(sweep->opaque, &sweep->windows[slot], &state->err);
		pthread_mutex_lock(&state->lock);
		if (sweep->windows[slot].room)
			kd_room_give(&state->room, sweep->windows[slot].out,
				     sweep->windows[slot].room);
		state->ready[slot] = false;
		state->taken++;
		if (status) {
			state->status = status;
			state->failed = true;
		}
		wake_all(state);
	}
	state->taking = false;
}

/* Looks for the next window, unless that was done; false when there is none. */
static bool find_next(struct state *state, struct kd_window *window)
{
	struct kd_sweep *sweep = state->sweep;

	if (state->found)
		return true;
	if (!kd_cursor_next(&state->cursor, &window->first_pfn, &window->pages)) {
		state->all_dealt = true;
		wake_all(state);
		return false;
	}
	window->number = state->dealt;
	window->room = sweep->need ? sweep->need(sweep->opaque, window) : 0;
	state->found = true;
	return true;
}

static struct kd_window *window_in(const struct state *state, uint64_t number)
{
	return &state->sweep->windows[number % state->sweep->window_count];
}

/* Deals the next window into its slot; false when there is none, or no slot or room for it yet. */
static bool deal(struct state *state)
{
	struct kd_window *window = window_in(state, state->dealt);

	if (state->dealt - state->taken == state->sweep->window_count || !find_next(state, window))
		return false;
	if (window->room) {
		window->out = kd_room_take(&state->room, window->room);
		if (!window->out)
			return false;
	}
	state->found = false;
	state->dealt++;
	return true;
}

/* Deals as many as a worker gets at once, at least one unless there is none for now; returns how many, from *first on. */
static unsigned int deal_some(struct state *state, uint64_t *first)
{
	const unsigned int most = state->sweep->together ? state->sweep->together : 1;
	unsigned int count = 0, ahead = 0;

	*first = state->dealt;
	while (count < most && deal(state))
		count++;
	for (unsigned int i = count; i-- > 0;) {
		struct kd_window *window = window_in(state, *first + i);
		uint64_t end = window->first_pfn + window->pages;

		/* behind a gap something else begins */
		if (i + 1 < count && window_in(state, *first + i + 1)->first_pfn != end)
			ahead = 0;
		window->ahead = ahead;
		ahead += window->pages;
	}
	return count;
}

static void run_worker(struct state *state, unsigned int number)
{
	struct kd_sweep *sweep = state->sweep;

	pthread_mutex_lock(&state->lock);
	while (!state->failed && !state->all_dealt) {
		uint64_t first;
		unsigned int count = deal_some(state, &first);

		if (!count) {
			if (!state->all_dealt)
				sleep_for_change(state);
			continue;
		}
		pthread_mutex_unlock(&state->lock);
		for (unsigned int i = 0; i < count; i++)
			sweep->work(sweep->opaque, number, window_in(state, first + i));
		pthread_mutex_lock(&state->lock);
		for (unsigned int i = 0; i < count; i++)
			state->ready[(first + i) % sweep->window_count] = true;
		take_ready(state);
	}
	pthread_mutex_unlock(&state->lock);
}

static void *worker_main(void *argument)
{
	struct worker *worker = argument;

	run_worker(worker->state, worker->number);
	return NULL;
}

enum kd_status kd_sweep_run(struct kd_sweep *sweep, const struct kd_plan *plan, struct kd_err *err)
{
	struct state state = {
		.sweep = sweep,
		.room = {.memory = sweep->room, .bytes = sweep->room_bytes},
	};
	struct worker workers[KD_WORKERS_MOST];
	unsigned int started = 1;

	kd_cursor_init(&state.cursor, plan);
	pthread_mutex_init(&state.lock, NULL);
	pthread_cond_init(&state.changed, NULL);
	for (; started < sweep->workers; started++) {
		workers[started] = (struct worker){&state, started, 0};
		/* fewer threads than asked for are slower, and all the same right */
		if (pthread_create(&workers[started].thread, NULL, worker_main, &workers[started]))
			break;
	}
	run_worker(&state, 0);
	for (unsigned int i = 1; i < started; i++)
		pthread_join(workers[i].thread, NULL);
	pthread_cond_destroy(&state.changed);
	pthread_mutex_destroy(&state.lock);
	if (state.status && err)
		*err = state.err;
	return state.status;
}
