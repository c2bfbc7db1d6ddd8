/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who waits for whom, on made-up stacks: up to a holder that waits for nobody, and round in a circle. */
#include "test.h"

#include <stdlib.h>
#include <string.h>

#include "orc_fixture.h"
#include "report/model.h"

enum {
	TASKS = 4,
	MUTEXES = DATA + 0x800,       /* 0x40 bytes for each */
	TASK_STRUCTS = DATA + 0x1000, /* 0x100 bytes for each */
	STACK_BYTES = 0x400,
	FRAME = 16, /* of __mutex_lock(), from the start of the stack */
	WAITER = FRAME + 8,
};

struct scene {
	struct machine machine;
	struct kd_report report;
	struct kd_task tasks[TASKS];
	struct kd_orc_tables orc;
};

static void put(struct scene *scene, uint64_t paddr, uint64_t value)
{
	fixture_poke_number(&scene->machine.fixture, paddr, value, 8);
}

/* A task sleeps, in __mutex_lock() for the mutex of that number when there is one. */
static void put_task(struct scene *scene, unsigned int task, int mutex)
{
	uint64_t stack = STACK + STACK_BYTES * task, waiter = stack + WAITER;
	uint64_t queue = (uint64_t)MUTEXES + 0x40 * (unsigned int)mutex + 8;

	scene->tasks[task] = (struct kd_task){.vaddr = MADE_VADDR(TASK_STRUCTS + 0x100 * task),
					      .pid = 100 + (int32_t)task,
					      .state = 'D',
					      .stack = MADE_VADDR(stack)};
	snprintf(scene->tasks[task].comm, KD_COMM_BYTES, "task%u", task);
	put(scene, TASK_STRUCTS + 0x100 * task, MADE_VADDR(stack));
	put(scene, stack + 8, code(mutex < 0 ? LEAF : LOCK, 4));
	put(scene, stack + FRAME + (mutex < 0 ? 8 : 56), code(ROOT, 4));
	if (mutex < 0)
		return;
	/* the only one in its queue */
	put(scene, waiter, MADE_VADDR(queue));
	put(scene, waiter + 8, MADE_VADDR(queue));
	put(scene, waiter + 16, MADE_VADDR(TASK_STRUCTS + 0x100 * task));
	put(scene, queue, MADE_VADDR(waiter));
	put(scene, queue + 8, MADE_VADDR(waiter));
}

static void put_owner(struct scene *scene, unsigned int mutex, unsigned int task)
{
	/* with the flag that somebody waits */
	put(scene, MUTEXES + 0x40 * mutex, MADE_VADDR(TASK_STRUCTS + 0x100 * task) | 1);
}

static void begin(struct scene *scene)
{
	memset(scene, 0, sizeof(*scene));
	orc_machine_init(&scene->machine, NEW);
}

/* Reads it, and takes all tasks for blocked ones that the report found. */
static void follow(struct scene *scene, size_t count)
{
	struct kd_report *report = &scene->report;

	open_machine(&scene->machine);
	report->system = scene->machine.system;
	report->tasks = (struct kd_tasks){.list = scene->tasks, .count = count};
	report->blocked_count = count;
	for (size_t i = 0; i < count; i++) {
		bool is_new;

		assert_int_equal(kd_address_map_put(&report->tasks.by_vaddr, scene->tasks[i].vaddr,
						    (uint32_t)i, &is_new, NULL),
				 KD_OK);
		report->blocked[i].task = &scene->tasks[i];
		report->blocked[i].waits = true;
	}
	assert_int_equal(kd_orc_init(&scene->orc, report->system, NULL), KD_OK);
	kd_report_follow_waits(report, &scene->orc);
}

static void test_up_to_who_sleeps(void **state)
{
	static struct scene scene;

	begin(&scene);
	put_task(&scene, 0, 0);
	put_task(&scene, 1, 1);
	put_task(&scene, 2, -1);
	put_owner(&scene, 0, 1);
	put_owner(&scene, 1, 2);
	follow(&scene, 3);
	assert_int_equal(scene.report.chain_count, 2);
	assert_string_equal(
		scene.report.chains[0],
		"task0 (100) waits for mutex 0xffffffff8100e800 held by task1 (101), which "
		"waits for mutex 0xffffffff8100e840 held by task2 (102), which sleeps in "
		"leaf()");
	kd_address_map_deinit(&scene.report.tasks.by_vaddr);
	close_machine(&scene.machine);
}

/* A has one and wants the other, B the other way round; C wants one of them, and D waits for somebody who sleeps. */
static void test_circle(void **state)
{
	static struct scene scene;
	static struct kd_stack scratch;
	static struct kd_wait_chain chain;

	begin(&scene);
	put_task(&scene, 0, 2);
	put_task(&scene, 1, 1);
	put_task(&scene, 2, 0);
	put_task(&scene, 3, -1);
	put_owner(&scene, 0, 1);
	put_owner(&scene, 1, 2);
	put_owner(&scene, 2, 3);
	follow(&scene, TASKS);
	assert_int_equal(scene.report.chain_count, 2);
	assert_string_equal(
		scene.report.chains[0],
		"deadlock: task1 (101) -> task2 (102) -> task1 (101): each waits for a lock "
		"that the next one holds");
	assert_string_equal(
		scene.report.chains[1],
		"task0 (100) waits for mutex 0xffffffff8100e880 held by task3 (103), which "
		"sleeps in leaf()");
	kd_wait_chain_find(&scene.report.tasks, &scene.orc, &scene.tasks[2], &scratch, &chain);
	assert_true(chain.deadlock);
	assert_int_equal(chain.count, 2);
	assert_int_equal(chain.again, 0);
	kd_report_explain(&scene.report);
	assert_string_equal(scene.report.hints[0], scene.report.chains[0]);
	kd_address_map_deinit(&scene.report.tasks.by_vaddr);
	close_machine(&scene.machine);
}

/* Whoever leads to a circle is not in it; one that waits for itself is. */
static void test_into_circle(void **state)
{
	static struct scene scene;

	begin(&scene);
	put_task(&scene, 0, 0);
	put_task(&scene, 1, 1);
	put_owner(&scene, 0, 1);
	put_owner(&scene, 1, 1);
	follow(&scene, 2);
	assert_int_equal(scene.report.chain_count, 1);
	assert_string_equal(
		scene.report.chains[0],
		"deadlock: task1 (101) -> task1 (101): each waits for a lock that the next "
		"one holds");
	kd_address_map_deinit(&scene.report.tasks.by_vaddr);
	close_machine(&scene.machine);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_up_to_who_sleeps),
		cmocka_unit_test(test_circle),
		cmocka_unit_test(test_into_circle),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
