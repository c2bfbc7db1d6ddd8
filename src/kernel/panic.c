/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the log says of the end. panic() prints its reason (kernel/panic.c); before it may stand what
 * led there, an oops or a sysrq; around it dump_stack_print_info() (lib/dump_stack.c) names CPU and
 * task: after panic's line when panic itself prints the stack, before it when an oops has done so.
 * So: the last panic, the nearest cause before it, and the first CPU line after it or else the last
 * before.
 */
#include "kernel/panic.h"

#include <string.h>

#include "base/format.h"
#include "kernel/log.h"

/* What a cause begins with. */
static const char *const causes[] = {
	"BUG: ",
	"kernel BUG at ",
	"Oops: ",
	"Oops - ",
	"sysrq: Trigger a crash",
	"general protection fault",
	"divide error",
	"invalid opcode",
	"stack segment",
	"double fault: ",
	"Unable to handle kernel",
	"watchdog: BUG: ",
	"Watchdog detected hard LOCKUP",
	/* up to 4.12; other lines of the watchdog tell that it is off */
	"NMI watchdog: Watchdog detected hard LOCKUP",
	"NMI watchdog: BUG: ",
};

enum { CAUSE_COUNT = sizeof(causes) / sizeof(*causes) };

static const char panic_line[] = "Kernel panic - not syncing: ";

struct search {
	struct kd_panic *panic;
	bool panicked;
	bool task_after; /* the CPU line after the panic is found */
	uint64_t cause_ns;
};

static bool starts(const struct kd_klog_record *record, const char *with)
{
	size_t bytes = strlen(with);

	return record->text_bytes >= bytes && !memcmp(record->text, with, bytes);
}

/* The first line of a record, printable. */
static void copy_line(const struct kd_klog_record *record, char text[KD_PANIC_TEXT_BYTES])
{
	size_t at = 0;

	for (; at < record->text_bytes && at < KD_PANIC_TEXT_BYTES - 1; at++) {
		char c = record->text[at];

		if (c == '\n')
			break;
		text[at] = c >= ' ' && c <= '~' ? c : '?';
	}
	text[at] = '\0';
}

static bool parse_number(const char **text, uint32_t *number)
{
	uint64_t value = 0;
	const char *c = *text;

	for (; *c >= '0' && *c <= '9' && value <= UINT32_MAX; c++)
		value = value * 10 + (uint64_t)(*c - '0');
	if (c == *text || value > UINT32_MAX)
		return false;
	*text = c;
	*number = (uint32_t)value;
	return true;
}

/*
 * "CPU: 1 PID: 75 Comm: sh Not tainted 6.1.0 …"; 6.11 on "CPU: 1 UID: 0 PID: 75 Comm: sh Not …"
 *. A comm may hold spaces: it ends before the taint's words.
 */
static bool parse_task(const struct kd_klog_record *record, struct kd_panic *panic)
{
	static const char *const ends[] = {" Not tainted", " Tainted: ", " Kdump: "};
	char line[KD_PANIC_TEXT_BYTES];
	const char *at = line, *end = NULL;
	uint32_t cpu, pid;

	if (!starts(record, "CPU: "))
		return false;
	copy_line(record, line);
	at += strlen("CPU: ");
	if (!parse_number(&at, &cpu))
		return false;
	at = strstr(at, " PID: ");
	if (!at)
		return false;
	at += strlen(" PID: ");
	if (!parse_number(&at, &pid) || strncmp(at, " Comm: ", 7))
		return false;
	at += 7;
	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++) {
		const char *found = strstr(at, ends[i]);

		if (found && (!end || found < end))
			end = found;
	}
	if (!end)
		end = at + strlen(at);
	panic->has_cpu = panic->has_pid = true;
	panic->cpu = cpu;
	panic->pid = pid;
	kd_format(panic->comm, sizeof(panic->comm), "%.*s", (int)(end - at), at);
	return true;
}

static bool look(void *opaque, const struct kd_klog_record *record)
{
	struct search *search = opaque;
	struct kd_panic *panic = search->panic;

	if (record->facility) /* written to /dev/kmsg by somebody */
		return true;
	if (starts(record, panic_line)) {
		search->panicked = true;
		search->task_after = false;
		panic->has_time = true;
		panic->time_ns = record->time_ns;
		copy_line(record, panic->message);
		return true;
	}
	for (int i = 0; !search->panicked && i < CAUSE_COUNT; i++)
		if (starts(record, causes[i])) {
			search->cause_ns = record->time_ns;
			copy_line(record, panic->cause);
			return true;
		}
	if (!search->task_after && parse_task(record, panic))
		search->task_after = search->panicked;
	return true;
}

enum kd_status kd_panic_find(struct kd_kernel *kernel, struct kd_panic *panic, struct kd_err *err)
{
	struct kd_panic found = {0};
	struct search search = {.panic = &found};
	enum kd_status status = kd_klog_each(kernel, look, &search, NULL, err);

	if (status)
		return status;
	if (!*found.message && !*found.cause)
		return kd_fail(err, KD_NOTFOUND, "the kernel log names no panic");
	if (!*found.message) {
		memcpy(found.message, found.cause, sizeof(found.message));
		found.has_time = true;
		found.time_ns = search.cause_ns;
	}
	*panic = found;
	return KD_OK;
}
