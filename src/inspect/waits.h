/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which lock a blocked task waits for, and who holds it. */
#ifndef KD_INSPECT_WAITS_H
#define KD_INSPECT_WAITS_H

#include "inspect/stacks.h"
#include "inspect/tasks.h"
#include "inspect/unwind.h"

struct kd_wait {
	const char
		*kind; /* "mutex", "rw_semaphore", "semaphore"; "rt_mutex", "spinlock", "rwlock" */
	uint64_t lock; /* its address */
	unsigned int queued; /* how many wait for it, this one included */
	/* who holds it; NULL: not known, or nobody just then */
	const struct kd_task *owner;
	bool by_readers; /* any number of readers hold it, of whom `owner` was one */
};

/*
 * Looks for the entry of the lock's queue that the task keeps on its stack. KD_NOTFOUND: it waits for no lock of these
 * kinds; KD_CORRUPT and so on: it does, and the queue cannot be followed.
 */
enum kd_status kd_wait_find(struct kd_system *system, const struct kd_tasks *tasks,
			    const struct kd_task *task, const struct kd_stack *stack,
			    struct kd_wait *wait, struct kd_err *err);

/* The innermost frame that is not the scheduler's: what the task sleeps in. The stack's count when there is none. */
size_t kd_wait_frame(struct kd_system *system, const struct kd_stack *stack);

/* One who waits, or in the end one who holds and waits for no lock. */
struct kd_wait_step {
	const struct kd_task *task;
	const char *in; /* the function that it sleeps in; NULL: not known, or it runs */
	bool waits;     /* for `wait` */
	struct kd_wait wait;
};

enum { KD_WAIT_CHAIN = 64 };

struct kd_wait_chain {
	struct kd_wait_step steps[KD_WAIT_CHAIN];
	size_t count;
	/* The last of them waits for a task that is in the chain already: a deadlock of those from `again` on. */
	bool deadlock;
	size_t again;
};

/* What a task waits for, and what it sleeps in; `scratch` is for its stack. */
void kd_wait_step_find(const struct kd_tasks *tasks, struct kd_orc_tables *orc,
		       const struct kd_task *task, struct kd_stack *scratch,
		       struct kd_wait_step *step);

/* From one who waits to who holds it, and on to what that one waits for. */
void kd_wait_chain_find(const struct kd_tasks *tasks, struct kd_orc_tables *orc,
			const struct kd_task *task, struct kd_stack *scratch,
			struct kd_wait_chain *chain);

#endif
