/* SPDX-License-Identifier: GPL-2.0-or-later */
/* src/save/sweep.c and room.c: windows in any order of work, with little room, taken in order. */
#include "test.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dump_fixture.h"
#include "save/room.h"
#include "save/sweep.h"

enum { ROOM_BYTES = 4096, WORKERS = 4 };

/* The same numbers in each run. */
static uint32_t next_random(uint32_t *seed)
{
	*seed = *seed * 1664525 + 1013904223;
	return *seed >> 8;
}

static bool holds(const uint8_t *memory, size_t bytes, uint8_t mark)
{
	size_t same = 0;

	while (same < bytes && memory[same] == mark)
		same++;
	return same == bytes;
}

/* What is out is never given out again; and where all of it came back, all of it can be had. */
static void pieces_of_a_room_are_apart(void **state)
{
	static uint8_t memory[ROOM_BYTES];
	struct kd_room room = {.memory = memory, .bytes = ROOM_BYTES};
	struct {
		uint8_t *at, mark;
		size_t bytes;
	} out[ROOM_BYTES];
	unsigned int taken = 0, given = 0, refused = 0, whole = 0;
	uint32_t seed = 1;

	for (int i = 0; i < TEST_TIMES(200000); i++) {
		const size_t most = i & 0x1000 ? ROOM_BYTES : ROOM_BYTES / 16;
		size_t bytes = next_random(&seed) % 8 ? next_random(&seed) % most + 1 : most;
		uint8_t *piece = taken - given < ROOM_BYTES ? kd_room_take(&room, bytes) : NULL;

		if (piece) {
			assert_true(piece >= memory &&
				    bytes <= ROOM_BYTES - (size_t)(piece - memory));
			whole += bytes == ROOM_BYTES;
			out[taken % ROOM_BYTES].at = piece;
			out[taken % ROOM_BYTES].bytes = bytes;
			out[taken % ROOM_BYTES].mark = (uint8_t)i;
			memset(piece, i, bytes);
			taken++;
			continue;
		}
		refused++;
		assert_true(taken > given);
		for (unsigned int back = next_random(&seed) % 4 + 1; back && given < taken;
		     back--) {
			piece = out[given % ROOM_BYTES].at;
			bytes = out[given % ROOM_BYTES].bytes;
			assert_true(holds(piece, bytes, out[given % ROOM_BYTES].mark));
			kd_room_give(&room, piece, bytes);
			given++;
		}
	}
	assert_true(refused > 100 && whole > 100);
}

struct walk {
	struct fixture fixture;
	struct kd_dump *dump;
	struct kd_plan plan;
	struct kd_sweep sweep;
	struct kd_window windows[KD_SWEEP_WINDOWS * WORKERS];
	uint8_t *room;
	uint64_t first_pfn[4]; /* of the first windows that were taken */
	uint64_t next_pfn;     /* behind the last one */
	unsigned int ahead, most_ahead;
	uint64_t most_in_flight, fail_at;
	atomic_uint_fast64_t taken, worked;
	bool uneven; /* a window in eight needs all of the room, most need none */
};

static size_t need_some(void *opaque, struct kd_window *window)
{
	struct walk *walk = opaque;

	if (window->number - walk->taken >= walk->most_in_flight)
		walk->most_in_flight = window->number - walk->taken + 1;
	if (!walk->uneven)
		return window->pages;
	return window->number % 8 ? (window->number % 8 < 3 ? window->number % 50 + 1 : 0)
				  : walk->sweep.room_bytes;
}

static void fill(void *opaque, unsigned int worker, struct kd_window *window)
{
	struct walk *walk = opaque;

	assert_true(worker < WORKERS);
	if (window->room)
		memset(window->out, (int)window->number, window->room);
	if (window->number % 16 == 5)
		usleep(100); /* so that others get ahead of it */
	atomic_fetch_add(&walk->worked, 1);
}

static enum kd_status check(void *opaque, struct kd_window *window, struct kd_err *err)
{
	struct walk *walk = opaque;

	if (walk->taken == walk->fail_at)
		return kd_fail(err, KD_SYSTEM, "enough");
	assert_int_equal(window->number, walk->taken);
	assert_true(holds(window->out, window->room, (uint8_t)window->number));
	/* what was said to come next came */
	if (walk->ahead) {
		assert_int_equal(window->first_pfn, walk->next_pfn);
		assert_int_equal(window->pages + window->ahead, walk->ahead);
	}
	walk->next_pfn = window->first_pfn + window->pages;
	walk->ahead = window->ahead;
	if (window->ahead > walk->most_ahead)
		walk->most_ahead = window->ahead;
	if (walk->taken < 4)
		walk->first_pfn[walk->taken] = window->first_pfn;
	walk->taken++;
	return KD_OK;
}

static int set_up(void **state)
{
	struct walk *walk = calloc(1, sizeof(*walk));

	fixture_init(&walk->fixture, 0);
	fixture_memory(&walk->fixture, 0x1ff000, 0x2000, 0); /* a page each in two windows */
	fixture_memory(&walk->fixture, 0x400000, 0x8000000, 0);
	fixture_build(&walk->fixture);
	assert_int_equal(kd_dump_open(walk->fixture.path, NULL, &walk->dump, NULL), KD_OK);
	walk->plan = (struct kd_plan){.dump = walk->dump, .page_bytes = 4096};
	walk->room = malloc(KD_WINDOW_PAGES);
	walk->fail_at = UINT64_MAX;
	walk->sweep = (struct kd_sweep){
		.work = fill,
		.take = check,
		.need = need_some,
		.opaque = walk,
		.windows = walk->windows,
		.workers = WORKERS,
		.window_count = kd_sweep_windows(WORKERS),
		.room = walk->room,
		.room_bytes = KD_WINDOW_PAGES,
	};
	*state = walk;
	return 0;
}

static int tear_down(void **state)
{
	struct walk *walk = *state;

	kd_dump_close(walk->dump);
	fixture_deinit(&walk->fixture);
	free(walk->room);
	free(walk);
	return 0;
}

static void windows_are_taken_in_order(void **state)
{
	struct walk *walk = *state;

	for (unsigned int workers = 1; workers <= WORKERS; workers++) {
		walk->sweep.workers = workers;
		walk->sweep.window_count = kd_sweep_windows(workers);
		for (unsigned int i = 0; i < 2 * (KD_SWEEP_TOGETHER + 1); i++) {
			walk->uneven = i % 2;
			walk->sweep.together = i / 2;
			walk->taken = 0;
			walk->ahead = walk->most_ahead = 0;
			walk->worked = 0;
			assert_int_equal(kd_sweep_run(&walk->sweep, &walk->plan, NULL), KD_OK);
			assert_int_equal(walk->taken, 2 + 128);
			assert_int_equal(walk->worked, walk->taken);
			assert_true(walk->most_ahead <= KD_WINDOW_PAGES * KD_SWEEP_TOGETHER);
			if (i / 2 < 2)
				assert_int_equal(walk->most_ahead, 0);
			else if (!walk->uneven) /* else there may be room for one at a time */
				assert_true(walk->most_ahead);
			assert_int_equal(walk->first_pfn[0], 0x1ff);
			assert_int_equal(walk->first_pfn[1], 0x200);
			assert_int_equal(walk->first_pfn[2], 0x400);
			assert_int_equal(walk->first_pfn[3], 0x500);
		}
	}
}

/* Those who have nothing in them get far ahead of one that is full: that is what the ring is longer for than the room. */
static void empty_windows_need_no_room(void **state)
{
	struct walk *walk = *state;

	walk->uneven = true;
	for (int i = 0; i < 50 && walk->most_in_flight <= 4; i++) {
		walk->taken = 0;
		assert_int_equal(kd_sweep_run(&walk->sweep, &walk->plan, NULL), KD_OK);
	}
	assert_in_range(walk->most_in_flight, 5, kd_sweep_windows(WORKERS));
}

static void a_failure_ends_all(void **state)
{
	struct walk *walk = *state;

	for (walk->fail_at = 0; walk->fail_at < 40; walk->fail_at++) {
		struct kd_err err = {KD_OK, ""};

		walk->uneven = walk->fail_at % 2;
		walk->taken = walk->worked = 0;
		assert_int_equal(kd_sweep_run(&walk->sweep, &walk->plan, &err), KD_SYSTEM);
		assert_string_equal(err.text, "enough");
		assert_int_equal(walk->taken, walk->fail_at);
		assert_true(walk->worked <= walk->fail_at + walk->sweep.window_count);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pieces_of_a_room_are_apart),
		cmocka_unit_test_setup_teardown(windows_are_taken_in_order, set_up, tear_down),
		cmocka_unit_test_setup_teardown(empty_windows_need_no_room, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_failure_ends_all, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
