/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "load/initramfs.h"

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/image.h"
#include "host/file.h"
#include "load/compress.h"
#include "load/cpio.h"
#include "load/kconfig.h"
#include "load/needs.h"
#include "load/program.h"
#include "load/programs.h"
#include "load/rescue.h"
#include "load/targets.h"

enum { PROGRAM_BYTES_MAX = 64 << 20 };

/* Modules that are loaded together. */
struct module_set {
	struct kd_initramfs_module *items;
	size_t count;
};

struct kd_initramfs {
	struct kd_config config; /* as the second kernel needs it */
	struct kd_targets targets;
	struct kd_programs programs;
	struct module_set modules, rescue_modules;
	struct kd_initramfs_rescue rescue;
	const struct kd_compressor *compressor;
	uint64_t unpacked_bytes;
	void *data;
	size_t bytes;
};

static void free_modules(struct module_set *set)
{
	for (size_t i = 0; i < set->count; i++) {
		free(set->items[i].name);
		free(set->items[i].source);
		free(set->items[i].path);
	}
	free(set->items);
}

void kd_initramfs_free(struct kd_initramfs *image)
{
	if (!image)
		return;
	free_modules(&image->modules);
	free_modules(&image->rescue_modules);
	kd_config_deinit(&image->config);
	kd_targets_deinit(&image->targets);
	kd_programs_deinit(&image->programs);
	free(image->data);
	free(image);
}

static enum kd_status add_skeleton(struct kd_cpio *cpio, struct kd_err *err)
{
	static const struct {
		const char *path;
		unsigned int mode;
	} folders[] = {
		{"proc", 0555},   {"sys", 0555}, {"dev", 0755},       {"run", 0755},
		{"target", 0755}, {"etc", 0755}, {"etc/kdump", 0755}, {"tmp", 01777},
	};
	/* The kernel opens /dev/console for PID 1 before anything is mounted. Numbers: devices.txt. */
	static const struct {
		const char *path;
		unsigned int mode, device_major, device_minor;
	} devices[] = {{"dev/console", 0600, 5, 1}, {"dev/null", 0666, 1, 3}};
	enum kd_status status = KD_OK;

	for (size_t i = 0; i < sizeof(folders) / sizeof(*folders) && !status; i++)
		status = kd_cpio_add_folder(cpio, folders[i].path, folders[i].mode, err);
	for (size_t i = 0; i < sizeof(devices) / sizeof(*devices) && !status; i++)
		status = kd_cpio_add_device(cpio, devices[i].path, devices[i].mode,
					    devices[i].device_major, devices[i].device_minor, err);
	return status;
}

static enum kd_status add_config(struct kd_cpio *cpio, const struct kd_config *config,
				 struct kd_err *err)
{
	char *text;
	enum kd_status status = kd_config_format(config, &text, err);

	if (status)
		return kd_context(err, status, "configuration for the image");
	return kd_cpio_add_file(cpio, KD_IMAGE_CONFIG, 0644, text, strlen(text), err);
}

/* "/mnt/lib/modules/V/kernel/fs/x.ko.xz" becomes "/lib/modules/V/kernel/fs/x.ko". */
static char *path_in_image(const struct kd_paths *paths, const char *source)
{
	const char *rest = source, *suffix;
	size_t root = strlen(paths->modules);
	char *path;

	if (!strncmp(source, paths->modules, root))
		rest += root;
	if (asprintf(&path, "/lib/modules%s%s", *rest == '/' ? "" : "/", rest) < 0)
		return NULL;
	suffix = strstr(strrchr(path, '/'), ".ko.");
	if (suffix)
		path[suffix - path + 3] = '\0';
	return path;
}

static enum kd_status add_module(struct module_set *set, struct kd_cpio *cpio,
				 const struct kd_paths *paths, const char *source,
				 struct kd_err *err)
{
	struct kd_initramfs_module *module = &set->items[set->count++];
	size_t bytes, stored_bytes;
	enum kd_status status;
	char *data;

	status = kd_module_read(source, &data, &bytes, &stored_bytes, err);
	if (status)
		return kd_context(err, status, "module");
	module->source = strdup(source);
	module->path = path_in_image(paths, source);
	if (module->path)
		module->name = strndup(strrchr(module->path, '/') + 1,
				       strcspn(strrchr(module->path, '/') + 1, "."));
	module->bytes = bytes;
	module->stored_bytes = stored_bytes;
	if (!module->source || !module->name) {
		free(data);
		return kd_fail(err, KD_NOMEM, "%s: no memory", source);
	}
	return kd_cpio_add_file(cpio, module->path, 0644, data, bytes, err);
}

/* The files, and the list of them at `path`. */
static enum kd_status add_modules(struct module_set *set, const char *path, struct kd_cpio *cpio,
				  const struct kd_paths *paths, const struct kd_names *files,
				  struct kd_err *err)
{
	enum kd_status status = KD_OK;
	char *list = NULL;
	size_t bytes;
	FILE *stream;

	set->items = calloc(files->count + 1, sizeof(*set->items));
	if (!set->items)
		return kd_fail(err, KD_NOMEM, "modules: no memory");
	for (size_t i = 0; i < files->count && !status; i++)
		status = add_module(set, cpio, paths, files->items[i], err);
	stream = status ? NULL : open_memstream(&list, &bytes);
	if (!status && !stream)
		return kd_fail(err, KD_NOMEM, "modules: no memory");
	for (size_t i = 0; i < set->count && !status; i++)
		fprintf(stream, "%s\n", set->items[i].path);
	if (stream && fclose(stream)) {
		free(list);
		return kd_fail(err, KD_NOMEM, "modules: no memory");
	}
	return status ? status : kd_cpio_add_file(cpio, path, 0644, list, bytes, err);
}

/* Modules of its own: they are loaded only when somebody asks for the shell. */
static enum kd_status add_rescue(const struct kd_initramfs_request *request,
				 struct kd_initramfs *image, struct kd_cpio *cpio,
				 struct kd_err *err)
{
	struct kd_modules *modules = NULL;
	enum kd_status status = kd_cpio_add_folder(cpio, "bin", 0755, err);

	if (!status)
		status = kd_modules_open(request->paths, request->kernel_version, &modules, err);
	if (!status)
		status = kd_rescue_add(request, cpio, modules, &image->rescue, err);
	if (!status)
		status = add_modules(&image->rescue_modules, KD_IMAGE_RESCUE_MODULES, cpio,
				     request->paths, kd_modules_files(modules), err);
	kd_modules_close(modules);
	for (size_t i = 0; i < image->rescue_modules.count; i++)
		image->rescue.module_bytes += image->rescue_modules.items[i].bytes;
	return status;
}

/* How the second kernel puts the targets' devices together. */
static enum kd_status add_assembly(struct kd_cpio *cpio, const struct kd_targets *targets,
				   struct kd_err *err)
{
	char *text = NULL;
	size_t bytes;
	FILE *stream = open_memstream(&text, &bytes);

	for (unsigned int i = 0; stream && i < targets->count; i++) {
		const struct kd_names *lines = &targets->items[i].stack.assembly;

		for (size_t line = 0; line < lines->count; line++)
			fprintf(stream, "%u %s\n", i, lines->items[line]);
	}
	if (!stream || fclose(stream)) {
		free(text);
		return kd_fail(err, KD_NOMEM, "initramfs: no memory");
	}
	if (bytes)
		return kd_cpio_add_file(cpio, KD_IMAGE_ASSEMBLY, 0644, text, bytes, err);
	free(text);
	return KD_OK;
}

static enum kd_status add_programs(struct kd_cpio *cpio, const struct kd_programs *programs,
				   struct kd_err *err)
{
	enum kd_status status = KD_OK;

	for (size_t i = 0; i < programs->count && !status; i++) {
		const struct kd_program_file *file = &programs->files[i];
		size_t bytes;
		char *data;

		if (kd_cpio_has(cpio, file->path))
			continue; /* the rescue shell's busybox */
		status = kd_file_read(file->source, PROGRAM_BYTES_MAX, &data, &bytes, err);
		if (!status)
			status = kd_cpio_add_file(cpio, file->path, 0755, data, bytes, err);
	}
	return status;
}

/* Everything between the targets and the packed image. */
static enum kd_status fill(const struct kd_initramfs_request *request, struct kd_initramfs *image,
			   const struct kd_names *files, struct kd_err *err)
{
	struct kd_cpio cpio = {0};
	char *packed = NULL;
	size_t bytes;
	enum kd_status status = add_skeleton(&cpio, err);

	if (!status)
		status = kd_program_add(&cpio, "init", request->programs.capture, NULL, err);
	if (status)
		kd_context(err, status, "capture program");
	if (!status)
		status = add_config(&cpio, &image->config, err);
	if (!status)
		status = add_assembly(&cpio, &image->targets, err);
	if (!status)
		status = add_modules(&image->modules, KD_IMAGE_MODULES, &cpio, request->paths,
				     files, err);
	if (!status && kd_config_wants_shell(&image->config))
		status = add_rescue(request, image, &cpio, err);
	if (!status)
		status = add_programs(&cpio, &image->programs, err);
	if (!status)
		status = kd_cpio_pack(&cpio, &packed, &bytes, err);
	kd_cpio_deinit(&cpio);
	if (!status) {
		image->unpacked_bytes = bytes;
		status = image->compressor->compress(packed, bytes, &image->data, &image->bytes,
						     err);
	}
	free(packed);
	return status;
}

/* What finding the targets collects for the image. */
struct gathering {
	const struct kd_initramfs_request *request;
	const struct kd_kconfig *kconfig;
	struct kd_modules *modules;
	struct kd_programs *programs;
};

static enum kd_status gather(void *opaque, const struct kd_target *target, struct kd_err *err)
{
	const struct gathering *gathering = opaque;
	const struct kd_paths *paths = gathering->request->paths;
	enum kd_status status = kd_need_modules(paths, gathering->request->kernel_version, target,
						gathering->kconfig, gathering->modules, err);

	for (size_t i = 0; i < target->stack.programs.count && !status; i++)
		status = kd_programs_add(gathering->programs, paths,
					 target->stack.programs.items[i], err);
	return status;
}

static enum kd_status add_hooks(const struct gathering *gathering, const struct kd_config *config,
				struct kd_err *err)
{
	const char *const hooks[] = {config->hook_before, config->hook_after};
	enum kd_status status = KD_OK;

	for (size_t i = 0; i < sizeof(hooks) / sizeof(*hooks) && !status; i++) {
		char path[PATH_MAX];

		if (!hooks[i])
			continue;
		snprintf(path, sizeof(path), "%.*s", (int)strcspn(hooks[i], " \t"), hooks[i]);
		status = kd_programs_add(gathering->programs, gathering->request->paths, path, err);
	}
	return status ? kd_context(err, status, "hook") : KD_OK;
}

/* The configuration with the targets as they were found. */
static enum kd_status resolve_config(const struct kd_config *config,
				     const struct kd_targets *targets, struct kd_config *resolved,
				     struct kd_err *err)
{
	enum kd_status status = kd_config_copy(config, resolved, err);

	if (status)
		return status;
	while (resolved->target_count)
		kd_config_target_deinit(&resolved->targets[--resolved->target_count]);
	for (unsigned int i = 0; i < targets->count && !status; i++) {
		status = kd_config_target_copy(&targets->items[i].config, &resolved->targets[i],
					       err);
		resolved->target_count += !status;
	}
	return status;
}

/* All that is to be known before the image is written. */
static enum kd_status find_out(const struct gathering *gathering, struct kd_initramfs *image,
			       struct kd_err *err)
{
	const struct kd_initramfs_request *request = gathering->request;
	struct gathering copy = *gathering;
	const struct kd_target_check check = {gather, &copy};
	enum kd_status status = kd_targets_find(request->paths, request->config, request->log,
						&check, &image->targets, err);

	if (!status)
		status = add_hooks(gathering, request->config, err);
	return status ? status
		      : resolve_config(request->config, &image->targets, &image->config, err);
}

enum kd_status kd_initramfs_make(const struct kd_initramfs_request *request,
				 struct kd_initramfs **image, struct kd_err *err)
{
	struct kd_initramfs *made = calloc(1, sizeof(*made));
	struct kd_kconfig kconfig = {0};
	struct kd_modules *modules = NULL;
	enum kd_status status;

	if (!made)
		return kd_fail(err, KD_NOMEM, "initramfs: no memory");
	status = kd_kconfig_read(request->paths, request->kernel_version, &kconfig, err);
	if (!status)
		status = kd_modules_open(request->paths, request->kernel_version, &modules, err);
	if (!status) {
		const struct gathering gathering = {request, &kconfig, modules, &made->programs};

		status = find_out(&gathering, made, err);
	}
	if (!status) {
		made->compressor = kd_compressor_for(&kconfig);
		status = fill(request, made, kd_modules_files(modules), err);
	}
	kd_modules_close(modules);
	kd_kconfig_deinit(&kconfig);
	if (status) {
		kd_initramfs_free(made);
		return status;
	}
	*image = made;
	return KD_OK;
}

enum kd_status kd_initramfs_write(const struct kd_initramfs *image, const char *path,
				  struct kd_err *err)
{
	return kd_file_replace(path, image->data, image->bytes, 0600, err);
}

const struct kd_initramfs_module *kd_initramfs_modules(const struct kd_initramfs *image,
						       size_t *count)
{
	*count = image->modules.count;
	return image->modules.items;
}

const struct kd_initramfs_rescue *kd_initramfs_rescue(const struct kd_initramfs *image)
{
	return image->rescue.view_bytes ? &image->rescue : NULL;
}

const struct kd_config *kd_initramfs_config(const struct kd_initramfs *image)
{
	return &image->config;
}

const char *kd_initramfs_block_name(const struct kd_initramfs *image)
{
	return image->targets.items[0].block;
}

const struct kd_targets *kd_initramfs_targets(const struct kd_initramfs *image)
{
	return &image->targets;
}

const char *kd_initramfs_compressor(const struct kd_initramfs *image)
{
	return image->compressor->name;
}

uint64_t kd_initramfs_bytes(const struct kd_initramfs *image)
{
	return image->bytes;
}

uint64_t kd_initramfs_unpacked_bytes(const struct kd_initramfs *image)
{
	return image->unpacked_bytes;
}

const void *kd_initramfs_data(const struct kd_initramfs *image)
{
	return image->data;
}
