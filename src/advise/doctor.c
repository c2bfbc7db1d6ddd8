/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "advise/doctor.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "advise/checks.h"

/* First what stands between a panic and a dump, from the boot on; then what decides about panicking at all. */
const struct kd_check kd_checks[] = {
	{"configuration", kd_check_configuration},
	{"reservation", kd_check_reservation},
	{"reservation-shrunk", kd_check_shrunk},
	{"files", kd_check_files},
	{"system-calls", kd_check_system_calls},
	{"lockdown", kd_check_lockdown},
	{"load-limit", kd_check_load_limit},
	{"loaded", kd_check_loaded},
	{"stale", kd_check_stale},
	{"parameters", kd_check_parameters},
	{"image-modules", kd_check_image_modules},
	{"image-targets", kd_check_image_targets},
	{"image-configuration", kd_check_image_configuration},
	{"target", kd_check_target},
	{"target-mounted", kd_check_target_mounted},
	{"target-writable", kd_check_target_writable},
	{"target-space", kd_check_target_space},
	{"target-format", kd_check_target_format},
	{"watchdog", kd_check_watchdog},
	{"post-notifiers", kd_check_notifiers},
	{"panic", kd_check_panic},
	{"panic-on-oops", kd_check_panic_on_oops},
	{"panic-on-warn", kd_check_panic_on_warn},
	{"hung-task-panic", kd_check_hung_task_panic},
	{"softlockup-panic", kd_check_softlockup_panic},
	{"hardlockup-panic", kd_check_hardlockup_panic},
	{"unknown-nmi-panic", kd_check_unknown_nmi_panic},
	{"panic-on-unrecovered-nmi", kd_check_panic_on_unrecovered_nmi},
	{"panic-print", kd_check_panic_print},
	{0},
};

_Static_assert(sizeof(kd_checks) / sizeof(*kd_checks) <= KD_FINDINGS, "room for all findings");

static const char *const result_names[KD_RESULTS] = {"ok", "note", "warning", "problem"};

const char *kd_result_name(enum kd_result result)
{
	return result_names[result];
}

bool kd_result_parse(const char *name, enum kd_result *result)
{
	for (int i = 0; i < KD_RESULTS; i++)
		if (!strcmp(name, result_names[i])) {
			*result = (enum kd_result)i;
			return true;
		}
	return false;
}

void kd_find(struct kd_finding *finding, enum kd_result result, const char *format, ...)
{
	va_list args;

	finding->result = result;
	va_start(args, format);
	vsnprintf(finding->sentence, sizeof(finding->sentence), format, args);
	va_end(args);
}

void kd_remedy(struct kd_finding *finding, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(finding->remedy, sizeof(finding->remedy), format, args);
	va_end(args);
}

void kd_diagnose(const struct kd_exam *exam, struct kd_diagnosis *diagnosis)
{
	*diagnosis = (struct kd_diagnosis){0};
	for (const struct kd_check *check = kd_checks; check->name; check++) {
		struct kd_finding *finding = &diagnosis->findings[diagnosis->count++];

		finding->check = check->name;
		check->look(exam, finding);
		diagnosis->numbers[finding->result]++;
	}
}
