/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Checks: what of the running system decides whether it panics at all, and whether something comes between
 * the panic and the dump. Sysctls: Documentation/admin-guide/sysctl/kernel.rst.
 */
#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "advise/checks.h"
#include "host/file.h"
#include "load/marks.h"

enum {
	BOOT_SECONDS = 20
}; /* from the panic to the first byte of the dump: firmware has no part in it */

static bool read_line(const char *root, const char *name, char line[64])
{
	return !kd_marks_line(root, name, line, 64, NULL);
}

static bool read_sysctl(const struct kd_exam *exam, const char *name, long *value)
{
	char path[PATH_MAX], line[64], *end;

	kd_path(path, "sys", "kernel/%s", name);
	if (!read_line(exam->paths->proc, path, line))
		return false;
	*value = strtol(line, &end, 0);
	return end != line;
}

/* A sysctl with which something does not panic, and so leaves no dump. A person may want just that. */
static void check_switch(const struct kd_exam *exam, struct kd_finding *finding, const char *name,
			 const char *what)
{
	long value;

	if (!read_sysctl(exam, name, &value)) {
		kd_find(finding, KD_RESULT_OK, "This kernel has no kernel.%s.", name);
	} else if (value) {
		kd_find(finding, KD_RESULT_OK, "%s panics.", what);
	} else {
		kd_find(finding, KD_RESULT_NOTE, "%s does not panic: no dump of it.", what);
		kd_remedy(finding, "to have one: sysctl kernel.%s=1, and in /etc/sysctl.d", name);
	}
}

void kd_check_panic_on_oops(const struct kd_exam *exam, struct kd_finding *finding)
{
	check_switch(exam, finding, "panic_on_oops", "A fault of the kernel (an oops)");
}

void kd_check_hung_task_panic(const struct kd_exam *exam, struct kd_finding *finding)
{
	check_switch(exam, finding, "hung_task_panic", "A task that hangs");
}

void kd_check_softlockup_panic(const struct kd_exam *exam, struct kd_finding *finding)
{
	check_switch(exam, finding, "softlockup_panic", "A CPU that no longer schedules");
}

void kd_check_hardlockup_panic(const struct kd_exam *exam, struct kd_finding *finding)
{
	check_switch(exam, finding, "hardlockup_panic", "A CPU that takes no interrupts");
}

void kd_check_unknown_nmi_panic(const struct kd_exam *exam, struct kd_finding *finding)
{
	check_switch(exam, finding, "unknown_nmi_panic",
		     "An NMI of unknown origin (a management board's button)");
}

void kd_check_panic_on_unrecovered_nmi(const struct kd_exam *exam, struct kd_finding *finding)
{
	check_switch(exam, finding, "panic_on_unrecovered_nmi", "An NMI for failed memory");
}

void kd_check_panic_on_warn(const struct kd_exam *exam, struct kd_finding *finding)
{
	long value;

	if (!read_sysctl(exam, "panic_on_warn", &value) || !value) {
		kd_find(finding, KD_RESULT_OK, "A warning of the kernel does not panic.");
		return;
	}
	kd_find(finding, KD_RESULT_NOTE,
		"Each warning of the kernel panics, also one that would do no harm.");
	kd_remedy(finding, "on a machine in use: sysctl kernel.panic_on_warn=0");
}

void kd_check_panic(const struct kd_exam *exam, struct kd_finding *finding)
{
	long value;

	if (read_sysctl(exam, "panic", &value) && value) {
		kd_find(finding, KD_RESULT_OK,
			"A panic whose crash kernel does not start reboots the machine.");
		return;
	}
	kd_find(finding, KD_RESULT_NOTE,
		"kernel.panic is 0: a panic whose crash kernel does not start leaves the machine "
		"hanging.");
	kd_remedy(finding, "sysctl kernel.panic=10, and in /etc/sysctl.d");
}

/* panic_print_sys_info() runs before the crash kernel (kernel/panic.c, since 5.17), as long as it takes. */
void kd_check_panic_print(const struct kd_exam *exam, struct kd_finding *finding)
{
	long value;

	if (!read_sysctl(exam, "panic_print", &value) || !value) {
		kd_find(finding, KD_RESULT_OK, "A panic prints no more than it must.");
		return;
	}
	kd_find(finding, KD_RESULT_WARNING,
		"kernel.panic_print is %ld: the broken kernel prints all of that, which may hang, and "
		"the dump tells it anyway.",
		value);
	kd_remedy(finding,
		  "sysctl kernel.panic_print=0, and without panic_print= on the command line");
}

void kd_check_notifiers(const struct kd_exam *exam, struct kd_finding *finding)
{
	char line[64];

	if (!read_line(exam->paths->sys, "module/kernel/parameters/crash_kexec_post_notifiers",
		       line) ||
	    (*line != 'Y' && *line != '1')) {
		kd_find(finding, KD_RESULT_OK, "Nothing is called between the panic and the jump.");
		return;
	}
	kd_find(finding, KD_RESULT_WARNING,
		"crash_kexec_post_notifiers is set: what drivers do on a panic runs before the crash "
		"kernel, and may hang in the broken one.");
	kd_remedy(finding, "boot without crash_kexec_post_notifiers, unless a hypervisor needs it");
}

/* Seconds from the panic to the end of the dump, as far as they can be told. */
static double seconds_needed(const struct kd_exam *exam)
{
	unsigned int levels[KD_CONFIG_LEVELS];
	double dump = 0;

	if (exam->has_dump && kd_config_levels(exam->config.dump_levels, levels))
		dump = kd_dump_size_at(&exam->dump, levels[0]).seconds;
	return BOOT_SECONDS + dump;
}

enum watchdog { WATCHDOG_IDLE, WATCHDOG_ARMED, WATCHDOG_UNKNOWN };

/* By drivers/watchdog/watchdog_dev.c's attributes, which a kernel without CONFIG_WATCHDOG_SYSFS does not have. */
static enum watchdog read_watchdog(const struct kd_exam *exam, const char *name,
				   unsigned long *timeout_s, char identity[64])
{
	char path[PATH_MAX], line[64];

	if (!read_line(exam->paths->sys, kd_path(path, "class", "watchdog/%s/state", name), line))
		return WATCHDOG_UNKNOWN;
	if (strcmp(line, "active"))
		return WATCHDOG_IDLE;
	if (!read_line(exam->paths->sys, kd_path(path, "class", "watchdog/%s/timeout", name), line))
		return WATCHDOG_UNKNOWN;
	*timeout_s = strtoul(line, NULL, 10);
	if (!read_line(exam->paths->sys, kd_path(path, "class", "watchdog/%s/identity", name),
		       identity))
		strcpy(identity, "unknown");
	return WATCHDOG_ARMED;
}

static void judge_watchdog(const struct kd_exam *exam, const char *name, struct kd_finding *finding)
{
	double needed = seconds_needed(exam);
	unsigned long timeout_s;
	char identity[64];

	switch (read_watchdog(exam, name, &timeout_s, identity)) {
	case WATCHDOG_ARMED:
		break;
	case WATCHDOG_UNKNOWN:
		kd_find(finding, KD_RESULT_NOTE,
			"Not known: the kernel does not tell whether the watchdog %s is armed, and "
			"for how long it waits; a dump takes some %.0f s from the panic on.",
			name, needed);
		return;
	case WATCHDOG_IDLE:
		return;
	}
	if ((double)timeout_s >= needed) {
		kd_find(finding, KD_RESULT_OK,
			"The watchdog %s (%s) waits %lu s, a dump takes some %.0f.", name, identity,
			timeout_s, needed);
		return;
	}
	kd_find(finding, KD_RESULT_PROBLEM,
		"The watchdog %s (%s) resets the machine after %lu s, and a dump takes some %.0f from "
		"the panic on.",
		name, identity, timeout_s, needed);
	kd_remedy(finding, "give it more (systemd: RuntimeWatchdogSec=%.0f, or what else feeds it)",
		  needed * 2);
}

void kd_check_watchdog(const struct kd_exam *exam, struct kd_finding *finding)
{
	char path[PATH_MAX];
	DIR *folder = opendir(kd_path(path, exam->paths->sys, "class/watchdog"));
	struct dirent *entry;

	kd_find(finding, KD_RESULT_OK, "No watchdog is armed.");
	while (folder && finding->result < KD_RESULT_WARNING && (entry = readdir(folder)))
		if (*entry->d_name != '.') {
			struct kd_finding one = {.check = finding->check};

			judge_watchdog(exam, entry->d_name, &one);
			if (*one.sentence && one.result >= finding->result)
				*finding = one;
		}
	if (folder)
		closedir(folder);
}
