/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lines that kernels print before they panic. Which of them is the cause depends on the panic: a page found bad an hour
 * ago has nothing to do with a task that hangs now. So each line has a sort, and each panic takes those of some sorts,
 * not longer ago than it takes to print what stands between the two.
 */
#include "kernel/panic_causes.h"

#include <string.h>

/* From the top: what is more special comes first. */
static const struct {
	const char *text;
	bool anywhere; /* in the line, else at its beginning */
	enum kd_cause_sort sort;
} lines[] = {
	{"BUG: soft lockup - ", true, KD_CAUSE_SOFT_LOCKUP},
	/* kernel/watchdog_hld.c up to 6.4 begins with "NMI watchdog: ", kernel/watchdog.c since with "watchdog: "; then
	   may follow "CPU3: ", who noticed. Other lines of the watchdog tell that it is off. */
	{"Watchdog detected hard LOCKUP", true, KD_CAUSE_HARD_LOCKUP},
	{"BUG: Bad ", false, KD_CAUSE_SPLAT},
	{"BUG: KASAN: ", false, KD_CAUSE_SPLAT},
	{"BUG: KFENCE: ", false, KD_CAUSE_SPLAT},
	{"BUG: KCSAN: ", false, KD_CAUSE_SPLAT},
	{"BUG: KMSAN: ", false, KD_CAUSE_SPLAT},
	{"BUG: scheduling while atomic", false, KD_CAUSE_SPLAT},
	{"BUG: sleeping function called", false, KD_CAUSE_SPLAT},
	{"BUG: using ", false, KD_CAUSE_SPLAT},
	{"BUG: workqueue ", false, KD_CAUSE_SPLAT},
	{"UBSAN: ", false, KD_CAUSE_SPLAT},
	{"WARNING: ", false, KD_CAUSE_SPLAT},
	{"BUG: ", false, KD_CAUSE_OOPS},
	{"kernel BUG at ", false, KD_CAUSE_OOPS},
	{"Oops: ", false, KD_CAUSE_OOPS},
	{"Oops - ", false, KD_CAUSE_OOPS},
	{"Unable to handle kernel", false, KD_CAUSE_OOPS},
	{"sysrq: Trigger a crash", false, KD_CAUSE_REQUEST},
	{"sysrq: SysRq : Trigger a crash", false, KD_CAUSE_REQUEST},
	{"INFO: task ", false, KD_CAUSE_HUNG_TASK},
	{"INFO: rcu_", false, KD_CAUSE_STALL},
	{"rcu: INFO: rcu_", false, KD_CAUSE_STALL},
	{" invoked oom-killer: ", true, KD_CAUSE_MEMORY},
	{"mce: [Hardware Error]: CPU ", false, KD_CAUSE_HARDWARE},
	{"mce: [Hardware Error]: Machine check: ", false, KD_CAUSE_HARDWARE},
	{"[Hardware Error]: CPU ", false, KD_CAUSE_HARDWARE},
	{"[Hardware Error]: Machine check: ", false, KD_CAUSE_HARDWARE},
	{"Uhhuh. NMI received ", true, KD_CAUSE_NMI},
	{"NMI: PCI system error", false, KD_CAUSE_NMI},
	{"NMI: IOCK error", false, KD_CAUSE_NMI},
	{"VFS: Cannot open root device ", false, KD_CAUSE_ROOT},
};

#define BIT(sort) (1U << (sort))
enum {
	ALL_SORTS = BIT(KD_CAUSE_SORTS) - 1,
	/* Between cause and panic are stacks, of all CPUs where the system is set up so, on a slow console. */
	OWN_S = 60,
	/* A message that says nothing of its cause: what came just before is likely to be one. */
	OTHER_S = 10,
};

/* Any part of a panic's message. */
static const struct {
	const char *text;
	unsigned int sorts;
} messages[] = {
	{"Fatal exception", BIT(KD_CAUSE_OOPS)},
	{"stack guard hit", BIT(KD_CAUSE_OOPS)},
	{"Machine halted", BIT(KD_CAUSE_OOPS)},
	{"Aiee, killing interrupt handler", BIT(KD_CAUSE_OOPS)},
	{"Attempted to kill the idle task", BIT(KD_CAUSE_OOPS)},
	{"Oopsed too often", BIT(KD_CAUSE_OOPS)},
	{"panic_on_warn", BIT(KD_CAUSE_SPLAT)},
	{"warned too often", BIT(KD_CAUSE_SPLAT)},
	{"kasan.fault", BIT(KD_CAUSE_SPLAT)},
	{"panic_on_taint", BIT(KD_CAUSE_SPLAT) | BIT(KD_CAUSE_OOPS)},
	{"sysrq triggered crash", BIT(KD_CAUSE_REQUEST)},
	{"softlockup", BIT(KD_CAUSE_SOFT_LOCKUP)},
	{"LOCKUP", BIT(KD_CAUSE_HARD_LOCKUP)},
	{"hung_task", BIT(KD_CAUSE_HUNG_TASK)},
	{"RCU Stall", BIT(KD_CAUSE_STALL)},
	{"ut of memory", BIT(KD_CAUSE_MEMORY)},
	{"deadlocked on memory", BIT(KD_CAUSE_MEMORY)},
	{"achine check", BIT(KD_CAUSE_HARDWARE)},
	{"Timeout: Not all CPUs entered", BIT(KD_CAUSE_HARDWARE)},
	{"NMI", BIT(KD_CAUSE_NMI)},
	{"Unable to mount root", BIT(KD_CAUSE_ROOT)},
};

bool kd_cause_number(const char **text, uint32_t *number)
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

static bool is_hex(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

/* __die_header() (arch/x86/kernel/dumpstack.c): "%s: %04lx [#%d]"; since 6.10 after "Oops: ". */
bool kd_cause_is_oops_header(const char *line)
{
	const char *number = strstr(line, " [#"), *c = number;

	if (!number || number[3] < '0' || number[3] > '9')
		return false;
	while (c > line && is_hex(c[-1]))
		c--;
	return number - c >= 4 && c - line >= 3 && c[-1] == ' ' && c[-2] == ':';
}

bool kd_cause_of_line(const char *line, enum kd_cause_sort *sort)
{
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		if (lines[i].anywhere ? !strstr(line, lines[i].text)
				      : strncmp(line, lines[i].text, strlen(lines[i].text)) != 0)
			continue;
		/* "INFO: task sync:77 blocked for more than 120 seconds."; of others it tells other things */
		if (lines[i].sort == KD_CAUSE_HUNG_TASK && !strstr(line, " blocked "))
			continue;
		/* "INFO: rcu_tasks detected stalls on tasks:" is none of those that panic */
		if (lines[i].sort == KD_CAUSE_STALL && !strstr(line, "stall"))
			continue;
		*sort = lines[i].sort;
		return true;
	}
	*sort = KD_CAUSE_OOPS;
	return kd_cause_is_oops_header(line);
}

void kd_cause_wanted(const char *message, unsigned int *sorts, uint64_t *within_ns)
{
	*sorts = ALL_SORTS;
	*within_ns = OTHER_S * UINT64_C(1000000000);
	for (size_t i = 0; i < sizeof(messages) / sizeof(*messages); i++)
		if (strstr(message, messages[i].text)) {
			*sorts = messages[i].sorts;
			*within_ns = OWN_S * UINT64_C(1000000000);
			return;
		}
}

bool kd_cause_is_end(enum kd_cause_sort sort)
{
	return sort == KD_CAUSE_OOPS || sort == KD_CAUSE_REQUEST || sort == KD_CAUSE_SOFT_LOCKUP ||
	       sort == KD_CAUSE_HARD_LOCKUP;
}

/* "… CPU#1 stuck for 26s", "… on cpu 3". */
static void blame_cpu_after(const char *line, const char *word, struct kd_cause_blame *blame)
{
	const char *at = strstr(line, word);
	uint32_t cpu;

	if (!at)
		return;
	at += strlen(word);
	if (!kd_cause_number(&at, &cpu))
		return;
	blame->has_cpu = true;
	blame->cpu = cpu;
}

/* "INFO: task my task:1:77 blocked for more than 120 seconds.": the number before the last " blocked ". */
static void blame_hung(const char *line, struct kd_cause_blame *blame)
{
	const char *end = NULL, *digits;
	uint32_t pid;

	for (const char *at = strstr(line, " blocked "); at; at = strstr(at + 1, " blocked "))
		end = at;
	if (!end)
		return;
	digits = end;
	while (digits > line && digits[-1] >= '0' && digits[-1] <= '9')
		digits--;
	if (digits == line || digits[-1] != ':' || !kd_cause_number(&digits, &pid))
		return;
	blame->has_pid = true;
	blame->pid = pid;
}

void kd_cause_blame(enum kd_cause_sort sort, const char *line, struct kd_cause_blame *blame)
{
	if (sort == KD_CAUSE_SOFT_LOCKUP)
		blame_cpu_after(line, "CPU#", blame);
	else if (sort == KD_CAUSE_HARD_LOCKUP)
		blame_cpu_after(line, " on cpu ", blame);
	else if (sort == KD_CAUSE_HUNG_TASK)
		blame_hung(line, blame);
}

/*
 * print_cpu_stall_info() and rcu_print_task_stall_rnp() (kernel/rcu/tree_stall.h): "rcu: \t3-....: (1 GPs behind) …",
 * "rcu: \tTasks blocked on level-0 rcu_node (CPUs 0-7): P75/1:b..l"; the first that is named.
 */
void kd_cause_blame_stalled(const char *line, struct kd_cause_blame *blame)
{
	uint32_t number;

	if (blame->has_cpu || blame->has_pid)
		return;
	if (!strncmp(line, "rcu: ", 5))
		line += 5;
	if (*line++ != '\t')
		return;
	if (!strncmp(line, "Tasks blocked on ", 17)) {
		line = strstr(line, ": P");
		if (!line)
			return;
		line += 3;
		blame->has_pid = kd_cause_number(&line, &blame->pid);
		return;
	}
	if (!kd_cause_number(&line, &number) || *line != '-' || strcspn(line, ":") != 5)
		return;
	blame->has_cpu = true;
	blame->cpu = number;
}
