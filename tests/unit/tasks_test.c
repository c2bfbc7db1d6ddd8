/* SPDX-License-Identifier: GPL-2.0-or-later */
/* src/inspect/tasks.c: a made-up kernel's tasks, whose list is whole, broken, and closed to a circle. */
#include "test.h"

#include <stdio.h>
#include <string.h>

#include "inspect/tasks.h"
#include "kernel_fixture.h"

enum {
	VARIABLES = MADE_FREE,
	QUEUE = MADE_FREE + 0x100,
	TASKS = MADE_FREE + 0x1000, /* the idle one, and then processes 1 to COUNT */
	SIGNALS = MADE_FREE + 0x8000,
	STEP = 0x100,
	COUNT = 20,
	LONG = 1,
	WORD,
	CHAR,
	COMM,
	POINTER,
	LIST,
	ENTITY,
	INFO,
	/* in struct task_struct */
	LINK = 64,
	THREAD = 80,
	SIGNAL = 96,
	TIMES = 104,
	SECOND = 1000000000,
	NOW = 900 /* seconds */,
};

static void make_types(struct blob *blob)
{
	static const struct {
		const char *name;
		uint32_t type, offset;
	} members[] = {
		{"pid", WORD, 0},
		{"tgid", WORD, 4},
		{"real_parent", POINTER, 8},
		{"flags", WORD, 16},
		{"__state", WORD, 20},
		{"exit_state", WORD, 24},
		{"cpu", WORD, 28},
		{"mm", POINTER, 32},
		{"comm", COMM, 40},
		{"tasks", LIST, LINK},
		{"thread_node", LIST, THREAD},
		{"signal", POINTER, SIGNAL},
		{"se", ENTITY, TIMES},
		{"sched_info", INFO, TIMES + 8},
	};
	const size_t count = sizeof(members) / sizeof(*members);

	blob_init(blob, NULL);
	blob_type(blob, KD_BTF_INT, "unsigned long", 0, false, 8);
	blob_word(blob, 64);
	blob_type(blob, KD_BTF_INT, "unsigned int", 0, false, 4);
	blob_word(blob, 32);
	blob_type(blob, KD_BTF_INT, "char", 0, false, 1);
	blob_word(blob, 8);
	blob_type(blob, KD_BTF_ARRAY, "", 0, false, 0);
	blob_word(blob, CHAR);
	blob_word(blob, WORD);
	blob_word(blob, 16);
	blob_type(blob, KD_BTF_POINTER, "", 0, false, 0);
	blob_type(blob, KD_BTF_STRUCT, "list_head", 2, false, 16);
	blob_member(blob, "next", POINTER, 0);
	blob_member(blob, "prev", POINTER, 64);
	blob_type(blob, KD_BTF_STRUCT, "sched_entity", 1, false, 8);
	blob_member(blob, "sum_exec_runtime", LONG, 0);
	blob_type(blob, KD_BTF_STRUCT, "sched_info", 3, false, 24);
	blob_member(blob, "run_delay", LONG, 0);
	blob_member(blob, "last_arrival", LONG, 64);
	blob_member(blob, "last_queued", LONG, 128);
	blob_type(blob, KD_BTF_STRUCT, "task_struct", (uint32_t)count, false, 136);
	for (size_t i = 0; i < count; i++)
		blob_member(blob, members[i].name, members[i].type, 8 * members[i].offset);
	blob_type(blob, KD_BTF_STRUCT, "signal_struct", 1, false, 16);
	blob_member(blob, "thread_head", LIST, 0);
	blob_type(blob, KD_BTF_STRUCT, "rq", 3, false, 24);
	blob_member(blob, "curr", POINTER, 0);
	blob_member(blob, "idle", POINTER, 64);
	blob_member(blob, "clock", LONG, 128);
	blob_finish(blob);
}

static uint64_t link_of(unsigned int task)
{
	return MADE_VADDR(TASKS) + STEP * task + LINK;
}

static void put_link(struct machine *machine, uint64_t paddr, uint64_t next, uint64_t previous)
{
	fixture_poke_number(&machine->fixture, paddr, next, 8);
	fixture_poke_number(&machine->fixture, paddr + 8, previous, 8);
}

/* Each process has a thread; its number is that of the process and COUNT. */
static void put_task(struct machine *machine, unsigned int number)
{
	unsigned int leader = number > COUNT ? number - COUNT : number;
	uint64_t at = TASKS + STEP * number, signal = SIGNALS + 16 * leader;
	uint64_t node = MADE_VADDR(TASKS) + STEP * leader + THREAD;
	char comm[16];

	snprintf(comm, sizeof(comm), "task-%u", number);
	fixture_poke_number(&machine->fixture, at, number, 4);
	fixture_poke_number(&machine->fixture, at + 4, leader, 4);
	fixture_poke(&machine->fixture, at + 40, comm, sizeof(comm));
	fixture_poke_number(&machine->fixture, at + SIGNAL, number ? MADE_VADDR(signal) : 0, 8);
	if (number > COUNT)
		return;
	put_link(machine, at + LINK, link_of((number + 1) % (COUNT + 1)),
		 link_of((number + COUNT) % (COUNT + 1)));
	put_link(machine, signal, node, node + STEP * COUNT);
	put_link(machine, at + THREAD, node + STEP * COUNT, MADE_VADDR(signal));
	put_link(machine, at + STEP * COUNT + THREAD, MADE_VADDR(signal), node);
}

static void prepare(struct machine *machine)
{
	static const struct made_symbol symbols[] = {
		{"T_text", 0, false},
		{"T_\1ext", 0x40, false},
		{"D__\1art_\2", MADE_TYPES - MADE_RAM, false},
		{"D__\1op_\2", VARIABLES - MADE_RAM, false},
		{"Dnr_cpu_ids", VARIABLES - MADE_RAM, false},
		{"D__cpu_possible_mask", VARIABLES - MADE_RAM + 8, false},
		{"D__cpu_online_mask", VARIABLES - MADE_RAM + 16, false},
		{"D__per_cpu_offset", VARIABLES - MADE_RAM + 24, false},
		{"dnr_threads", VARIABLES - MADE_RAM + 32, false},
		{"Drunqueues", QUEUE - MADE_RAM, false},
		{"Dinit_task", TASKS - MADE_RAM, false},
		{"B_end", MADE_BYTES, false},
	};
	struct blob types;

	make_types(&types);
	made_kernel_init(&machine->fixture, symbols, sizeof(symbols) / sizeof(*symbols),
			 MADE_RELATIVE, &types);
	fixture_poke_number(&machine->fixture, VARIABLES, 1, 4);
	fixture_poke_number(&machine->fixture, VARIABLES + 8, 1, 8);
	fixture_poke_number(&machine->fixture, VARIABLES + 16, 1, 8);
	fixture_poke_number(&machine->fixture, VARIABLES + 32, 2 * COUNT, 4);
	fixture_poke_number(&machine->fixture, QUEUE, MADE_VADDR(TASKS) + STEP * 3, 8);
	fixture_poke_number(&machine->fixture, QUEUE + 8, MADE_VADDR(TASKS), 8);
	fixture_poke_number(&machine->fixture, QUEUE + 16, (uint64_t)NOW * SECOND, 8);
	for (unsigned int number = 0; number <= 2 * COUNT; number++)
		put_task(machine, number);
}

/* Where a number is put, and which; the tasks that are lost by it; what is told. */
struct damage {
	uint64_t at[2], value[2];
	unsigned int lost_from, lost_to; /* lost_from 0: none */
	const char *text;                /* NULL: nothing */
};

static void check(const struct damage *damage)
{
	struct kd_err err = {KD_OK, ""};
	struct machine machine;
	struct kd_tasks tasks;
	enum kd_status status;
	size_t at = 1;

	prepare(&machine);
	for (unsigned int i = 0; i < 2; i++)
		if (damage->at[i])
			fixture_poke_number(&machine.fixture, damage->at[i], damage->value[i], 8);
	open_machine(&machine);
	status = kd_tasks_init(&tasks, machine.system, &err);
	assert_int_equal(!status, !damage->text);
	if (damage->text && !strstr(err.text, damage->text))
		fail_msg("%s", err.text);
	/* the idle one, and then in order, each with its thread */
	assert_true(tasks.list[0].idle);
	for (unsigned int number = 1; number <= COUNT; number++) {
		if (damage->lost_from && number >= damage->lost_from && number <= damage->lost_to)
			continue;
		assert_true(at + 1 < tasks.count);
		assert_int_equal(tasks.list[at++].pid, number);
		assert_int_equal(tasks.list[at].tgid, number);
		assert_int_equal(tasks.list[at++].pid, number + COUNT);
	}
	assert_int_equal(tasks.count, at);
	for (size_t i = 0; i < tasks.count; i++)
		assert_ptr_equal(kd_task_at(&tasks, tasks.list[i].vaddr), &tasks.list[i]);
	assert_null(kd_task_at(&tasks, MADE_VADDR(TASKS) + 1));
	assert_int_equal(kd_task_of_cpu(&tasks, 0)->pid, 3);
	kd_tasks_deinit(&tasks);
	close_machine(&machine);
}

#define NEXT(task)     (TASKS + STEP * (task) + LINK)
#define PREVIOUS(task) (NEXT(task) + 8)

static void test_lists_of_tasks(void **state)
{
	const struct damage cases[] = {
		{.text = NULL},
		/* a circle, a link to nowhere, one that leads past others: found from the other end */
		{{NEXT(15)}, {link_of(4)}, 0, 0, "all 40 were found"},
		{{NEXT(15)}, {link_of(15)}, 0, 0, "all 40 were found"},
		{{NEXT(15)}, {0x1234}, 0, 0, "all 40 were found"},
		{{NEXT(4)}, {link_of(15)}, 0, 0, "the list leads past some of its members"},
		{{NEXT(15)}, {link_of(0)}, 0, 0, "the list leads past some of its members"},
		/* broken in both directions */
		{{NEXT(15), PREVIOUS(18)}, {0x1234, 0x1234}, 16, 17, "4 of 40 are missing"},
		{{NEXT(15), PREVIOUS(18)},
		 {link_of(4), link_of(18)},
		 16,
		 17,
		 "4 of 40 are missing"},
		/* 8 was being taken out, or added: 9 does not lead back to it */
		{{PREVIOUS(9)}, {link_of(7)}, 0, 0, NULL},
		{{PREVIOUS(9)}, {0x1234}, 0, 0, "all 40 were found"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		check(&cases[i]);
}

/* Ran and waited for so many seconds; put on a CPU, and ready for one, at that second. */
static void put_times(struct machine *machine, unsigned int number, const uint64_t seconds[4])
{
	for (unsigned int i = 0; i < 4; i++)
		fixture_poke_number(&machine->fixture, TASKS + STEP * number + TIMES + 8 * i,
				    seconds[i] * SECOND, 8);
}

static void test_times(void **state)
{
	enum { WAITING = 5, SLEEPING = 6, AHEAD = 7, NEVER = 8 };
	const struct kd_task *task;
	struct kd_err err;
	struct machine machine;
	struct kd_tasks tasks;
	uint64_t since = 1;

	prepare(&machine);
	put_times(&machine, WAITING, (const uint64_t[]){12, 34, 500, 600});
	put_times(&machine, SLEEPING, (const uint64_t[]){0, 0, 500, 600});
	put_times(&machine, AHEAD, (const uint64_t[]){0, 0, NOW + 1, 0});
	fixture_poke_number(&machine.fixture, TASKS + STEP * SLEEPING + 20, 1, 4);
	open_machine(&machine);
	assert_int_equal(kd_tasks_init(&tasks, machine.system, &err), KD_OK);
	task = kd_task_of_pid(&tasks, WAITING);
	assert_true(task->has_wait);
	assert_int_equal(task->run_ns / SECOND, 12);
	assert_int_equal(task->wait_ns / SECOND, 34);
	assert_true(kd_task_since(&tasks, task->last_ran_ns, &since));
	assert_int_equal(since / SECOND, NOW - 500);
	assert_true(kd_task_since(&tasks, task->queued_ns, &since));
	assert_int_equal(since / SECOND, NOW - 600);
	assert_int_equal(kd_task_of_pid(&tasks, SLEEPING)->state, 'S');
	assert_int_equal(kd_task_of_pid(&tasks, SLEEPING)->queued_ns, 0);
	assert_true(kd_task_since(&tasks, kd_task_of_pid(&tasks, AHEAD)->last_ran_ns, &since));
	assert_int_equal(since, 0);
	assert_false(kd_task_since(&tasks, kd_task_of_pid(&tasks, NEVER)->last_ran_ns, &since));
	kd_tasks_deinit(&tasks);
	close_machine(&machine);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lists_of_tasks),
		cmocka_unit_test(test_times),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
