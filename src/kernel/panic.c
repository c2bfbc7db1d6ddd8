/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the log says of the end. panic() prints its reason (kernel/panic.c); before it may stand what
 * led there, an oops or a sysrq; around it dump_stack_print_info() (lib/dump_stack.c) names CPU and
 * task: after panic's line when panic itself prints the stack, before it when an oops has done so.
 * So: the last panic, the nearest line before it that may be the cause of such a panic, and the first
 * CPU line after it or else the last before. Where kdump is loaded, an oops starts it without a panic
 * (oops_end() of arch/x86/kernel/dumpstack.c): then it is the last oops, and the CPU line after that.
 */
#include "kernel/panic.h"

#include <string.h>

#include "base/format.h"
#include "kernel/log.h"
#include "kernel/panic_causes.h"

static const char panic_line[] = "Kernel panic - not syncing: ";

/* "CPU: 1 PID: 75 Comm: sh …" */
struct who {
	bool known;
	uint32_t cpu, pid;
	char comm[KD_PANIC_COMM_BYTES];
};

struct cause {
	bool seen;
	char text[KD_PANIC_TEXT_BYTES];
	uint64_t time_ns, last_ns; /* of the line, and of the last of those that belong to it */
	uint64_t sequence;
	struct kd_cause_blame blame;
};

struct search {
	struct kd_panic *panic;
	bool panicked;
	struct cause causes[KD_CAUSE_SORTS];
	bool oops_open; /* its CPU line has not come */
	struct who last, of_oops, after_panic;
};

/* The first line of a record; tabs stay, other bytes that are no text become '?'. */
static void copy_line(const struct kd_klog_record *record, char text[KD_PANIC_TEXT_BYTES])
{
	size_t at = 0;

	for (; at < record->text_bytes && at < KD_PANIC_TEXT_BYTES - 1; at++) {
		char c = record->text[at];

		if (c == '\n')
			break;
		text[at] = (c >= ' ' && c <= '~') || c == '\t' ? c : '?';
	}
	text[at] = '\0';
}

/*
 * "CPU: 1 PID: 75 Comm: sh Not tainted 6.1.0 …"; 6.11 on "CPU: 1 UID: 0 PID: 75 Comm: sh Not …"
 *. A comm may hold spaces: it ends before the taint's words.
 */
static bool parse_who(const char *line, struct who *who)
{
	static const char *const ends[] = {" Not tainted", " Tainted: ", " Kdump: "};
	const char *at = line, *end = NULL;
	uint32_t cpu, pid;

	if (strncmp(at, "CPU: ", 5))
		return false;
	at += 5;
	if (!kd_cause_number(&at, &cpu))
		return false;
	at = strstr(at, " PID: ");
	if (!at)
		return false;
	at += strlen(" PID: ");
	if (!kd_cause_number(&at, &pid) || strncmp(at, " Comm: ", 7))
		return false;
	at += 7;
	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++) {
		const char *found = strstr(at, ends[i]);

		if (found && (!end || found < end))
			end = found;
	}
	if (!end)
		end = at + strlen(at);
	*who = (struct who){.known = true, .cpu = cpu, .pid = pid};
	kd_format(who->comm, sizeof(who->comm), "%.*s", (int)(end - at), at);
	return true;
}

static uint64_t apart_ns(uint64_t left, uint64_t right)
{
	return left > right ? left - right : right - left;
}

static void note_cause(struct search *search, const struct kd_klog_record *record,
		       enum kd_cause_sort sort, const char *line)
{
	struct cause *cause = &search->causes[sort];
	unsigned int sorts;
	uint64_t within_ns;

	/* The first line of an oops tells more than its header, unless it has none. */
	if (sort == KD_CAUSE_OOPS && search->oops_open && kd_cause_is_oops_header(line))
		return;
	/* khungtaskd names all that hang, then panics: the first is as good as any, and was there first. */
	kd_cause_wanted("hung_task", &sorts, &within_ns);
	if (sort == KD_CAUSE_HUNG_TASK && cause->seen &&
	    apart_ns(cause->last_ns, record->time_ns) <= within_ns) {
		cause->last_ns = record->time_ns;
		return;
	}
	*cause = (struct cause){.seen = true,
				.time_ns = record->time_ns,
				.last_ns = record->time_ns,
				.sequence = record->sequence};
	memcpy(cause->text, line, sizeof(cause->text));
	kd_cause_blame(sort, line, &cause->blame);
	if (sort == KD_CAUSE_OOPS)
		search->oops_open = true;
}

static void take_cause(struct kd_panic *panic, const struct cause *cause)
{
	memcpy(panic->cause, cause->text, sizeof(panic->cause));
	panic->blames_cpu = cause->blame.has_cpu;
	panic->blamed_cpu = cause->blame.cpu;
	panic->blames_pid = cause->blame.has_pid;
	panic->blamed_pid = cause->blame.pid;
}

static void note_panic(struct search *search, const struct kd_klog_record *record, const char *line)
{
	const struct cause *nearest = NULL;
	struct kd_panic *panic = search->panic;
	unsigned int sorts;
	uint64_t within_ns;

	memcpy(panic->message, line, sizeof(panic->message));
	panic->has_time = true;
	panic->time_ns = record->time_ns;
	search->after_panic.known = false;
	if (search->panicked)
		return; /* while it panicked: the cause stays */
	search->panicked = true;
	kd_cause_wanted(line, &sorts, &within_ns);
	for (int sort = 0; sort < KD_CAUSE_SORTS; sort++) {
		const struct cause *cause = &search->causes[sort];

		if (cause->seen && sorts >> sort & 1 &&
		    apart_ns(record->time_ns, cause->last_ns) <= within_ns &&
		    (!nearest || cause->sequence > nearest->sequence))
			nearest = cause;
	}
	if (nearest)
		take_cause(panic, nearest);
	/* panic() prints no stack after an oops: a CPU line that still comes is of another CPU */
	if (nearest == &search->causes[KD_CAUSE_OOPS])
		search->after_panic = search->of_oops;
}

static bool look(void *opaque, const struct kd_klog_record *record)
{
	struct search *search = opaque;
	char line[KD_PANIC_TEXT_BYTES];
	enum kd_cause_sort sort;
	struct who who;

	if (record->facility) /* written to /dev/kmsg by somebody */
		return true;
	copy_line(record, line);
	if (!strncmp(line, panic_line, strlen(panic_line))) {
		note_panic(search, record, line);
		return true;
	}
	if (parse_who(line, &who)) {
		if (!search->panicked)
			search->last = who;
		else if (!search->after_panic.known)
			search->after_panic = who;
		if (search->oops_open)
			search->of_oops = who;
		search->oops_open = false;
		return true;
	}
	if (search->panicked)
		return true;
	if (kd_cause_of_line(line, &sort))
		note_cause(search, record, sort, line);
	else if (search->causes[KD_CAUSE_STALL].seen)
		kd_cause_blame_stalled(line, &search->causes[KD_CAUSE_STALL].blame);
	return true;
}

/* Without a panic: the last line of those that a system ends with. */
static bool end_without_panic(struct search *search)
{
	const struct cause *last = NULL;

	for (int sort = 0; sort < KD_CAUSE_SORTS; sort++)
		if (search->causes[sort].seen && kd_cause_is_end((enum kd_cause_sort)sort) &&
		    (!last || search->causes[sort].sequence > last->sequence))
			last = &search->causes[sort];
	if (!last)
		return false;
	take_cause(search->panic, last);
	memcpy(search->panic->message, last->text, sizeof(search->panic->message));
	search->panic->has_time = true;
	search->panic->time_ns = last->time_ns;
	if (last == &search->causes[KD_CAUSE_OOPS])
		search->after_panic = search->of_oops;
	return true;
}

enum kd_status kd_panic_find(struct kd_kernel *kernel, struct kd_panic *panic, struct kd_err *err)
{
	struct kd_panic found = {0};
	struct search search = {.panic = &found};
	enum kd_status status = kd_klog_each(kernel, look, &search, NULL, err);
	const struct who *who;

	if (status)
		return status;
	if (!search.panicked && !end_without_panic(&search))
		return kd_fail(err, KD_NOTFOUND, "the kernel log names no panic");
	who = search.after_panic.known ? &search.after_panic : &search.last;
	if (who->known) {
		found.has_cpu = found.has_pid = true;
		found.cpu = who->cpu;
		found.pid = who->pid;
		memcpy(found.comm, who->comm, sizeof(found.comm));
	}
	*panic = found;
	return KD_OK;
}
