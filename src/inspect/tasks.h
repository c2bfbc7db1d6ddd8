/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The threads of a dead system, the idle one of each CPU included (include/linux/sched.h). */
#ifndef KD_INSPECT_TASKS_H
#define KD_INSPECT_TASKS_H

#include <stdbool.h>

#include "inspect/address_map.h"
#include "inspect/percpu.h"
#include "inspect/system.h"

enum { KD_COMM_BYTES = 17 };

struct kd_task {
	uint64_t vaddr; /* of its task_struct */
	int32_t pid, tgid, ppid;
	uint32_t cpu;
	char comm[KD_COMM_BYTES];
	char state; /* as ps shows it: R S D T t X Z P I, '?' for what is none of them */
	bool kthread;
	bool idle;                   /* a CPU's idle thread: not in the list of processes */
	bool running;                /* its CPU was at it when the system died */
	uint64_t mm;                 /* of its own; 0: a kernel thread */
	uint64_t stack;              /* where its kernel stack begins */
	uint64_t user_ns, system_ns; /* that it has run; as far as the kernel accounts for it */
	uint64_t start_ns;           /* after boot */
	uint64_t run_ns;  /* that it was on a CPU: more exact than those two, and of both */
	bool has_wait;    /* the kernel counts the next one */
	uint64_t wait_ns; /* that it was ready to run, and had no CPU */
	/* on the scheduler's clock, when it was put on a CPU, and got ready for one and still is; 0 unknown */
	uint64_t last_ran_ns, queued_ns;
};

struct kd_tasks {
	struct kd_cpus cpus;
	struct kd_task *list;
	size_t count;
	struct kd_address_map by_vaddr; /* ranks in the list */
	uint64_t clock_ns;              /* the scheduler's, as the system died; 0 unknown */
};

/*
 * All threads: the idle ones first, then processes in the order of their creation, each followed by its other
 * threads. Damage ends no list: on failure it holds all that could be found, those behind a link that is broken from
 * the list's other end; the message tells how many are missing. kd_tasks_deinit() is due either way.
 */
enum kd_status kd_tasks_init(struct kd_tasks *tasks, struct kd_system *system, struct kd_err *err);
void kd_tasks_deinit(struct kd_tasks *tasks);

/* NULL: there is none. Of a CPU: the one that it was at. */
const struct kd_task *kd_task_of_cpu(const struct kd_tasks *tasks, unsigned int cpu);
const struct kd_task *kd_task_of_pid(const struct kd_tasks *tasks, int32_t pid);
const struct kd_task *kd_task_at(const struct kd_tasks *tasks, uint64_t vaddr);

/* How long before the system died that was, on the scheduler's clock. False: unknown. */
bool kd_task_since(const struct kd_tasks *tasks, uint64_t at_ns, uint64_t *since_ns);

/* The task that a CPU was at. */
enum kd_status kd_cpu_task(struct kd_system *system, unsigned int cpu, uint64_t *vaddr,
			   struct kd_err *err);

#endif
