/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Checks: has the second kernel what it needs to reach its targets, and would one of them take the dump.
 *
 * There may be several, tried in order. Each check judges every one by itself; what would be a problem of the only
 * target is a warning while another one has none.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "advise/checks.h"

enum { LEAST_BYTES = 16 << 20 }; /* less is too little for any dump */

static unsigned long long mib(uint64_t bytes)
{
	return (bytes + (1 << 20) - 1) >> 20;
}

/*
 * What is loaded is in memory, and does not miss its file until it is to be loaded again; but damage in a file that
 * has not changed since it was loaded is in memory, too.
 */
static enum kd_result how_bad(const struct kd_exam *exam)
{
	bool same = exam->state.ours && !exam->state.stale.count;

	return exam->state.loaded && !same ? KD_RESULT_WARNING : KD_RESULT_PROBLEM;
}

void kd_check_files(const struct kd_exam *exam, struct kd_finding *finding)
{
	if (exam->has_estimate) {
		kd_find(finding, KD_RESULT_OK, "The second kernel's files are there%s%s.",
			exam->image_path ? ", its initramfs is " : "",
			exam->image_path ? exam->image_path : "");
		return;
	}
	kd_find(finding, how_bad(exam), "What `kdump load` would load is not there or damaged: %s.",
		exam->estimate_problem);
	kd_remedy(finding, "run `kdump initramfs` and `kdump load`, which may name other files");
}

void kd_check_image_configuration(const struct kd_exam *exam, struct kd_finding *finding)
{
	if (!*exam->other_config) {
		kd_find(finding, KD_RESULT_OK,
			"The initramfs does as the configuration says, as far as targets are there.");
		return;
	}
	kd_find(finding, KD_RESULT_WARNING,
		"The initramfs was made from another configuration: %s. Its own counts.",
		exam->other_config);
	kd_remedy(finding, "run `kdump refresh`");
}

static void judge_image(const struct kd_exam *exam, const struct kd_exam_target *target,
			struct kd_finding *finding)
{
	if (!*target->image_says) {
		kd_find(finding, KD_RESULT_OK, "%s",
			exam->image_path ? "The initramfs would find the target where it is."
					 : "There is no initramfs to look at.");
		return;
	}
	kd_find(finding, KD_RESULT_PROBLEM, "%s.", target->image_says);
	kd_remedy(finding, "run `kdump refresh`");
}

static void judge_modules(const struct kd_exam *exam, const struct kd_exam_target *target,
			  struct kd_finding *finding)
{
	const struct kd_names *missing = &target->missing_modules;
	size_t used;

	if (!missing->count) {
		kd_find(finding, KD_RESULT_OK, "%s",
			exam->image_path ? "The initramfs has the modules that the target needs."
					 : "There is no initramfs to look at.");
		return;
	}
	kd_find(finding, KD_RESULT_PROBLEM, "The initramfs lacks modules that the target needs:");
	used = strlen(finding->sentence);
	for (size_t i = 0; i < missing->count && used < sizeof(finding->sentence); i++)
		used += (size_t)snprintf(finding->sentence + used, sizeof(finding->sentence) - used,
					 "%s %s", i ? "," : "", missing->items[i]);
	if (used + 1 < sizeof(finding->sentence))
		strcpy(finding->sentence + used, ".");
	kd_remedy(finding, "run `kdump initramfs` and `kdump load`");
}

static void judge_found(const struct kd_exam *exam, const struct kd_exam_target *target,
			struct kd_finding *finding)
{
	const struct kd_config_target *config = &target->target.config;

	if (target->found) {
		kd_find(finding, KD_RESULT_OK, "The target is %s (%s).",
			config->device ? config->device : config->path, target->target.block);
		return;
	}
	kd_find(finding, KD_RESULT_PROBLEM, "The target cannot be used: %s.", target->problem);
	kd_remedy(finding, "connect it, or name another in [%s] of %s", target->section,
		  exam->paths->config);
}

static void judge_mounted(const struct kd_exam *exam, const struct kd_exam_target *target,
			  struct kd_finding *finding)
{
	if (!*target->not_mounted) {
		kd_find(finding, KD_RESULT_OK, "The target's file system %s%s.",
			target->mounted ? "is mounted on " : "need not be mounted",
			target->mount_point);
		return;
	}
	kd_find(finding, KD_RESULT_WARNING,
		"%s of /etc/fstab is not mounted: %s would be a folder of another file system.",
		target->not_mounted, target->path);
	kd_remedy(finding, "mount %s, then run `kdump initramfs` and `kdump load`",
		  target->not_mounted);
}

static void judge_writable(const struct kd_exam *exam, const struct kd_exam_target *target,
			   struct kd_finding *finding)
{
	const char *block = target->target.block;

	if (target->found && target->device_read_only) {
		kd_find(finding, KD_RESULT_PROBLEM, "/dev/%s is read-only.", block);
		kd_remedy(finding, "run `blockdev --setrw /dev/%s`, or choose another target",
			  block);
	} else if (target->found && target->mounted_read_only) {
		kd_find(finding, KD_RESULT_WARNING,
			"%s is mounted read-only, as a file system with errors is: the second kernel "
			"may not be able to write to it.",
			target->mount_point);
		kd_remedy(finding, "look for its errors in the log, check it with fsck(8)");
	} else {
		kd_find(finding, KD_RESULT_OK, "%s",
			target->found ? "The target can be written."
				      : "There is no target that could be read-only.");
	}
}

/* Configured levels from the first on; the second kernel takes the first that fits. */
static void judge_levels(const struct kd_exam *exam, uint64_t free_bytes,
			 struct kd_finding *finding)
{
	unsigned int levels[KD_CONFIG_LEVELS];
	unsigned int count = kd_config_levels(exam->config.dump_levels, levels);
	unsigned int fits = kd_dump_size_fits(&exam->dump, levels, count, free_bytes);
	unsigned int level = levels[fits < count ? fits : count - 1];
	uint64_t needed = kd_dump_size_at(&exam->dump, level).disk_bytes;

	if (fits == count)
		kd_find(finding, KD_RESULT_PROBLEM,
			"The target is full: %llu MiB are free, and a dump of level %u takes some "
			"%llu MiB.",
			mib(free_bytes), level, mib(needed));
	else if (fits)
		kd_find(finding, KD_RESULT_WARNING,
			"%llu MiB are free on the target: a dump of level %u does not fit, one of "
			"level %u does with %llu MiB.",
			mib(free_bytes), levels[0], level, mib(needed));
	else
		kd_find(finding, KD_RESULT_OK,
			"%llu MiB are free on the target, and a dump of level %u takes some %llu "
			"MiB.",
			mib(free_bytes), level, mib(needed));
}

static void judge_space(const struct kd_exam *exam, const struct kd_exam_target *target,
			struct kd_finding *finding)
{
	uint64_t free_bytes = target->free_bytes;

	if (!target->free_known)
		kd_find(finding, target->found ? KD_RESULT_NOTE : KD_RESULT_OK,
			"How much is free on the target is not known.");
	else if (exam->has_dump)
		judge_levels(exam, free_bytes, finding);
	else if (free_bytes < LEAST_BYTES)
		kd_find(finding, KD_RESULT_PROBLEM, "The target is full: %llu MiB are free.",
			mib(free_bytes));
	else
		kd_find(finding, KD_RESULT_NOTE,
			"%llu MiB are free on the target; how large a dump is cannot be told: %s.",
			mib(free_bytes), exam->dump_problem);
	if (finding->result >= KD_RESULT_WARNING)
		kd_remedy(finding, "make room, or set a higher [dump] level in %s",
			  exam->paths->config);
}

/* Of a kdump-compressed dump every part that was written counts; an ELF core's header comes last on a device. */
static void judge_format(const struct kd_exam *exam, const struct kd_exam_target *target,
			 struct kd_finding *finding)
{
	if (target->target.config.type != KD_TARGET_RAW ||
	    exam->config.dump_format != KD_DUMP_ELF) {
		kd_find(finding, KD_RESULT_OK,
			"A dump that is cut off on the target would still be one.");
		return;
	}
	kd_find(finding, KD_RESULT_WARNING,
		"An ELF core on a raw partition that gets full, or is cut off, is lost.");
	kd_remedy(finding,
		  "set [dump] format = kdump in %s; `kdump save -f elf` makes an ELF core of "
		  "it afterwards",
		  exam->paths->config);
}

typedef void judgement(const struct kd_exam *exam, const struct kd_exam_target *target,
		       struct kd_finding *finding);

static judgement *const judges[] = {judge_found,  judge_mounted, judge_writable, judge_space,
				    judge_format, judge_image,   judge_modules};

/* The first target that would hold the dump as far as can be seen; NULL: none. */
static const struct kd_exam_target *first_without_problem(const struct kd_exam *exam)
{
	for (unsigned int i = 0; i < exam->target_count; i++) {
		enum kd_result worst = KD_RESULT_OK;

		for (size_t at = 0; at < sizeof(judges) / sizeof(*judges); at++) {
			struct kd_finding finding = {0};

			judges[at](exam, &exam->targets[i], &finding);
			if (finding.result > worst)
				worst = finding.result;
		}
		if (worst != KD_RESULT_PROBLEM)
			return &exam->targets[i];
	}
	return NULL;
}

static void append(struct kd_finding *finding, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void append(struct kd_finding *finding, const char *format, ...)
{
	size_t used = strlen(finding->sentence);
	va_list args;

	va_start(args, format);
	vsnprintf(finding->sentence + used, sizeof(finding->sentence) - used, format, args);
	va_end(args);
}

/* What is said of several targets: all of it where all is well, else what is not. */
static void judge_several(const struct kd_exam *exam, judgement *judge, struct kd_finding *finding)
{
	const struct kd_exam_target *other = NULL;
	struct kd_finding each[KD_CONFIG_TARGETS] = {0};

	for (unsigned int i = 0; i < exam->target_count; i++) {
		judge(exam, &exam->targets[i], &each[i]);
		if (each[i].result <= finding->result)
			continue;
		finding->result = each[i].result;
		memcpy(finding->remedy, each[i].remedy, sizeof(finding->remedy));
	}
	for (unsigned int i = 0; i < exam->target_count; i++)
		if (each[i].result != KD_RESULT_OK || finding->result == KD_RESULT_OK)
			append(finding, "%s[%s]: %s", *finding->sentence ? " " : "",
			       exam->targets[i].section, each[i].sentence);
	if (finding->result == KD_RESULT_PROBLEM)
		other = first_without_problem(exam);
	if (other) {
		finding->result = KD_RESULT_WARNING;
		append(finding, " The dump would go to [%s].", other->section);
	}
}

static void judge_targets(const struct kd_exam *exam, judgement *judge, struct kd_finding *finding)
{
	if (exam->target_count == 1)
		judge(exam, &exam->targets[0], finding);
	else
		judge_several(exam, judge, finding);
}

void kd_check_target(const struct kd_exam *exam, struct kd_finding *finding)
{
	judge_targets(exam, judge_found, finding);
}

void kd_check_target_mounted(const struct kd_exam *exam, struct kd_finding *finding)
{
	judge_targets(exam, judge_mounted, finding);
}

void kd_check_target_writable(const struct kd_exam *exam, struct kd_finding *finding)
{
	judge_targets(exam, judge_writable, finding);
}

void kd_check_target_space(const struct kd_exam *exam, struct kd_finding *finding)
{
	judge_targets(exam, judge_space, finding);
}

void kd_check_target_format(const struct kd_exam *exam, struct kd_finding *finding)
{
	judge_targets(exam, judge_format, finding);
}

/* The boot file system is the last resort only: that it would be missed is no problem. */
void kd_check_image_targets(const struct kd_exam *exam, struct kd_finding *finding)
{
	judge_targets(exam, judge_image, finding);
	if (!*exam->image_fallback || finding->result > KD_RESULT_NOTE)
		return;
	kd_find(finding, KD_RESULT_WARNING, "The last resort, the boot file system: %s.",
		exam->image_fallback);
	kd_remedy(finding, "run `kdump refresh`");
}

void kd_check_image_modules(const struct kd_exam *exam, struct kd_finding *finding)
{
	if (*exam->foreign_module) {
		kd_find(finding, KD_RESULT_PROBLEM,
			"The initramfs goes with %s, which takes no module of it: %s.",
			exam->kernel_release, exam->foreign_module);
		kd_remedy(finding, "run `kdump initramfs` and `kdump load`");
		return;
	}
	if (!*exam->image_problem) {
		judge_targets(exam, judge_modules, finding);
		return;
	}
	kd_find(finding, how_bad(exam),
		"Whether the initramfs has the target's modules cannot be told: %s.",
		exam->image_problem);
	kd_remedy(finding, "run `kdump initramfs -v`, which says what is needed");
}
