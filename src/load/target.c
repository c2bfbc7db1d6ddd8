/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From "/var/crash" to "the folder /crash of the file system with UUID …".
 *
 * Without a configured device, mountinfo (proc(5)) says which mount holds the path. Its root field
 * is where in the file system the mount starts: "/" for most, the source for a bind mount, the
 * subvolume for btrfs, which also lists it as subvol= among its super options. The second kernel
 * mounts the whole file system (or that subvolume), so the path is put together from these.
 */
#include "load/target.h"

#include <errno.h>
#include <libmount/libmount.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "host/file.h"
#include "load/blocks.h"

/* The file systems that can take a dump, and which driver mounts them. */
static const struct {
	const char *found;
	enum kd_target_type type;
} file_systems[] = {
	{"ext4", KD_TARGET_EXT4}, {"ext3", KD_TARGET_EXT4},   {"ext2", KD_TARGET_EXT4},
	{"xfs", KD_TARGET_XFS},   {"btrfs", KD_TARGET_BTRFS}, {"vfat", KD_TARGET_VFAT},
};

static enum kd_target_type type_of(const char *found)
{
	for (size_t i = 0; i < sizeof(file_systems) / sizeof(*file_systems); i++)
		if (!strcmp(found, file_systems[i].found))
			return file_systems[i].type;
	return KD_TARGET_AUTO;
}

/* The path without symbolic links, as far as it exists. */
static void canonical(const char *path, char clean[PATH_MAX])
{
	char head[PATH_MAX], resolved[PATH_MAX];
	char *cut;

	snprintf(head, sizeof(head), "%s", path);
	while (!realpath(head, resolved)) {
		cut = strrchr(head, '/');
		if (!cut || cut == head) {
			snprintf(clean, PATH_MAX, "%s", path);
			return;
		}
		*cut = '\0';
	}
	if (snprintf(clean, PATH_MAX, "%s%s", strcmp(resolved, "/") ? resolved : "",
		     path + strlen(head)) == 0)
		snprintf(clean, PATH_MAX, "/");
}

/* What follows folder in path ("" or "/…"); NULL when path is not in it. */
static const char *below(const char *path, const char *folder)
{
	size_t length = strcmp(folder, "/") ? strlen(folder) : 0;

	if (strncmp(path, folder, length) || (path[length] && path[length] != '/'))
		return NULL;
	return path + length;
}

static enum kd_status set_path(struct kd_config_target *config, const char *root, const char *rest,
			       struct kd_err *err)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s%s", strcmp(root, "/") ? root : "", rest);
	return kd_config_target_set(config, "path", *path ? path : "/", err);
}

/* A btrfs mount shows a subvolume: it becomes a mount option, and the path starts there. */
static enum kd_status set_btrfs_path(struct libmnt_fs *mount, const char *rest,
				     struct kd_config_target *config, struct kd_err *err)
{
	const char *super = mnt_fs_get_fs_options(mount), *inside;
	char subvolume[256], options[PATH_MAX], *value;
	enum kd_status status;
	size_t size;

	if (!super || mnt_optstr_get_option(super, "subvol", &value, &size) || !value ||
	    size >= sizeof(subvolume))
		return kd_fail(err, KD_UNSUPPORTED, "%s: mountinfo does not tell its subvolume",
			       mnt_fs_get_target(mount));
	memcpy(subvolume, value, size);
	subvolume[size] = '\0';
	inside = below(mnt_fs_get_root(mount), subvolume);
	if (!inside)
		return kd_fail(err, KD_CORRUPT, "%s: mountinfo: root %s is not in subvolume %s",
			       mnt_fs_get_target(mount), mnt_fs_get_root(mount), subvolume);
	status = set_path(config, inside, rest, err);
	if (status || strstr(config->options, "subvol"))
		return status;
	snprintf(options, sizeof(options), "%s%ssubvol=%s", config->options,
		 *config->options ? "," : "", subvolume);
	return kd_config_target_set(config, "options", options, err);
}

/* The mount that shows path: the deepest one, the latest of several at the same place. */
static struct libmnt_fs *mount_of(struct libmnt_table *table, const char *path)
{
	struct libmnt_iter *iterator = mnt_new_iter(MNT_ITER_FORWARD);
	struct libmnt_fs *mount, *best = NULL;
	size_t longest = 0;

	while (iterator && !mnt_table_next_fs(table, iterator, &mount)) {
		const char *at = mnt_fs_get_target(mount);

		if (!at || !below(path, at) || strlen(at) < longest)
			continue;
		longest = strlen(at);
		best = mount;
	}
	mnt_free_iter(iterator);
	return best;
}

static enum kd_status use_mount(const struct kd_paths *paths, struct libmnt_fs *mount,
				const char *path, struct kd_target *target, struct kd_err *err)
{
	const char *type = mnt_fs_get_fstype(mount), *source = mnt_fs_get_source(mount);
	const char *root = mnt_fs_get_root(mount), *rest = below(path, mnt_fs_get_target(mount));
	dev_t number = mnt_fs_get_devno(mount);
	enum kd_status status;

	if (!type || !root || type_of(type) == KD_TARGET_AUTO)
		return kd_fail(err, KD_UNSUPPORTED,
			       "%s: is on %s, where no dump can be kept: set [target] device, or "
			       "--target",
			       path, type ? type : "an unknown file system");
	/* A btrfs mount has an invented device number; its source is one of its devices. */
	if (type_of(type) == KD_TARGET_BTRFS && (!source || strncmp(source, "/dev/", 5)))
		return kd_fail(err, KD_UNSUPPORTED, "%s: mountinfo does not tell its device", path);
	if (type_of(type) == KD_TARGET_BTRFS)
		status = kd_block_find(paths, source, &target->block, err);
	else
		status = kd_block_of_number(paths, major(number), minor(number), &target->block,
					    err);
	if (status)
		return kd_context(err, status, "%s", path);
	if (type_of(type) == KD_TARGET_BTRFS)
		return set_btrfs_path(mount, rest, &target->config, err);
	return set_path(&target->config, root, rest, err);
}

static enum kd_status find_by_path(const struct kd_paths *paths, struct kd_target *target,
				   struct kd_err *err)
{
	char mountinfo[PATH_MAX], path[PATH_MAX];
	struct libmnt_table *table = mnt_new_table();
	struct libmnt_fs *mount = NULL;
	enum kd_status status;
	int result;

	if (!table)
		return kd_fail(err, KD_NOMEM, "mountinfo: no memory");
	canonical(target->config.path, path);
	kd_path(mountinfo, paths->proc, "self/mountinfo");
	result = mnt_table_parse_file(table, mountinfo);
	if (!result)
		mount = mount_of(table, path);
	if (result)
		status = kd_fail(err, KD_SYSTEM, "%s: cannot be read", mountinfo);
	else if (!mount)
		status = kd_fail(err, KD_NOTFOUND, "%s: no mount holds %s", mountinfo, path);
	else
		status = use_mount(paths, mount, path, target, err);
	mnt_unref_table(table);
	return status;
}

/* A raw target is overwritten from its first byte: nothing else may be on it. */
static enum kd_status check_raw(const char *device, const struct kd_block_content *content,
				struct kd_err *err)
{
	if (!*content->type && !content->partitioned)
		return KD_OK;
	return kd_fail(err, KD_INVALID,
		       "%s: holds %s%s, which a raw dump would destroy: choose another device, or "
		       "empty it with wipefs(8)",
		       device, *content->type ? content->type : "a partition table",
		       *content->type ? " data" : "");
}

/*
 * The second kernel takes the device that carries the UUID. A clone, or a btrfs of several devices
 * (which mounts only once all are announced to the kernel), leaves it no right choice.
 */
static enum kd_status check_unique(const struct kd_paths *paths, const char *tag,
				   struct kd_err *err)
{
	KD_CLEANUP_FREE char *block = NULL;

	return kd_block_find(paths, tag, &block, err);
}

static enum kd_status settle(const struct kd_paths *paths, const struct kd_log *log,
			     struct kd_target *target, struct kd_err *err)
{
	struct kd_config_target *config = &target->config;
	struct kd_block_content content;
	char device[KD_BLOCK_TEXT_BYTES + 8];
	enum kd_status status;

	snprintf(device, sizeof(device), "/dev/%s", target->block);
	status = kd_block_probe(paths, target->block, &content, err);
	if (status)
		return status;
	if (config->type == KD_TARGET_RAW) {
		if (!strncmp(config->device, "/dev/", 5))
			kd_log(log, KD_LOG_WARNING,
			       "%s: a raw target has no UUID: the second kernel takes what has "
			       "this name; %s%s",
			       config->device,
			       *content.part_uuid ? "it is safer to name it PARTUUID="
						  : "a partition can be named by its PARTUUID",
			       content.part_uuid);
		return check_raw(device, &content, err);
	}
	if (type_of(content.type) == KD_TARGET_AUTO)
		return kd_fail(err, KD_UNSUPPORTED,
			       "%s: holds %s: a target is ext4, xfs, btrfs or vfat, or type = raw",
			       device, *content.type ? content.type : "no file system");
	if (config->type != KD_TARGET_AUTO && config->type != type_of(content.type))
		return kd_fail(err, KD_INVALID, "%s: holds %s, but [target] type is %s", device,
			       content.type, kd_target_type_name(config->type));
	config->type = type_of(content.type);
	if (config->device && strncmp(config->device, "/dev/", 5))
		return KD_OK;
	if (*content.uuid)
		snprintf(device, sizeof(device), "UUID=%s", content.uuid);
	else
		kd_log(log, KD_LOG_WARNING, "%s: has no UUID: found by its name", device);
	status = *content.uuid ? check_unique(paths, device, err) : KD_OK;
	return status ? status : kd_config_target_set(config, "device", device, err);
}

enum kd_status kd_target_find(const struct kd_paths *paths, const struct kd_config_target *config,
			      const struct kd_log *log, struct kd_target *target,
			      struct kd_err *err)
{
	struct kd_target found = {0};
	enum kd_status status = kd_config_target_copy(config, &found.config, err);
	char section[64];

	if (status)
		return status;
	if (config->device)
		status = kd_block_find(paths, config->device, &found.block, err);
	else if (config->type == KD_TARGET_RAW)
		status = kd_fail(err, KD_INVALID, "[target] type is raw, but no device is set");
	else
		status = find_by_path(paths, &found, err);
	if (!status)
		status = settle(paths, log, &found, err);
	if (!status)
		status = kd_stack_find(paths, found.block, &found.stack, err);
	if (status) {
		kd_target_deinit(&found);
		return kd_context(err, status, "%s",
				  kd_config_target_section(config, section, sizeof(section)));
	}
	*target = found;
	return KD_OK;
}

void kd_target_deinit(struct kd_target *target)
{
	free(target->block);
	target->block = NULL;
	kd_config_target_deinit(&target->config);
	kd_stack_deinit(&target->stack);
}
