/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "inspect/tasks.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "host/system.h"
#include "inspect/fields.h"
#include "inspect/links.h"
#include "inspect/lists.h"

enum {
	TASKS_MOST = KD_LIST_MOST,
	STRUCT_BYTES_MOST = 1 << 20,
	/* include/linux/sched.h, as they are since 4.14 (8ef9925b02c2) */
	PF_KTHREAD = 0x00200000,
	TASK_UNINTERRUPTIBLE = 0x2,
	TASK_REPORT = 0x7f,
	TASK_IDLE = 0x402,
	TASK_RTLOCK_WAIT = 0x1000,
	TASK_FROZEN = 0x8000,
};

/* What is read of each task. */
enum {
	PID,
	TGID,
	PARENT,
	CPU,
	FLAGS,
	STATE,
	EXIT_STATE,
	MM,
	STACK,
	UTIME,
	STIME,
	START,
	RUN,
	RUN_DELAY,
	LAST_RAN,
	QUEUED,
	COMM,
	TASKS,
	SIGNAL,
	THREAD_NODE,
	FIELDS,
};

static const struct {
	const char *path;
	bool needed;
} paths[FIELDS] = {
	[PID] = {"task_struct.pid", true},
	[TGID] = {"task_struct.tgid", true},
	[PARENT] = {"task_struct.real_parent", true},
	/* into thread_info in 5.16 (bcf9033e5449) */
	[CPU] = {"task_struct.thread_info.cpu|task_struct.cpu", false},
	[FLAGS] = {"task_struct.flags", true},
	/* __state since 5.14 (2f064a59a11f) */
	[STATE] = {"task_struct.__state|task_struct.state", true},
	[EXIT_STATE] = {"task_struct.exit_state", true},
	[MM] = {"task_struct.mm", true},
	[STACK] = {"task_struct.stack", false},
	[UTIME] = {"task_struct.utime", false},
	[STIME] = {"task_struct.stime", false},
	[START] = {"task_struct.start_time", false},
	[RUN] = {"task_struct.se.sum_exec_runtime", false},
	/* with CONFIG_SCHED_INFO, as all distributions have it */
	[RUN_DELAY] = {"task_struct.sched_info.run_delay", false},
	[LAST_RAN] = {"task_struct.sched_info.last_arrival|task_struct.se.exec_start", false},
	[QUEUED] = {"task_struct.sched_info.last_queued", false},
	[COMM] = {"task_struct.comm", true},
	[TASKS] = {"task_struct.tasks", true},
	[SIGNAL] = {"task_struct.signal", true},
	[THREAD_NODE] = {"task_struct.thread_node", true},
};

struct reader {
	struct kd_system *system;
	struct kd_tasks *tasks; /* that it fills */
	struct kd_field fields[FIELDS];
	/*
	 * Up to the last field, and not all of it: what comes at its end, of the FPU, may be a page of zeros, which
	 * filtered ELF cores leave out.
	 */
	uint64_t struct_bytes, thread_head;
	uint8_t *object;          /* the task_struct that is looked at */
	struct kd_address_map on; /* links that a walk was at */
	size_t room;
	struct kd_err damage; /* the first that was met */
};

enum kd_status kd_cpu_task(struct kd_system *system, unsigned int cpu, uint64_t *vaddr,
			   struct kd_err *err)
{
	uint64_t queue = 0;
	enum kd_status status = kd_percpu_symbol(system, "runqueues", cpu, &queue, err);

	return status ? status : kd_get(system, queue, "rq.curr", vaddr, err);
}

/* As __task_state_index() of include/linux/sched.h has it. */
static char state_letter(uint64_t state, uint64_t exit_state)
{
	static const char letters[] = "RSDTtXZP";
	uint64_t reported = (state | exit_state) & TASK_REPORT;
	unsigned int index = 0;

	if ((state & TASK_IDLE) == TASK_IDLE)
		return 'I';
	if (state & (TASK_RTLOCK_WAIT | TASK_FROZEN))
		reported = TASK_UNINTERRUPTIBLE;
	while (reported >> index)
		index++;
	return index < sizeof(letters) - 1 ? letters[index] : '?';
}

static uint64_t value(const struct reader *reader, int field)
{
	return kd_field_extract(&reader->fields[field], reader->object,
				(size_t)reader->struct_bytes);
}

/* A name that came from a process. */
static void copy_comm(const struct reader *reader, char comm[KD_COMM_BYTES])
{
	const uint8_t *from = reader->object + reader->fields[COMM].offset;
	size_t bytes = (size_t)reader->fields[COMM].bytes, i;

	for (i = 0; i < bytes && i < KD_COMM_BYTES - 1 && from[i]; i++)
		comm[i] = (char)from[i];
	comm[i] = '\0';
	kd_text_clean(comm, i);
}

static enum kd_status grow(struct reader *reader, struct kd_err *err)
{
	size_t room = reader->room ? 2 * reader->room : 256;
	struct kd_task *grown;

	if (reader->tasks->count < reader->room)
		return KD_OK;
	if (room > TASKS_MOST)
		return kd_fail(err, KD_CORRUPT, "more than %d tasks", TASKS_MOST);
	grown = realloc(reader->tasks->list, room * sizeof(*grown));
	if (!grown)
		return kd_fail_errno(err, ENOMEM, "%zu tasks", room);
	reader->tasks->list = grown;
	reader->room = room;
	return KD_OK;
}

static enum kd_status add_task(struct reader *reader, uint64_t vaddr, bool idle, struct kd_err *err)
{
	struct kd_tasks *tasks = reader->tasks;
	uint64_t parent, ppid = 0;
	struct kd_task *task;
	bool is_new = false;
	enum kd_status status = grow(reader, err);

	if (!status)
		status = kd_system_read(reader->system, vaddr, reader->object,
					(size_t)reader->struct_bytes, err);
	if (!status)
		status = kd_address_map_put(&tasks->by_vaddr, vaddr, (uint32_t)tasks->count,
					    &is_new, err);
	if (!status && !is_new)
		status = kd_fail(err, KD_CORRUPT, "it is listed twice");
	if (status)
		return kd_context(err, status, "task at 0x%llx", (unsigned long long)vaddr);
	task = &tasks->list[tasks->count++];
	*task = (struct kd_task){
		.vaddr = vaddr,
		.pid = (int32_t)value(reader, PID),
		.tgid = (int32_t)value(reader, TGID),
		.cpu = (uint32_t)value(reader, CPU),
		.state = state_letter(value(reader, STATE), value(reader, EXIT_STATE)),
		.kthread = value(reader, FLAGS) & PF_KTHREAD,
		.idle = idle,
		.mm = value(reader, MM),
		.stack = value(reader, STACK),
		.user_ns = value(reader, UTIME),
		.system_ns = value(reader, STIME),
		.start_ns = value(reader, START),
		.run_ns = value(reader, RUN),
		.has_wait = reader->fields[RUN_DELAY].bytes != 0,
		.wait_ns = value(reader, RUN_DELAY),
		.last_ran_ns = value(reader, LAST_RAN),
	};
	/* since 6.12 who sleeps may be on a queue for a while, too (152e11f6df29) */
	if (task->state == 'R')
		task->queued_ns = value(reader, QUEUED);
	copy_comm(reader, task->comm);
	parent = value(reader, PARENT);
	if (parent && !kd_field_get(reader->system, parent, &reader->fields[TGID], &ppid, NULL))
		task->ppid = (int32_t)ppid;
	return KD_OK;
}

static enum kd_status note(struct reader *reader, enum kd_status status, const struct kd_err *why)
{
	return kd_damage_note(&reader->damage, status, why);
}

static enum kd_status find_links(struct reader *reader, uint64_t head, struct kd_links *links,
				 struct kd_err *err)
{
	return kd_links_find(links, reader->system, head, &reader->on, &reader->damage, err);
}

/* The threads of the process that was read last, but for the one that leads it. */
static enum kd_status add_threads(struct reader *reader, uint64_t leader, struct kd_err *err)
{
	uint64_t signal = value(reader, SIGNAL);
	struct kd_links links = {.list = NULL};
	enum kd_status status;

	if (!signal)
		return KD_OK; /* it is being released */
	status = find_links(reader, signal + reader->thread_head, &links, err);
	for (size_t i = 0; !status && i < links.count; i++) {
		uint64_t vaddr = links.list[i] - reader->fields[THREAD_NODE].offset;

		if (vaddr != leader)
			status = note(reader, add_task(reader, vaddr, false, err), err);
	}
	kd_links_deinit(&links);
	return status;
}

static enum kd_status add_processes(struct reader *reader, uint64_t init, struct kd_err *err)
{
	struct kd_links links = {.list = NULL};
	enum kd_status status =
		find_links(reader, init + reader->fields[TASKS].offset, &links, err);

	for (size_t i = 0; !status && i < links.count; i++) {
		uint64_t vaddr = links.list[i] - reader->fields[TASKS].offset;

		status = add_task(reader, vaddr, false, err);
		/* of one that cannot be read, the threads cannot be found */
		status = status ? note(reader, status, err) : add_threads(reader, vaddr, err);
	}
	kd_links_deinit(&links);
	return status;
}

static enum kd_status add_idle(struct reader *reader, struct kd_err *err)
{
	enum kd_status status = KD_OK;

	for (unsigned int cpu = 0; !status && cpu < reader->tasks->cpus.count; cpu++) {
		uint64_t queue = 0, idle = 0;

		if (!kd_cpu_is_possible(&reader->tasks->cpus, cpu))
			continue;
		status = kd_percpu_symbol(reader->system, "runqueues", cpu, &queue, err);
		if (!status)
			status = kd_get(reader->system, queue, "rq.idle", &idle, err);
		/* a CPU that never was online has none */
		if (!status && idle)
			status = add_task(reader, idle, true, err);
		status = note(reader, status, err);
	}
	return status;
}

static enum kd_status find_fields(struct reader *reader, struct kd_err *err)
{
	enum kd_status status = kd_offset_of(reader->system, "signal_struct.thread_head",
					     &reader->thread_head, err);

	for (int i = 0; !status && i < FIELDS; i++) {
		status = kd_field_find(reader->system, paths[i].path, &reader->fields[i], err);
		if (!status &&
		    reader->struct_bytes < reader->fields[i].offset + reader->fields[i].bytes)
			reader->struct_bytes = reader->fields[i].offset + reader->fields[i].bytes;
		if (status == KD_NOTFOUND && !paths[i].needed)
			status = KD_OK;
	}
	if (!status && reader->struct_bytes > STRUCT_BYTES_MOST)
		return kd_fail(err, KD_CORRUPT, "struct task_struct of %llu bytes",
			       (unsigned long long)reader->struct_bytes);
	return status;
}

/* Who was on a CPU. */
static void mark_running(struct kd_tasks *tasks, struct kd_system *system)
{
	for (unsigned int cpu = 0; cpu < tasks->cpus.count; cpu++) {
		uint64_t current;
		uint32_t rank;

		if (!kd_cpu_is_online(&tasks->cpus, cpu) ||
		    kd_cpu_task(system, cpu, &current, NULL) ||
		    !kd_address_map_get(&tasks->by_vaddr, current, &rank))
			continue;
		tasks->list[rank].running = true;
		tasks->list[rank].cpu = cpu;
	}
}

/*
 * The last that any CPU noted: each sets the clock of its queue at every tick and whenever it looks for work, from
 * sched_clock_cpu(), which CPUs have in common.
 */
static void find_clock(struct kd_tasks *tasks, struct kd_system *system)
{
	for (unsigned int cpu = 0; cpu < tasks->cpus.count; cpu++) {
		uint64_t queue, clock;

		if (kd_cpu_is_possible(&tasks->cpus, cpu) &&
		    !kd_percpu_symbol(system, "runqueues", cpu, &queue, NULL) &&
		    !kd_get(system, queue, "rq.clock", &clock, NULL) && clock > tasks->clock_ns)
			tasks->clock_ns = clock;
	}
}

/* What came of damage: how many threads there should be is told by nr_threads (kernel/fork.c). */
static enum kd_status tell_damage(struct reader *reader, struct kd_err *err)
{
	uint64_t vaddr;
	uint32_t expected = 0, found = 0;
	enum kd_status status = kd_first_failure(KD_OK, &reader->damage, err);

	for (size_t i = 0; i < reader->tasks->count; i++)
		found += !reader->tasks->list[i].idle;
	if (status && !kd_system_symbol(reader->system, "nr_threads", &vaddr, NULL) &&
	    !kd_system_read(reader->system, vaddr, &expected, sizeof(expected), NULL) &&
	    expected > found)
		return kd_context(err, status, "%u of %u are missing", expected - found, expected);
	if (status && expected && expected == found)
		return kd_context(err, status, "all %u were found, but", found);
	return status;
}

static enum kd_status read_all(struct reader *reader, struct kd_err *err)
{
	uint64_t init = 0;
	enum kd_status status = find_fields(reader, err);

	if (!status)
		status = kd_system_symbol(reader->system, "init_task", &init, err);
	if (status)
		return status;
	reader->object = malloc((size_t)reader->struct_bytes);
	if (!reader->object)
		return kd_fail_errno(err, ENOMEM, "tasks");
	status = add_idle(reader, err);
	if (!status)
		status = add_processes(reader, init, err);
	mark_running(reader->tasks, reader->system);
	find_clock(reader->tasks, reader->system);
	free(reader->object);
	kd_address_map_deinit(&reader->on);
	return status ? status : tell_damage(reader, err);
}

enum kd_status kd_tasks_init(struct kd_tasks *tasks, struct kd_system *system, struct kd_err *err)
{
	struct reader reader = {.system = system, .tasks = tasks};
	struct kd_err why = {KD_OK, ""};
	enum kd_status status;

	*tasks = (struct kd_tasks){.count = 0};
	status = kd_cpus_read(system, &tasks->cpus, &why);
	if (!status)
		status = read_all(&reader, &why);
	if (status && err)
		*err = why;
	return status ? kd_context(err, status, "tasks") : KD_OK;
}

void kd_tasks_deinit(struct kd_tasks *tasks)
{
	if (!tasks)
		return;
	free(tasks->list);
	kd_address_map_deinit(&tasks->by_vaddr);
	tasks->list = NULL;
	tasks->count = 0;
}

bool kd_task_since(const struct kd_tasks *tasks, uint64_t at_ns, uint64_t *since_ns)
{
	if (!at_ns || !tasks->clock_ns)
		return false;
	/* of two CPUs, one may be ahead by a little */
	*since_ns = at_ns < tasks->clock_ns ? tasks->clock_ns - at_ns : 0;
	return true;
}

const struct kd_task *kd_task_of_cpu(const struct kd_tasks *tasks, unsigned int cpu)
{
	for (size_t i = 0; i < tasks->count; i++)
		if (tasks->list[i].running && tasks->list[i].cpu == cpu)
			return &tasks->list[i];
	return NULL;
}

const struct kd_task *kd_task_of_pid(const struct kd_tasks *tasks, int32_t pid)
{
	for (size_t i = 0; i < tasks->count; i++)
		if (tasks->list[i].pid == pid && !tasks->list[i].idle)
			return &tasks->list[i];
	return NULL;
}

const struct kd_task *kd_task_at(const struct kd_tasks *tasks, uint64_t vaddr)
{
	uint32_t rank;

	return kd_address_map_get(&tasks->by_vaddr, vaddr, &rank) ? &tasks->list[rank] : NULL;
}
