/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "inspect/timers.h"

#include <stdio.h>
#include <string.h>

#include "inspect/fields.h"
#include "inspect/lists.h"
#include "inspect/partial.h"
#include "inspect/trees.h"

enum { BASES_MOST = 8, CLOCKS_MOST = 16, BUCKETS_MOST = 1 << 12, TIMERS_MOST = 1 << 22 };

/* What a function does, and where around the timer it finds whom to do it for. */
static const struct purpose {
	const char *function, *timer, *about;
	bool is_task;
} purposes[] = {
	{"delayed_work_timer_fn", "delayed_work.timer", "delayed_work.work.func", false},
	{"process_timeout", "process_timer.timer", "process_timer.task", true},
	{"hrtimer_wakeup", "hrtimer_sleeper.timer", "hrtimer_sleeper.task", true},
};

enum { PURPOSES = sizeof(purposes) / sizeof(*purposes) };

struct walk {
	struct kd_system *system;
	kd_timer_take *take;
	void *opaque;
	uint64_t jiffies, tick_ns;    /* tick_ns 0: not known */
	uint64_t monotonic_ns;        /* 0: not known */
	uint64_t functions[PURPOSES]; /* of purposes, by number; 0: the kernel has none */
	struct kd_timer timer;        /* the one to tell of */
	int64_t clock_offset_ns;
	uint64_t node_offset;
	unsigned int timers;
	bool stopped;
	struct kd_partial partial;
};

static void find_purpose(struct walk *walk)
{
	struct kd_timer *timer = &walk->timer;
	uint64_t offset, about;

	timer->work = timer->task = 0;
	for (int i = 0; i < PURPOSES; i++) {
		if (!timer->function || timer->function != walk->functions[i] ||
		    kd_offset_of(walk->system, purposes[i].timer, &offset, NULL) ||
		    kd_get(walk->system, timer->vaddr - offset, purposes[i].about, &about, NULL))
			continue;
		*(purposes[i].is_task ? &timer->task : &timer->work) = about;
	}
}

static void skip(struct walk *walk, enum kd_status status, struct kd_err *why)
{
	if (status)
		kd_partial_skip(
			&walk->partial,
			kd_context(why, status, "CPU %u, %s", walk->timer.cpu, walk->timer.clock),
			why);
}

static void tell(struct walk *walk)
{
	struct kd_err why;

	if (++walk->timers > TIMERS_MOST) {
		skip(walk, kd_fail(&why, KD_CORRUPT, "timers without an end"), &why);
		walk->stopped = true;
		return;
	}
	find_purpose(walk);
	walk->stopped = !walk->take(walk->opaque, &walk->timer);
}

static enum kd_status read_timer(struct walk *walk, uint64_t vaddr, const char *expires,
				 const char *function, struct kd_err *err)
{
	const struct kd_wanted members[] = {
		{expires, &walk->timer.expires},
		{function, &walk->timer.function},
	};
	enum kd_status status = kd_get_each(walk->system, vaddr, members, 2, err);

	walk->timer.vaddr = vaddr;
	return status ? kd_context(err, status, "timer at 0x%llx", (unsigned long long)vaddr)
		      : KD_OK;
}

/* One bucket of the wheel: a struct hlist_head. */
static void walk_bucket(struct walk *walk, uint64_t head, uint64_t entry_offset)
{
	struct kd_timer *timer = &walk->timer;
	struct kd_loop loop = {0};
	uint64_t node = 0;
	struct kd_err why;
	enum kd_status status = kd_read_u64(walk->system, head, &node, &why);

	while (!status && node && !walk->stopped) {
		if (kd_loop_closes(&loop, node)) {
			status = kd_fail(&why, KD_CORRUPT, "timers that lead to each other");
			break;
		}
		status = read_timer(walk, node - entry_offset, "timer_list.expires",
				    "timer_list.function", &why);
		skip(walk, status, &why);
		timer->is_due_known = walk->tick_ns;
		timer->due_ns = (int64_t)(timer->expires - walk->jiffies) * (int64_t)walk->tick_ns;
		if (!status)
			tell(walk);
		status = kd_get(walk->system, node, "hlist_node.next", &node, &why);
	}
	skip(walk, status, &why);
}

/* How many wheels a CPU has: the extent of its variable tells, as the kernel's types have it. */
static uint64_t wheels_of_cpu(struct kd_system *system, uint64_t wheel_bytes)
{
	const struct kd_btf *btf = kd_system_types(system, NULL);
	struct kd_btf_type variable;
	uint64_t bytes = 0;

	if (!btf || kd_btf_find(btf, KD_BTF_VARIABLE, "timer_bases", &variable, NULL) ||
	    kd_btf_size(btf, variable.type_id, &bytes, NULL) || bytes / wheel_bytes > BASES_MOST)
		return 1;
	return bytes / wheel_bytes;
}

static enum kd_status walk_wheels(struct walk *walk, unsigned int cpu, struct kd_err *err)
{
	struct kd_field vectors;
	uint64_t base = 0, wheel_bytes = 0, entry_offset = 0;
	enum kd_status status = kd_percpu_symbol(walk->system, "timer_bases", cpu, &base, err);

	if (!status)
		status = kd_size_of(walk->system, "timer_base", &wheel_bytes, err);
	if (!status)
		status = kd_field_find(walk->system, "timer_base.vectors", &vectors, err);
	if (!status)
		status = kd_offset_of(walk->system, "timer_list.entry", &entry_offset, err);
	if (!status && (!wheel_bytes || vectors.bytes / 8 > BUCKETS_MOST))
		status = kd_fail(err, KD_CORRUPT, "a wheel of %llu bytes",
				 (unsigned long long)wheel_bytes);
	strcpy(walk->timer.clock, "jiffies");
	for (uint64_t i = 0; !status && i < wheels_of_cpu(walk->system, wheel_bytes); i++)
		for (uint64_t bucket = 0; !status && !walk->stopped && bucket < vectors.bytes / 8;
		     bucket++)
			walk_bucket(walk, base + i * wheel_bytes + vectors.offset + 8 * bucket,
				    entry_offset);
	return status;
}

static bool take_hrtimer(void *opaque, uint64_t node)
{
	struct walk *walk = opaque;
	struct kd_timer *timer = &walk->timer;
	struct kd_err why;
	enum kd_status status = read_timer(walk, node - walk->node_offset, "hrtimer.node.expires",
					   "hrtimer.function", &why);

	skip(walk, status, &why);
	timer->is_due_known = walk->monotonic_ns;
	timer->due_ns =
		(int64_t)(timer->expires - (uint64_t)walk->clock_offset_ns - walk->monotonic_ns);
	if (!status)
		tell(walk);
	return !walk->stopped;
}

/*
 * What a clock is called, by its place in hrtimer_cpu_base.clock_base: enum hrtimer_base_type of
 * include/linux/hrtimer_defs.h, HRTIMER_BASE_MONOTONIC_SOFT and so on.
 */
static void name_clock(struct kd_system *system, unsigned int number,
		       char name[KD_CLOCK_NAME_BYTES])
{
	static const char prefix[] = "HRTIMER_BASE_";
	const struct kd_btf *btf = kd_system_types(system, NULL);
	struct kd_btf_type type;
	const char *found;
	int64_t value;

	snprintf(name, KD_CLOCK_NAME_BYTES, "clock %u", number);
	if (!btf || kd_btf_find(btf, KD_BTF_ENUM, "hrtimer_base_type", &type, NULL))
		return;
	for (uint32_t i = 0; kd_btf_enumerator_at(btf, &type, i, &found, &value); i++) {
		if (value != number || strncmp(found, prefix, strlen(prefix)))
			continue;
		snprintf(name, KD_CLOCK_NAME_BYTES, "%s", found + strlen(prefix));
		for (char *c = name; *c; c++)
			*c = *c == '_' ? '-' : *c >= 'A' && *c <= 'Z' ? (char)(*c | 0x20) : *c;
		return;
	}
}

static enum kd_status walk_clocks(struct walk *walk, unsigned int cpu, struct kd_err *err)
{
	struct kd_field clocks;
	uint64_t base = 0, clock_bytes = 0, offset = 0, root = 0;
	enum kd_status status = kd_percpu_symbol(walk->system, "hrtimer_bases", cpu, &base, err);

	if (!status)
		status = kd_field_find(walk->system, "hrtimer_cpu_base.clock_base", &clocks, err);
	if (!status)
		status = kd_size_of(walk->system, "hrtimer_clock_base", &clock_bytes, err);
	if (!status)
		status = kd_offset_of(walk->system, "hrtimer.node.node", &walk->node_offset, err);
	if (!status && (!clock_bytes || clocks.bytes / clock_bytes > CLOCKS_MOST))
		status = kd_fail(err, KD_CORRUPT, "clocks of %llu bytes",
				 (unsigned long long)clock_bytes);
	for (uint64_t i = 0; !status && !walk->stopped && i < clocks.bytes / clock_bytes; i++) {
		uint64_t clock = base + clocks.offset + i * clock_bytes;
		struct kd_err why;
		enum kd_status bad;
		/* the tree is an rb_root_cached since 5.4 */
		const struct kd_wanted members[] = {
			{"hrtimer_clock_base.active.rb_root.rb_root.rb_node|"
			 "hrtimer_clock_base.active.head.rb_node",
			 &root},
			{"hrtimer_clock_base.offset", &offset},
		};

		bad = kd_get_each(walk->system, clock, members, 2, &why);
		walk->clock_offset_ns = (int64_t)offset;
		name_clock(walk->system, (unsigned int)i, walk->timer.clock);
		if (!bad)
			bad = kd_rb_each(walk->system, root, take_hrtimer, walk, &why);
		skip(walk, bad, &why);
	}
	return status;
}

/*
 * What time it was: the clocks as the kernel last brought them up to date, a tick before the panic or less. What
 * cannot be read leaves times unknown.
 */
static void read_clocks(struct walk *walk)
{
	uint64_t symbol, base, fraction, shift;

	if (!kd_system_symbol(walk->system, "jiffies_64", &symbol, NULL) &&
	    !kd_read_u64(walk->system, symbol, &walk->jiffies, NULL) &&
	    !kd_system_symbol(walk->system, "tick_nsec", &symbol, NULL))
		kd_read_u64(walk->system, symbol, &walk->tick_ns, NULL);
	const struct kd_wanted members[] = {
		{"tk_fast.base[0].base", &base},
		{"tk_fast.base[0].xtime_nsec", &fraction},
		{"tk_fast.base[0].shift", &shift},
	};
	if (!kd_system_symbol(walk->system, "tk_fast_mono", &symbol, NULL) &&
	    !kd_get_each(walk->system, symbol, members, 3, NULL) && shift < 64)
		walk->monotonic_ns = base + (fraction >> shift);
}

enum kd_status kd_timers_each(struct kd_system *system, const struct kd_cpus *cpus,
			      kd_timer_take *take, void *opaque, struct kd_err *err)
{
	struct walk walk = {.system = system, .take = take, .opaque = opaque};
	struct kd_err why;
	enum kd_status status;

	read_clocks(&walk);
	for (int i = 0; i < PURPOSES; i++)
		kd_system_symbol(system, purposes[i].function, &walk.functions[i], NULL);
	for (unsigned int cpu = 0; !walk.stopped && cpu < cpus->count; cpu++) {
		if (!kd_cpu_is_online(cpus, cpu))
			continue;
		walk.timer.cpu = cpu;
		skip(&walk, walk_wheels(&walk, cpu, &why), &why);
		strcpy(walk.timer.clock, "high resolution");
		if (!walk.stopped)
			skip(&walk, walk_clocks(&walk, cpu, &why), &why);
	}
	status = kd_partial_end(&walk.partial, KD_OK, err);
	return status ? kd_context(err, status, "timers") : KD_OK;
}
