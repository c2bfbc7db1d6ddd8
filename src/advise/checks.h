/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The checks, for the table in doctor.c, and how they write what they find. Private to this layer. */
#ifndef KD_ADVISE_CHECKS_H
#define KD_ADVISE_CHECKS_H

#include "advise/doctor.h"

/* Both cut what does not fit. */
void kd_find(struct kd_finding *finding, enum kd_result result, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void kd_remedy(struct kd_finding *finding, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

kd_check_look kd_check_configuration, kd_check_reservation, kd_check_shrunk, kd_check_system_calls,
	kd_check_lockdown, kd_check_load_limit, kd_check_loaded, kd_check_stale,
	kd_check_parameters;
kd_check_look kd_check_files, kd_check_image_modules, kd_check_image_targets,
	kd_check_image_configuration;
kd_check_look kd_check_target, kd_check_target_mounted, kd_check_target_writable,
	kd_check_target_space, kd_check_target_format;
kd_check_look kd_check_watchdog, kd_check_notifiers;
kd_check_look kd_check_panic, kd_check_panic_on_oops, kd_check_hung_task_panic,
	kd_check_softlockup_panic, kd_check_hardlockup_panic, kd_check_unknown_nmi_panic,
	kd_check_panic_on_unrecovered_nmi, kd_check_panic_on_warn, kd_check_panic_print;

#endif
