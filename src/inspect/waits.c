/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * But for locks that hand priorities on (rt_waits.c), who waits for a lock has an entry of its queue in a variable of the slow path of locking, which is on its stack:
 *
 *     struct mutex_waiter { struct list_head list; struct task_struct *task; … }
 *
 * In the frame of that function there is one place where `task` is the task itself and `list` is a member of a list.
 * Going along the list, entries are on the stacks of tasks that wait as well; what is none is the head, and lies in the
 * lock.
 */
#include "inspect/waits.h"

#include <string.h>

#include "inspect/fields.h"
#include "inspect/lists.h"
#include "inspect/rt_waits.h"

enum { QUEUE_MOST = 1 << 16, STACK_BYTES_MOST = 64 << 10 };

static const struct lock_kind {
	const char *name;
	const char *function; /* how the names of its slow paths begin */
	const char *list, *task, *queue;
	const char *owner; /* NULL: it has none */
	uint64_t flags;    /* bits of `owner` that are no address */
	uint64_t readers;  /* the one of them that says that readers have it */
} kinds[] = {
	{"mutex", "__mutex_lock", "mutex_waiter.list", "mutex_waiter.task", "mutex.wait_list",
	 "mutex.owner.counter", 7, 0},
	{"mutex", "__ww_mutex_lock", "mutex_waiter.list", "mutex_waiter.task", "mutex.wait_list",
	 "mutex.owner.counter", 7, 0},
	{"rw_semaphore", "rwsem_down_", "rwsem_waiter.list", "rwsem_waiter.task",
	 "rw_semaphore.wait_list", "rw_semaphore.owner.counter", 3, 1},
	{"semaphore", "__down", "semaphore_waiter.list", "semaphore_waiter.task",
	 "semaphore.wait_list", NULL, 0, 0},
};

struct search {
	struct kd_system *system;
	const struct kd_tasks *tasks;
	const struct lock_kind *kind;
	uint64_t list, task, queue; /* offsets */
};

static bool in_scheduler(struct kd_system *system, uint64_t pc)
{
	uint64_t start, end;

	return !kd_system_symbol(system, "__sched_text_start", &start, NULL) &&
	       !kd_system_symbol(system, "__sched_text_end", &end, NULL) && pc >= start && pc < end;
}

size_t kd_wait_frame(struct kd_system *system, const struct kd_stack *stack)
{
	size_t i = 0;

	while (i < stack->count && in_scheduler(system, stack->frames[i].pc))
		i++;
	return i;
}

static enum kd_status find_offsets(struct search *search, struct kd_err *err)
{
	enum kd_status status =
		kd_offset_of(search->system, search->kind->list, &search->list, err);

	if (!status)
		status = kd_offset_of(search->system, search->kind->task, &search->task, err);
	if (!status)
		status = kd_offset_of(search->system, search->kind->queue, &search->queue, err);
	return status;
}

/* Whether an entry of that task's is there, and in a list. */
static bool is_entry(struct search *search, uint64_t vaddr, uint64_t task)
{
	uint64_t its, next, back;

	return !kd_read_u64(search->system, vaddr + search->task, &its, NULL) && its == task &&
	       !kd_read_u64(search->system, vaddr + search->list, &next, NULL) && next &&
	       !kd_read_u64(search->system, next + 8, &back, NULL) && back == vaddr + search->list;
}

static const struct kd_task *task_of_entry(struct search *search, uint64_t vaddr)
{
	const struct kd_task *task;
	uint64_t its;

	if (kd_read_u64(search->system, vaddr + search->task, &its, NULL))
		return NULL;
	task = kd_task_at(search->tasks, its);
	/* it is on that task's own stack: a lock that lies before something else is not */
	if (!task || vaddr < task->stack || vaddr >= task->stack + STACK_BYTES_MOST)
		return NULL;
	return task;
}

/* Goes along the queue to its head. */
static enum kd_status find_head(struct search *search, uint64_t entry, struct kd_wait *wait,
				struct kd_err *err)
{
	struct kd_list walk;
	uint64_t node, head = 0;

	wait->queued = 1;
	kd_list_begin(&walk, search->system, entry + search->list);
	while (kd_list_next(&walk, &node)) {
		if (wait->queued > QUEUE_MOST)
			return kd_fail(err, KD_CORRUPT, "a queue without an end");
		if (task_of_entry(search, node - search->list))
			wait->queued++;
		else if (head)
			return kd_fail(err, KD_CORRUPT, "a queue with two heads");
		else
			head = node;
	}
	if (walk.status || !head) {
		if (walk.status && err)
			*err = walk.err;
		return walk.status ? walk.status
				   : kd_fail(err, KD_CORRUPT, "a queue without a head");
	}
	wait->lock = head - search->queue;
	return KD_OK;
}

static void find_owner(struct search *search, struct kd_wait *wait)
{
	uint64_t value;

	if (!search->kind->owner ||
	    kd_get(search->system, wait->lock, search->kind->owner, &value, NULL))
		return;
	wait->owner = kd_task_at(search->tasks, value & ~search->kind->flags);
	wait->by_readers = value & search->kind->readers;
}

static const struct lock_kind *kind_of(const char *function)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (!strncmp(function, kinds[i].function, strlen(kinds[i].function)))
			return &kinds[i];
	return NULL;
}

enum kd_status kd_wait_find(struct kd_system *system, const struct kd_tasks *tasks,
			    const struct kd_task *task, const struct kd_stack *stack,
			    struct kd_wait *wait, struct kd_err *err)
{
	const struct kd_symbols *symbols = kd_system_symbols(system);
	struct search search = {.system = system, .tasks = tasks};
	enum kd_status by_task = kd_rt_wait_find(system, tasks, task, stack, wait, err);

	if (by_task != KD_NOTFOUND)
		return by_task;
	for (size_t i = 0; i + 1 < stack->count; i++) {
		const struct kd_frame *frame = &stack->frames[i];
		uint64_t end = stack->frames[i + 1].sp;
		enum kd_status status;

		if (!frame->symbol)
			continue;
		search.kind = kind_of(kd_symbol_name(symbols, frame->symbol));
		if (!search.kind || end < frame->sp || end - frame->sp > STACK_BYTES_MOST)
			continue;
		status = find_offsets(&search, err);
		for (uint64_t at = frame->sp; !status && at < end; at += 8) {
			if (!is_entry(&search, at, task->vaddr))
				continue;
			*wait = (struct kd_wait){.kind = search.kind->name};
			status = find_head(&search, at, wait, err);
			if (!status)
				find_owner(&search, wait);
			return status;
		}
		if (status)
			return status;
	}
	return kd_fail(err, KD_NOTFOUND, "it waits for no lock");
}
