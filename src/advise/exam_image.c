/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The initramfs of the second kernel: has it the modules that reaching each target takes now? */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "advise/exam.h"
#include "host/system.h"
#include "load/initramfs.h"
#include "load/kconfig.h"
#include "load/marks.h"
#include "load/modules.h"
#include "load/needs.h"

enum { NAME_BYTES = 256 };

struct contents {
	struct kd_names modules; /* names of files, without what follows ".ko" */
	bool is_ours, failed;
};

/* "a/b/virtio_blk.ko.xz": "virtio_blk.ko"; false when it is no module. */
static bool module_name(const char *path, char name[NAME_BYTES])
{
	const char *file = strrchr(path, '/'), *end;

	file = file ? file + 1 : path;
	end = strstr(file, ".ko");
	if (!end || (size_t)(end - file) + 4 > NAME_BYTES)
		return false;
	snprintf(name, NAME_BYTES, "%.*s", (int)(end - file) + 3, file);
	return true;
}

static void take_entry(void *opaque, const struct kd_initramfs_entry *entry)
{
	struct contents *contents = opaque;
	char name[NAME_BYTES];

	contents->is_ours |= !strcmp(entry->path, "etc/kdump.conf");
	if (module_name(entry->path, name) && kd_names_add(&contents->modules, name, NULL))
		contents->failed = true;
}

/* Adds to target->missing_modules the files that are needed and not there. */
static enum kd_status compare(const struct kd_paths *paths, const struct contents *contents,
			      struct kd_exam_target *target, struct kd_err *err)
{
	struct kd_modules *modules = NULL;
	struct kd_kconfig kconfig = {0};
	char release[65], name[NAME_BYTES];
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
		if (module_name(files->items[i], name) && !kd_names_have(&contents->modules, name))
			status = kd_names_add(&target->missing_modules, name, err);
	kd_modules_close(modules);
	kd_kconfig_deinit(&kconfig);
	return status;
}

struct comparing {
	struct kd_exam *exam;
	time_t made_s;
};

static enum kd_status take_newer(void *opaque, const char *file, struct kd_err *err)
{
	const struct comparing *comparing = opaque;
	struct stat info;

	if (stat(file, &info))
		return kd_fail_errno(err, errno, "%s", file);
	if (info.st_mtim.tv_sec > comparing->made_s)
		snprintf(comparing->exam->newer_config, sizeof(comparing->exam->newer_config), "%s",
			 file);
	return KD_OK;
}

void kd_exam_look_at_image(struct kd_exam *exam)
{
	struct contents contents = {0};
	struct comparing comparing = {.exam = exam};
	struct stat image;
	struct kd_err err = {0};
	enum kd_status status;

	if (!exam->image_path)
		return;
	status = kd_initramfs_list(exam->image_path, take_entry, &contents, &err);
	if (!status && contents.failed)
		status = kd_fail(&err, KD_NOMEM, "%s: no memory", exam->image_path);
	/* another program's image finds its target by means of its own */
	for (unsigned int i = 0; i < exam->target_count && contents.is_ours; i++)
		if (exam->targets[i].found &&
		    compare(exam->paths, &contents, &exam->targets[i], &err))
			status = err.status;
	if (status)
		memcpy(exam->image_problem, err.text, sizeof(err.text));
	if (contents.is_ours && !stat(exam->image_path, &image)) {
		comparing.made_s = image.st_mtim.tv_sec;
		kd_config_files(exam->paths->config, take_newer, &comparing, NULL);
	}
	kd_names_deinit(&contents.modules);
}
