/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Checks: is there room for a second kernel, may one be loaded, is one loaded, and the right one. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "advise/checks.h"
#include "load/command_line.h"

static unsigned long long mib(uint64_t bytes)
{
	return (bytes + (1 << 20) - 1) >> 20;
}

void kd_check_configuration(const struct kd_exam *exam, struct kd_finding *finding)
{
	if (!*exam->config_problem) {
		kd_find(finding, KD_RESULT_OK, "%s has no mistakes.", exam->paths->config);
		return;
	}
	kd_find(finding, KD_RESULT_PROBLEM, "The configuration has a mistake: %s.",
		exam->config_problem);
	kd_remedy(finding,
		  "correct it (kdump.conf(5)), then run `kdump initramfs` and `kdump load`");
}

/* Whatever /proc/iomem does not let us see, all that hangs on it is not known. */
static bool state_is_hidden(const struct kd_exam *exam, struct kd_finding *finding)
{
	if (!*exam->state_problem)
		return false;
	kd_find(finding, KD_RESULT_PROBLEM, "Not known: %s.", exam->state_problem);
	return true;
}

void kd_check_reservation(const struct kd_exam *exam, struct kd_finding *finding)
{
	uint64_t have = exam->state.reserved_bytes;
	const struct kd_estimate *estimate = &exam->estimate;

	if (state_is_hidden(exam, finding))
		return;
	if (!exam->state.supported) {
		kd_find(finding, KD_RESULT_PROBLEM, "This kernel cannot load a crash kernel.");
		kd_remedy(finding,
			  "boot a kernel that is built with CONFIG_KEXEC and CONFIG_CRASH_DUMP");
	} else if (!have) {
		kd_find(finding, KD_RESULT_PROBLEM, "No memory is reserved for a crash kernel%s.",
			exam->asked_bytes ? ", although crashkernel= asks for it (`dmesg | grep -i "
					    "crash` says why)"
					  : "");
		kd_remedy(finding, "add crashkernel=%lluM to the kernel's command line and reboot",
			  exam->has_estimate ? mib(estimate->recommend_bytes) : 128);
	} else if (!exam->has_estimate) {
		kd_find(finding, KD_RESULT_NOTE,
			"%llu MiB are reserved; whether that is enough cannot be told: %s.",
			mib(have), exam->estimate_problem);
	} else if (have < estimate->need_bytes) {
		kd_find(finding, KD_RESULT_PROBLEM,
			"The reservation of %llu MiB is too small: %llu MiB are needed to %s.",
			mib(have), mib(estimate->need_bytes), kd_moment_name(estimate->decides));
		kd_remedy(finding, "boot with crashkernel=%lluM (`kdump estimate` shows the sum)",
			  mib(estimate->recommend_bytes));
	} else if (have < estimate->recommend_bytes) {
		kd_find(finding, KD_RESULT_WARNING,
			"The reservation of %llu MiB is scarce: %llu MiB are needed, and drivers may "
			"want more.",
			mib(have), mib(estimate->need_bytes));
		kd_remedy(finding, "boot with crashkernel=%lluM (`kdump estimate` shows the sum)",
			  mib(estimate->recommend_bytes));
	} else if (have < estimate->report_bytes) {
		kd_find(finding, KD_RESULT_NOTE,
			"The reservation of %llu MiB is enough for a dump, but not for stacks in the "
			"report that is made before it.",
			mib(have));
		kd_remedy(finding,
			  "boot with crashkernel=%lluM, or read them in the dump (kdump bt)",
			  mib(estimate->report_bytes));
	} else {
		kd_find(finding, KD_RESULT_OK, "%llu MiB are reserved, %llu MiB are needed.",
			mib(have), mib(estimate->need_bytes));
	}
}

void kd_check_shrunk(const struct kd_exam *exam, struct kd_finding *finding)
{
	uint64_t have = exam->state.reserved_bytes, asked = exam->asked_bytes;

	if (!have || asked <= have) {
		kd_find(finding, KD_RESULT_OK, "Nobody has made the reservation smaller.");
		return;
	}
	kd_find(finding, KD_RESULT_WARNING,
		"crashkernel= asks for %llu MiB, and %llu MiB are reserved: somebody gave memory "
		"back by /sys/kernel/kexec_crash_size.",
		mib(asked), mib(have));
	kd_remedy(finding, "reboot, and look for what writes to that file");
}

/* What is loaded already stays; that it cannot be replaced is then less than a problem. */
static enum kd_result unless_loaded(const struct kd_exam *exam)
{
	return exam->state.loaded ? KD_RESULT_WARNING : KD_RESULT_PROBLEM;
}

void kd_check_system_calls(const struct kd_exam *exam, struct kd_finding *finding)
{
	struct kd_load_choice choice;
	struct kd_err err = {0};

	if (kd_load_choose_method(KD_LOAD_AUTO, &exam->powers, &choice, &err)) {
		kd_find(finding, unless_loaded(exam), "Nothing can be loaded: %s.", err.text);
		kd_remedy(finding, "lift what is named, which may take a reboot");
	} else if (*choice.reason) {
		kd_find(finding, KD_RESULT_NOTE,
			"kexec_file_load is the way that is left, and takes signed kernels only where "
			"they are checked: %s.",
			choice.reason);
	} else {
		kd_find(finding, KD_RESULT_OK, "A crash kernel may be loaded by %s.",
			choice.method == KD_LOAD_SEGMENTS ? "kexec_load" : "kexec_file_load");
	}
}

/*
 * Under lockdown kexec_load is barred, and kexec_file_load wants a signature by a key that the kernel trusts: one
 * that it was built with, or one of the firmware's, which it takes over when Secure Boot is on
 * (security/integrity/platform_certs/load_uefi.c).
 */
void kd_check_lockdown(const struct kd_exam *exam, struct kd_finding *finding)
{
	const char *level = exam->powers.lockdown;

	if (!*level || !strcmp(level, "none")) {
		kd_find(finding, KD_RESULT_OK, "The kernel is not locked down%s.",
			exam->secure_boot ? ", although Secure Boot is on" : "");
	} else if (exam->secure_boot) {
		kd_find(finding, KD_RESULT_NOTE,
			"Lockdown (%s) and Secure Boot: kexec_load is barred, kexec_file_load takes a "
			"kernel that is signed.",
			level);
	} else {
		kd_find(finding, unless_loaded(exam),
			"Lockdown (%s) without Secure Boot: kexec_load is barred, and "
			"kexec_file_load would want a signature, but no trusted key is present.",
			level);
		kd_remedy(finding, "boot without lockdown=%s, or with Secure Boot on", level);
	}
}

void kd_check_load_limit(const struct kd_exam *exam, struct kd_finding *finding)
{
	const char *name = exam->powers.disabled_for_good     ? "kexec_load_disabled is 1"
			   : exam->powers.no_more_panic_loads ? "kexec_load_limit_panic is 0"
							      : NULL;

	if (!name) {
		kd_find(finding, KD_RESULT_OK, "Loading is not limited.");
		return;
	}
	kd_find(finding, exam->state.loaded ? KD_RESULT_NOTE : KD_RESULT_PROBLEM,
		"kernel.%s: until a reboot nothing can be loaded%s.", name,
		exam->state.loaded ? ", nor what is loaded be replaced" : "");
	kd_remedy(finding, "take that setting out of sysctl.d(5), and reboot");
}

void kd_check_loaded(const struct kd_exam *exam, struct kd_finding *finding)
{
	enum kd_load_verdict verdict = exam->state.verdict;
	const char *hint = kd_load_verdict_hint(verdict);

	if (state_is_hidden(exam, finding))
		return;
	if (kd_load_verdict_is_good(verdict) || verdict == KD_VERDICT_LAYOUT)
		kd_find(finding, KD_RESULT_OK, "A crash kernel is loaded.");
	else
		kd_find(finding,
			verdict == KD_VERDICT_FOREIGN ? KD_RESULT_WARNING : KD_RESULT_PROBLEM, "%s",
			kd_load_verdict_sentence(verdict));
	if (finding->result != KD_RESULT_OK && hint)
		kd_remedy(finding, "%s", hint);
}

void kd_check_stale(const struct kd_exam *exam, struct kd_finding *finding)
{
	const struct kd_load_stale *stale = &exam->state.stale;
	size_t used = 0;

	if (!stale->count) {
		kd_find(finding, KD_RESULT_OK, "%s",
			exam->state.ours ? "What is loaded fits the machine and its files."
					 : "Nothing is loaded that could be stale.");
		return;
	}
	kd_find(finding, stale->layout ? KD_RESULT_PROBLEM : KD_RESULT_WARNING,
		"What is loaded is stale: ");
	used = strlen(finding->sentence);
	for (size_t i = 0; i < stale->count && used < sizeof(finding->sentence); i++)
		used += (size_t)snprintf(finding->sentence + used, sizeof(finding->sentence) - used,
					 "%s%s", i ? "; " : "", stale->reasons[i]);
	if (used + 1 < sizeof(finding->sentence))
		strcpy(finding->sentence + used, ".");
	kd_remedy(finding, "run `kdump arm`%s",
		  *exam->other_config ? " after `kdump initramfs`" : "");
}

/* What second kernels are known to die of, or to die of too little memory for. */
static const struct {
	const char *name, *value; /* NULL: whatever it is */
	enum kd_result result;
	const char *why;
} bad_parameters[] = {
	{"crashkernel", NULL, KD_RESULT_PROBLEM, "it takes memory away that there is not"},
	{"init", NULL, KD_RESULT_NOTE, "it is not looked at with an initramfs"},
	{"rdinit", NULL, KD_RESULT_PROBLEM, "another program than the capture is started"},
	{"maxcpus", NULL, KD_RESULT_WARNING,
	 "memory is set aside for every CPU all the same: nr_cpus= is meant"},
	{"nosmp", NULL, KD_RESULT_WARNING,
	 "interrupts of most devices are not set up: nr_cpus=1 is meant"},
	{"noapic", NULL, KD_RESULT_WARNING, "interrupts of many devices do not arrive"},
	{"nolapic", NULL, KD_RESULT_WARNING, "interrupts of many devices do not arrive"},
	{"acpi", "off", KD_RESULT_WARNING, "devices and interrupts are not found"},
	{"pci", "noacpi", KD_RESULT_WARNING, "devices and interrupts are not found"},
	{"hugepages", NULL, KD_RESULT_PROBLEM, "it takes memory away that there is not"},
	{"mem", NULL, KD_RESULT_PROBLEM, "it hides the reservation"},
	{"memblock", "debug", KD_RESULT_NOTE, "it prints for a long time"},
	{"page_owner", "on", KD_RESULT_WARNING, "it takes memory for each page"},
	{"page_poison", "1", KD_RESULT_NOTE, "it costs time"},
	{"debug_pagealloc", "on", KD_RESULT_WARNING, "it takes memory for small page tables"},
	{"kmemleak", "on", KD_RESULT_WARNING, "it takes memory for each object"},
	{"slub_debug", NULL, KD_RESULT_WARNING, "it takes memory for each object"},
	{"swiotlb", NULL, KD_RESULT_WARNING, "its buffers may be larger than the reservation"},
	{"log_buf_len", NULL, KD_RESULT_WARNING, "the log's buffer is taken from the reservation"},
	{"trace_buf_size", NULL, KD_RESULT_WARNING, "the buffer is taken from the reservation"},
	{"ramdisk_size", NULL, KD_RESULT_NOTE, "it may take memory away"},
	{"single", NULL, KD_RESULT_NOTE, "the capture does not know it"},
};

static bool is_bad(const char *line, size_t row)
{
	const char *value;
	size_t length;

	if (!kd_command_line_find(line, bad_parameters[row].name, &value, &length))
		return false;
	return !bad_parameters[row].value || (strlen(bad_parameters[row].value) == length &&
					      !strncmp(value, bad_parameters[row].value, length));
}

/* All of them, the worst first. */
void kd_check_parameters(const struct kd_exam *exam, struct kd_finding *finding)
{
	const char *line = exam->state.ours ? exam->state.record.command_line : NULL;
	size_t count = sizeof(bad_parameters) / sizeof(*bad_parameters), used = 0;

	for (int result = KD_RESULT_PROBLEM; line && result > KD_RESULT_OK; result--)
		for (size_t i = 0; i < count && used < sizeof(finding->sentence); i++) {
			const char *value = bad_parameters[i].value;

			if (bad_parameters[i].result != (enum kd_result)result || !is_bad(line, i))
				continue;
			if (!used)
				finding->result = bad_parameters[i].result;
			used += (size_t)snprintf(finding->sentence + used,
						 sizeof(finding->sentence) - used, "%s%s%s%s: %s",
						 used ? "; " : "The second kernel gets ",
						 bad_parameters[i].name, value ? "=" : "",
						 value ? value : "", bad_parameters[i].why);
		}
	if (!used) {
		kd_find(finding, KD_RESULT_OK,
			"The second kernel gets no parameter that is known to break it.");
		return;
	}
	if (used + 1 < sizeof(finding->sentence))
		strcpy(finding->sentence + used, ".");
	kd_remedy(finding, "run `kdump load` with a command line that does without");
}
