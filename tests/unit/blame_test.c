/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whose stack is to blame for a crash that somebody else noticed. */
#include "test.h"

#include <string.h>

#include "orc_fixture.h"
#include "report/model.h"

/* A report of two CPUs, 0 in leaf() and 1 in caller(), and two tasks that are blocked at the same places. */
struct scene {
	struct machine machine;
	struct kd_report report;
	struct kd_report_cpu cpus[2];
	struct kd_task tasks[4];
	struct kd_stack stacks[4];
};

static void push(struct scene *scene, struct kd_stack *stack, unsigned int function,
		 bool interrupted)
{
	struct kd_symbols *symbols = kd_system_symbols(scene->machine.system);
	struct kd_frame *frame = &stack->frames[stack->count++];

	*frame = (struct kd_frame){.pc = code(function, 4),
				   .symbol = kd_symbols_at(symbols, code(function, 4)),
				   .offset = 4,
				   .interrupted = interrupted,
				   .reliable = true};
	assert_non_null(frame->symbol);
}

static void begin(struct scene *scene, const char *message, const char *cause)
{
	static const unsigned int functions[] = {LEAF, CALLER, LEAF, CALLER};

	memset(scene, 0, sizeof(*scene));
	orc_machine_init(&scene->machine, NEW);
	open_machine(&scene->machine);
	scene->report.system = scene->machine.system;
	scene->report.has_panic = true;
	strcpy(scene->report.panic.message, message);
	strcpy(scene->report.panic.cause, cause);
	scene->report.panic.has_cpu = scene->report.panic.has_pid = true;
	scene->report.panic.pid = 10;
	strcpy(scene->report.panic.comm, "noticed");
	scene->report.kind = kd_crash_kind_find(&scene->report.panic);
	scene->report.cpus = scene->cpus;
	scene->report.cpu_count = 2;
	scene->report.blocked_count = scene->report.blocked_tasks = 2;
	for (unsigned int i = 0; i < 4; i++) {
		struct kd_report_stack *at =
			i < 2 ? &scene->cpus[i].at : &scene->report.blocked[i - 2];

		scene->tasks[i].pid = 10 + (int32_t)i;
		scene->tasks[i].running = i < 2;
		strcpy(scene->tasks[i].comm, i < 2 ? "runs" : "sleeps");
		at->task = &scene->tasks[i];
		at->stack = &scene->stacks[i];
		push(scene, at->stack, functions[i], i < 2);
		if (i < 2)
			scene->cpus[i].cpu = i;
	}
}

static void expect(struct scene *scene, const char *sentence, const char *signature)
{
	kd_report_explain(&scene->report);
	assert_string_equal(scene->report.sentence, sentence);
	assert_string_equal(scene->report.signature_text, signature);
	close_machine(&scene->machine);
}

/* Not the one that happens to be listed first. */
static void test_named_task_hangs(void **state)
{
	struct scene scene;

	begin(&scene, "Kernel panic - not syncing: hung_task: blocked tasks",
	      "INFO: task sleeps:13 blocked for more than 120 seconds.");
	scene.report.panic.blames_pid = true;
	scene.report.panic.blamed_pid = 13;
	expect(&scene,
	       "A task was blocked for longer than the kernel is told to bear in caller(), in process 13 "
	       "(sleeps), as CPU 0 noticed.",
	       "hung-task: caller");
}

static void test_hangs_without_name(void **state)
{
	struct scene scene;

	begin(&scene, "Kernel panic - not syncing: hung_task: blocked tasks", "");
	expect(&scene,
	       "A task was blocked for longer than the kernel is told to bear, as CPU 0 noticed.",
	       "");
	begin(&scene, "Kernel panic - not syncing: hung_task: blocked tasks", "");
	scene.report.blocked_count = 1;
	expect(&scene,
	       "A task was blocked for longer than the kernel is told to bear in leaf(), in process 12 "
	       "(sleeps), as CPU 0 noticed.",
	       "hung-task: leaf");
}

/* Its stack begins where it was stopped: an interrupt deeper in it is not what noticed. */
static void test_other_cpu_is_stuck(void **state)
{
	struct scene scene;

	begin(&scene, "Kernel panic - not syncing: Hard LOCKUP",
	      "watchdog: CPU0: Watchdog detected hard LOCKUP on cpu 1");
	scene.report.panic.blames_cpu = true;
	scene.report.panic.blamed_cpu = 1;
	push(&scene, &scene.stacks[1], WITH_BP, true);
	expect(&scene,
	       "A CPU was stuck in the kernel with interrupts off in caller(), on CPU 1 in process 11 (runs), "
	       "as CPU 0 noticed.",
	       "hard-lockup: caller < with_bp");
}

static void test_stall(void **state)
{
	static const char cause[] = "rcu: INFO: rcu_preempt detected stalls on CPUs/tasks:";
	struct scene scene;

	begin(&scene, "Kernel panic - not syncing: RCU Stall", cause);
	expect(&scene, "A CPU or task held up RCU for too long, as CPU 0 noticed.", "");
	begin(&scene, "Kernel panic - not syncing: RCU Stall", cause);
	scene.report.panic.blames_pid = true;
	scene.report.panic.blamed_pid = 11;
	expect(&scene,
	       "A CPU or task held up RCU for too long in caller(), in process 11 (runs), as CPU 0 noticed.",
	       "rcu-stall: caller");
	/* the CPU itself: behind the interrupt */
	begin(&scene, "Kernel panic - not syncing: RCU Stall", cause);
	scene.report.panic.blames_cpu = true;
	push(&scene, &scene.stacks[0], WITH_BP, true);
	expect(&scene,
	       "A CPU or task held up RCU for too long in with_bp(), on CPU 0 in process 10 (noticed).",
	       "rcu-stall: with_bp");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_named_task_hangs),
		cmocka_unit_test(test_hangs_without_name),
		cmocka_unit_test(test_other_cpu_is_stuck),
		cmocka_unit_test(test_stall),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
