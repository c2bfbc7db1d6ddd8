/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The initramfs of the second kernel: has it the modules that reaching the target takes now? */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "advise/exam.h"
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

/* Adds to exam->missing_modules the files that are needed and not there. */
static enum kd_status compare(struct kd_exam *exam, const struct contents *contents,
			      struct kd_err *err)
{
	struct kd_modules *modules = NULL;
	struct kd_kconfig kconfig = {0};
	char release[65], name[NAME_BYTES];
	const struct kd_names *files;
	enum kd_status status = kd_marks_release(exam->paths, release, err);

	if (!status)
		status = kd_kconfig_read(exam->paths, release, &kconfig, err);
	if (!status)
		status = kd_modules_open(exam->paths, release, &modules, err);
	if (!status)
		status = kd_need_modules(exam->paths, release, &exam->target, &kconfig, modules,
					 err);
	files = status ? NULL : kd_modules_files(modules);
	for (size_t i = 0; files && i < files->count && !status; i++)
		if (module_name(files->items[i], name) && !kd_names_have(&contents->modules, name))
			status = kd_names_add(&exam->missing_modules, name, err);
	kd_modules_close(modules);
	kd_kconfig_deinit(&kconfig);
	return status;
}

void kd_exam_look_at_image(struct kd_exam *exam)
{
	struct contents contents = {0};
	struct stat config, image;
	struct kd_err err = {0};
	enum kd_status status;

	if (!exam->image_path)
		return;
	status = kd_initramfs_list(exam->image_path, take_entry, &contents, &err);
	if (!status && contents.failed)
		status = kd_fail(&err, KD_NOMEM, "%s: no memory", exam->image_path);
	/* another program's image finds its target by means of its own */
	if (!status && contents.is_ours && exam->has_target)
		status = compare(exam, &contents, &err);
	if (status)
		memcpy(exam->image_problem, err.text, sizeof(err.text));
	exam->config_is_newer = contents.is_ours && !stat(exam->paths->config, &config) &&
				!stat(exam->image_path, &image) &&
				config.st_mtim.tv_sec > image.st_mtim.tv_sec;
	kd_names_deinit(&contents.modules);
}
