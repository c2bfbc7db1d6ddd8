/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Checks: has the second kernel what it needs to reach its target, and would the target take the dump. */
#include <stdio.h>
#include <string.h>

#include "advise/checks.h"

enum { LEAST_BYTES = 16 << 20 }; /* less is too little for any dump */

static unsigned long long mib(uint64_t bytes)
{
	return (bytes + (1 << 20) - 1) >> 20;
}

void kd_check_files(const struct kd_exam *exam, struct kd_finding *finding)
{
	if (exam->has_estimate) {
		kd_find(finding, KD_RESULT_OK, "The second kernel's files are there%s%s.",
			exam->image_path ? ", its initramfs is " : "",
			exam->image_path ? exam->image_path : "");
		return;
	}
	/* what is loaded is in memory, and does not miss its file until it is to be loaded again */
	kd_find(finding, exam->state.loaded ? KD_RESULT_WARNING : KD_RESULT_PROBLEM,
		"What `kdump load` would load is not there or damaged: %s.",
		exam->estimate_problem);
	kd_remedy(finding, "run `kdump initramfs`, or name the right files to `kdump load`");
}

void kd_check_image_modules(const struct kd_exam *exam, struct kd_finding *finding)
{
	size_t used;

	if (*exam->image_problem) {
		kd_find(finding, KD_RESULT_WARNING,
			"Whether the initramfs has the target's modules cannot be told: %s.",
			exam->image_problem);
		kd_remedy(finding, "run `kdump initramfs -v`, which says what is needed");
		return;
	}
	if (!exam->missing_modules.count) {
		kd_find(finding, KD_RESULT_OK, "%s",
			exam->image_path ? "The initramfs has the modules that the target needs."
					 : "There is no initramfs to look at.");
		return;
	}
	kd_find(finding, KD_RESULT_PROBLEM, "The initramfs lacks modules that the target needs:");
	used = strlen(finding->sentence);
	for (size_t i = 0; i < exam->missing_modules.count && used < sizeof(finding->sentence); i++)
		used += (size_t)snprintf(finding->sentence + used, sizeof(finding->sentence) - used,
					 "%s %s", i ? "," : "", exam->missing_modules.items[i]);
	if (used + 1 < sizeof(finding->sentence))
		strcpy(finding->sentence + used, ".");
	kd_remedy(finding, "run `kdump initramfs` and `kdump load`");
}

void kd_check_image_configuration(const struct kd_exam *exam, struct kd_finding *finding)
{
	if (!exam->config_is_newer) {
		kd_find(finding, KD_RESULT_OK, "The initramfs is newer than the configuration.");
		return;
	}
	kd_find(finding, KD_RESULT_WARNING,
		"%s is newer than the initramfs, which has a copy of it: the old one counts.",
		exam->paths->config);
	kd_remedy(finding, "run `kdump initramfs` and `kdump load`");
}

void kd_check_target(const struct kd_exam *exam, struct kd_finding *finding)
{
	if (exam->has_target) {
		kd_find(finding, KD_RESULT_OK, "The target is %s (%s).",
			exam->target.config.device ? exam->target.config.device
						   : exam->target.config.path,
			exam->target.block);
		return;
	}
	kd_find(finding, KD_RESULT_PROBLEM, "The target cannot be used: %s.", exam->target_problem);
	kd_remedy(finding, "connect it, or name another in [target] of %s", exam->paths->config);
}

void kd_check_target_mounted(const struct kd_exam *exam, struct kd_finding *finding)
{
	if (!*exam->not_mounted) {
		kd_find(finding, KD_RESULT_OK, "The target's file system %s%s.",
			exam->mounted ? "is mounted on " : "need not be mounted",
			exam->mount_point);
		return;
	}
	kd_find(finding, KD_RESULT_WARNING,
		"%s of /etc/fstab is not mounted: %s would be a folder of another file system.",
		exam->not_mounted, exam->config.targets[0].path);
	kd_remedy(finding, "mount %s, then run `kdump initramfs` and `kdump load`",
		  exam->not_mounted);
}

void kd_check_target_writable(const struct kd_exam *exam, struct kd_finding *finding)
{
	if (exam->has_target && exam->device_read_only) {
		kd_find(finding, KD_RESULT_PROBLEM, "/dev/%s is read-only.", exam->target.block);
		kd_remedy(finding, "run `blockdev --setrw /dev/%s`, or choose another target",
			  exam->target.block);
	} else if (exam->has_target && exam->mounted_read_only) {
		kd_find(finding, KD_RESULT_WARNING,
			"%s is mounted read-only, as a file system with errors is: the second kernel "
			"may not be able to write to it.",
			exam->mount_point);
		kd_remedy(finding, "look for its errors in the log, check it with fsck(8)");
	} else {
		kd_find(finding, KD_RESULT_OK, "%s",
			exam->has_target ? "The target can be written."
					 : "There is no target that could be read-only.");
	}
}

/* Configured levels from the first on; the second kernel takes the first that fits. */
static void check_levels(const struct kd_exam *exam, struct kd_finding *finding)
{
	unsigned int levels[KD_CONFIG_LEVELS];
	unsigned int count = kd_config_levels(exam->config.dump_levels, levels), i = 0;
	uint64_t needed = 0;

	for (; i < count; i++) {
		needed = kd_dump_size_at(&exam->dump, levels[i]).disk_bytes;
		if (needed <= exam->free_bytes)
			break;
	}
	if (i == count)
		kd_find(finding, KD_RESULT_PROBLEM,
			"The target is full: %llu MiB are free, and a dump of level %u takes some "
			"%llu MiB.",
			mib(exam->free_bytes), levels[count - 1], mib(needed));
	else if (i)
		kd_find(finding, KD_RESULT_WARNING,
			"%llu MiB are free on the target: a dump of level %u does not fit, one of "
			"level %u does with %llu MiB.",
			mib(exam->free_bytes), levels[0], levels[i], mib(needed));
	else
		kd_find(finding, KD_RESULT_OK,
			"%llu MiB are free on the target, and a dump of level %u takes some %llu "
			"MiB.",
			mib(exam->free_bytes), levels[0], mib(needed));
}

void kd_check_target_space(const struct kd_exam *exam, struct kd_finding *finding)
{
	if (!exam->free_known)
		kd_find(finding, exam->has_target ? KD_RESULT_NOTE : KD_RESULT_OK,
			"How much is free on the target is not known.");
	else if (exam->has_dump)
		check_levels(exam, finding);
	else if (exam->free_bytes < LEAST_BYTES)
		kd_find(finding, KD_RESULT_PROBLEM, "The target is full: %llu MiB are free.",
			mib(exam->free_bytes));
	else
		kd_find(finding, KD_RESULT_NOTE,
			"%llu MiB are free on the target; how large a dump is cannot be told: %s.",
			mib(exam->free_bytes), exam->dump_problem);
	if (finding->result >= KD_RESULT_WARNING)
		kd_remedy(finding, "make room, or set a higher [dump] level in %s",
			  exam->paths->config);
}
