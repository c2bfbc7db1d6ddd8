/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "load/image_contents.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/image.h"
#include "host/file.h"
#include "load/initramfs.h"

enum { CONFIG_BYTES_MAX = 1 << 20, MODULE_BYTES_MAX = 128 << 20 };

struct reading {
	struct kd_image_contents contents;
	enum kd_status status;
	struct kd_err *err;
};

bool kd_module_file_name(const char *path, char name[KD_MODULE_NAME_BYTES])
{
	const char *file = strrchr(path, '/'), *end;

	file = file ? file + 1 : path;
	end = strstr(file, ".ko");
	if (!end || (size_t)(end - file) + 4 > KD_MODULE_NAME_BYTES)
		return false;
	snprintf(name, KD_MODULE_NAME_BYTES, "%.*s", (int)(end - file) + 3, file);
	return true;
}

/*
 * Of "vermagic=6.1.0-56-amd64 SMP preempt …" the first word, which the kernel compares with its own (same_magic(),
 * kernel/module/version.c); "" where there is none.
 */
static void release_of(const char *module, size_t bytes, char release[65])
{
	static const char name[] = "vermagic=";
	const char *at = memmem(module, bytes, name, sizeof(name) - 1);
	size_t length;

	*release = '\0';
	if (!at)
		return;
	at += sizeof(name) - 1;
	length = strcspn(at, " "); /* a NUL follows the module */
	if (length < 65)
		snprintf(release, 65, "%.*s", (int)length, at);
}

static enum kd_status take_module(struct kd_image_contents *contents, const char *name,
				  const struct kd_initramfs_entry *entry, struct kd_err *err)
{
	KD_CLEANUP_FREE char *data = NULL;
	char release[65];
	size_t bytes;
	enum kd_status status =
		kd_initramfs_entry_read(entry, MODULE_BYTES_MAX, &data, &bytes, err);

	if (status)
		return status;
	release_of(data, bytes, release);
	status = kd_names_add(&contents->modules, name, err);
	return status ? status : kd_names_add(&contents->releases, release, err);
}

static enum kd_status take_config(struct kd_image_contents *contents,
				  const struct kd_initramfs_entry *entry, struct kd_err *err)
{
	KD_CLEANUP_FREE char *text = NULL;
	size_t bytes;
	enum kd_status status =
		kd_initramfs_entry_read(entry, CONFIG_BYTES_MAX, &text, &bytes, err);

	if (!status && !contents->is_ours)
		status = kd_config_init(&contents->config, err);
	contents->is_ours |= !status;
	return status ? status
		      : kd_config_parse_image(&contents->config, text, KD_IMAGE_CONFIG, err);
}

static void take_entry(void *opaque, const struct kd_initramfs_entry *entry)
{
	struct reading *reading = opaque;
	char name[KD_MODULE_NAME_BYTES];

	if (reading->status)
		return;
	if (!strcmp(entry->path, &KD_IMAGE_CONFIG[1]))
		reading->status = take_config(&reading->contents, entry, reading->err);
	else if (entry->bytes && kd_module_file_name(entry->path, name))
		reading->status = take_module(&reading->contents, name, entry, reading->err);
}

enum kd_status kd_image_contents_read(const char *path, struct kd_image_contents *contents,
				      struct kd_err *err)
{
	struct kd_err why = {KD_OK, ""};
	struct reading reading = {.err = &why};
	enum kd_status status = kd_initramfs_list(path, take_entry, &reading, err);

	if (!status && reading.status)
		status = kd_fail(err, reading.status, "%s: %s", path, why.text);
	if (status)
		kd_image_contents_deinit(&reading.contents);
	else
		*contents = reading.contents;
	return status;
}

void kd_image_contents_deinit(struct kd_image_contents *contents)
{
	if (contents->is_ours)
		kd_config_deinit(&contents->config);
	kd_names_deinit(&contents->modules);
	kd_names_deinit(&contents->releases);
	*contents = (struct kd_image_contents){0};
}

const struct kd_config_target *kd_image_target(const struct kd_config *config, const char *name)
{
	for (unsigned int i = 0; i < config->target_count; i++)
		if (!strcmp(config->targets[i].name, name))
			return &config->targets[i];
	return NULL;
}

static bool same(const char *a, const char *b)
{
	return !strcmp(a ? a : "", b ? b : "");
}

bool kd_image_targets_equal(const struct kd_config_target *a, const struct kd_config_target *b)
{
	return a->type == b->type && same(a->device, b->device) && same(a->path, b->path) &&
	       same(a->options, b->options);
}
