/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who waits for a lock that hands priorities on is told by its task: task->pi_blocked_on is the waiter, which has the lock,
 * which has its owner and a tree of waiters (kernel/locking/rtmutex_common.h). What the lock is a part of, only the
 * functions on the stack tell.
 *
 * A writer that has the rt_mutex of a rw_semaphore, and waits for readers to leave it, is blocked on nothing (rwbase_rt.c).
 */
#include "inspect/rt_waits.h"

#include <string.h>

#include "inspect/fields.h"
#include "inspect/trees.h"

enum { WAITERS_MOST = 1 << 16, HAS_WAITERS = 1 };

static const struct {
	const char *function; /* how the names of those that take it begin */
	const char *kind;
	const char *place; /* of the rt_mutex in it; NULL: it is one */
} kinds[] = {
	{"rt_read_lock", "rwlock", "rwlock_t.rwbase.rtmutex"},
	{"rt_write_lock", "rwlock", "rwlock_t.rwbase.rtmutex"},
	{"rt_spin_lock", "spinlock", "spinlock_t.lock"},
	{"rtlock_slowlock", "spinlock", "spinlock_t.lock"},
	{"rwbase_", "rw_semaphore", "rw_semaphore.rwbase.rtmutex"},
	{"down_read", "rw_semaphore", "rw_semaphore.rwbase.rtmutex"},
	{"down_write", "rw_semaphore", "rw_semaphore.rwbase.rtmutex"},
	{"mutex_lock", "mutex", "mutex.rtmutex"},
	{"ww_mutex_lock", "mutex", "mutex.rtmutex"},
};

static void find_kind(struct kd_system *system, const struct kd_stack *stack, uint64_t rt_mutex,
		      struct kd_wait *wait)
{
	const struct kd_symbols *symbols = kd_system_symbols(system);
	uint64_t offset = 0;

	wait->kind = "rt_mutex";
	wait->lock = rt_mutex;
	for (size_t i = 0; i < stack->count; i++)
		for (size_t k = 0; stack->frames[i].symbol && k < sizeof(kinds) / sizeof(*kinds);
		     k++) {
			const char *name = kd_symbol_name(symbols, stack->frames[i].symbol);

			if (strncmp(name, kinds[k].function, strlen(kinds[k].function)))
				continue;
			wait->kind = kinds[k].kind;
			if (!kd_offset_of(system, kinds[k].place, &offset, NULL))
				wait->lock = rt_mutex - offset;
			return;
		}
}

static bool count_one(void *opaque, uint64_t node)
{
	unsigned int *count = opaque;

	return ++*count < WAITERS_MOST;
}

enum kd_status kd_rt_wait_find(struct kd_system *system, const struct kd_tasks *tasks,
			       const struct kd_task *task, const struct kd_stack *stack,
			       struct kd_wait *wait, struct kd_err *err)
{
	uint64_t waiter = 0, its = 0, rt_mutex = 0, owner = 0, root = 0;
	enum kd_status status;

	/* a kernel without such locks has no such member */
	if (kd_get(system, task->vaddr, "task_struct.pi_blocked_on", &waiter, NULL) || !waiter)
		return kd_fail(err, KD_NOTFOUND, "it waits for no lock");
	status = kd_get(system, waiter, "rt_mutex_waiter.task", &its, err);
	if (!status && its != task->vaddr)
		return kd_fail(err, KD_CORRUPT, "a waiter of another task");
	if (!status)
		status = kd_get(system, waiter, "rt_mutex_waiter.lock", &rt_mutex, err);
	/* struct rt_mutex was all that there was before 5.15 (830e6acc8a1c) */
	if (!status)
		status =
			kd_get(system, rt_mutex, "rt_mutex_base.owner|rt_mutex.owner", &owner, err);
	if (!status)
		status = kd_get(
			system, rt_mutex,
			"rt_mutex_base.waiters.rb_root.rb_node|rt_mutex.waiters.rb_root.rb_node",
			&root, err);
	if (status)
		return status;
	*wait = (struct kd_wait){.owner = kd_task_at(tasks, owner & ~(uint64_t)HAS_WAITERS)};
	find_kind(system, stack, rt_mutex, wait);
	return kd_rb_each(system, root, count_one, &wait->queued, err);
}
