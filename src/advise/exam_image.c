/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The initramfs of the second kernel: would it find each target as it is found now, with the modules that this takes,
 * and of the kernel that is loaded with it; and does it do as the configuration says now?
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "advise/exam.h"
#include "host/file.h"
#include "host/system.h"
#include "load/image_contents.h"
#include "load/kconfig.h"
#include "load/marks.h"
#include "load/modules.h"
#include "load/needs.h"
#include "load/targets.h"

enum { PLACE_BYTES = 208 };

/* Adds to target->missing_modules the files that are needed and not there. */
static enum kd_status compare_modules(const struct kd_paths *paths,
				      const struct kd_image_contents *contents,
				      struct kd_exam_target *target, struct kd_err *err)
{
	struct kd_modules *modules = NULL;
	struct kd_kconfig kconfig = {0};
	char release[65], name[KD_MODULE_NAME_BYTES];
	const struct kd_names *files;
	enum kd_status status = kd_marks_release(paths, release, err);

	if (!status)
		status = kd_kconfig_read(paths, release, &kconfig, err);
	if (!status)
		status = kd_modules_open(paths, release, &modules, err);
	if (!status)
		status = kd_need_modules(paths, release, &target->target, &kconfig, modules, err);
	files = status ? NULL : kd_modules_files(modules);
	for (size_t i = 0; files && i < files->count && !status; i++)
		if (kd_module_file_name(files->items[i], name) &&
		    !kd_names_have(&contents->modules, name))
			status = kd_names_add(&target->missing_modules, name, err);
	kd_modules_close(modules);
	kd_kconfig_deinit(&kconfig);
	return status;
}

/* The kernel takes no module that was built for another one. */
static void compare_releases(const struct kd_image_contents *contents, struct kd_exam *exam)
{
	for (size_t i = 0; *exam->kernel_release && i < contents->modules.count; i++)
		if (*contents->releases.items[i] &&
		    strcmp(contents->releases.items[i], exam->kernel_release)) {
			snprintf(exam->foreign_module, sizeof(exam->foreign_module),
				 "%s is for kernel %s", contents->modules.items[i],
				 contents->releases.items[i]);
			return;
		}
}

static const char *place_of(const struct kd_config_target *target, char text[PLACE_BYTES])
{
	snprintf(text, PLACE_BYTES, "%s (%s), %s%s%s",
		 target->device ? target->device : "no device", kd_target_type_name(target->type),
		 target->path, *target->options ? ", " : "", target->options);
	return text;
}

/* *says: "", or how the image would look for the target otherwise than it is found now. */
static void compare_target(const struct kd_image_contents *contents, const struct kd_target *now,
			   char *says, size_t bytes)
{
	const struct kd_config_target *then = kd_image_target(&contents->config, now->config.name);
	char old[PLACE_BYTES], new[PLACE_BYTES];

	if (!then)
		snprintf(says, bytes, "The initramfs was made without it");
	else if (!kd_image_targets_equal(then, &now->config))
		snprintf(says, bytes, "The initramfs would write to %s, but it is %s now",
			 place_of(then, old), place_of(&now->config, new));
}

/* "key = value", and which section it is of. */
struct line {
	char section[64], key[64];
	const char *value;
	int value_bytes;
};

/* The next key at *at, which moves behind it; false at the end. */
static bool next_line(const char **at, struct line *line)
{
	while (**at) {
		int length = (int)strcspn(*at, "\n");
		const char *start = *at, *equal = memchr(start, '=', (size_t)length);

		*at += length + ((*at)[length] == '\n');
		if (*start == '[') {
			snprintf(line->section, sizeof(line->section), "%.*s", length, start);
		} else if (equal) {
			const char *value = equal + 1 + (equal[1] == ' ');

			snprintf(line->key, sizeof(line->key), "%.*s", (int)strcspn(start, " ="),
				 start);
			line->value = value;
			line->value_bytes = (int)(start + length - value);
			return true;
		}
	}
	return false;
}

/* The text of all but the targets; NULL without memory. */
static char *format_rest(const struct kd_config *config)
{
	struct kd_config copy;
	char *text = NULL;

	if (kd_config_copy(config, &copy, NULL))
		return NULL;
	while (copy.target_count)
		kd_config_target_deinit(&copy.targets[--copy.target_count]);
	if (kd_config_format(&copy, &text, NULL))
		text = NULL;
	kd_config_deinit(&copy);
	return text;
}

/* Every key is in both texts, in the same order: the first that has another value is told of. */
static void compare_keys(const struct kd_image_contents *contents, struct kd_exam *exam)
{
	KD_CLEANUP_FREE char *then = format_rest(&contents->config);
	KD_CLEANUP_FREE char *now = format_rest(&exam->config);
	const char *at_then = then, *at_now = now;
	struct line old = {0}, new = {0};

	while (then && now && next_line(&at_then, &old) && next_line(&at_now, &new)) {
		if (old.value_bytes == new.value_bytes &&
		    !memcmp(old.value, new.value, (size_t)old.value_bytes))
			continue;
		snprintf(exam->other_config, sizeof(exam->other_config),
			 "%s %s is \"%.*s\" there, and "
			 "\"%.*s\" in %s",
			 old.section, old.key, old.value_bytes < 64 ? old.value_bytes : 64,
			 old.value, new.value_bytes < 64 ? new.value_bytes : 64, new.value,
			 exam->paths->config);
		return;
	}
}

static enum kd_status anything_will_do(void *opaque, const struct kd_target *target,
				       struct kd_err *err)
{
	return KD_OK;
}

/* What the image has behind the configured targets: the boot file system, or what is configured no longer. */
static void compare_others(const struct kd_image_contents *contents, struct kd_exam *exam)
{
	const struct kd_target_check check = {anything_will_do, NULL};
	struct kd_targets now = {.count = 0};
	char section[64];

	kd_targets_find(exam->paths, &exam->config, NULL, &check, &now, NULL);
	for (unsigned int i = 0; i < now.count; i++)
		if (!kd_image_target(&exam->config, now.items[i].config.name) &&
		    kd_image_target(&contents->config, now.items[i].config.name))
			compare_target(contents, &now.items[i], exam->image_fallback,
				       sizeof(exam->image_fallback));
	for (unsigned int i = 0; i < contents->config.target_count; i++) {
		const struct kd_config_target *target = &contents->config.targets[i];
		bool is_last = i + 1 == contents->config.target_count;

		if (kd_image_target(&exam->config, target->name) ||
		    (is_last && contents->config.fallback == KD_FALLBACK_BOOT &&
		     !strncmp(target->name, "boot", 4)))
			continue;
		snprintf(exam->other_config, sizeof(exam->other_config),
			 "[%s] is a target there, "
			 "and none in %s",
			 kd_config_target_section(target, section, sizeof(section)),
			 exam->paths->config);
	}
	kd_targets_deinit(&now);
}

void kd_exam_look_at_image(struct kd_exam *exam)
{
	struct kd_image_contents contents = {0};
	struct kd_err err = {0};
	enum kd_status status;

	if (!exam->image_path)
		return;
	status = kd_image_contents_read(exam->image_path, &contents, &err);
	/* another program's image finds its target by means of its own */
	for (unsigned int i = 0; i < exam->target_count && contents.is_ours; i++) {
		struct kd_exam_target *target = &exam->targets[i];

		if (!target->found)
			continue;
		/* what is not mounted leads to another file system: that is told of by itself */
		if (!*target->not_mounted)
			compare_target(&contents, &target->target, target->image_says,
				       sizeof(target->image_says));
		if (compare_modules(exam->paths, &contents, target, &err))
			status = err.status;
	}
	if (contents.is_ours)
		compare_releases(&contents, exam);
	/* against a configuration with a mistake nothing can be held */
	if (contents.is_ours && !*exam->config_problem) {
		compare_keys(&contents, exam);
		compare_others(&contents, exam);
	}
	if (status)
		memcpy(exam->image_problem, err.text, sizeof(err.text));
	kd_image_contents_deinit(&contents);
}
