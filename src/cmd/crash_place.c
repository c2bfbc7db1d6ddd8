/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/crash_place.h"

#include <libmount/libmount.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd/command.h"
#include "host/file.h"
#include "load/blocks.h"
#include "load/targets.h"

enum kd_status kd_read_system_config(const struct kd_paths *paths, struct kd_config *config,
				     struct kd_err *err)
{
	enum kd_status status = kd_config_init(config, err);

	if (status)
		return status;
	status = kd_config_read(config, paths->config, err);
	if (status == KD_NOTFOUND)
		return KD_OK;
	if (status)
		kd_config_deinit(config);
	return status;
}

/* What the mount shows of the path, a path of the file system; NULL: nothing. */
static const char *below_root(struct libmnt_fs *mount, const char *path)
{
	const char *root = mnt_fs_get_root(mount), *type = mnt_fs_get_fstype(mount);
	size_t length = root && strcmp(root, "/") ? strlen(root) : 0;

	/* of btrfs the path is one of the subvolume, which is what is mounted */
	if (type && !strcmp(type, "btrfs"))
		return path;
	if (length && (strncmp(path, root, length) || (path[length] && path[length] != '/')))
		return NULL;
	return path + length;
}

static enum kd_status find_mount(const struct kd_paths *paths, const char *block,
				 const char *inside, char folder[PATH_MAX], struct kd_err *err)
{
	struct libmnt_table *table = mnt_new_table();
	struct libmnt_iter *iterator = mnt_new_iter(MNT_ITER_BACKWARD);
	char path[PATH_MAX];
	struct libmnt_fs *mount;
	bool found = false;

	kd_path(path, paths->proc, "self/mountinfo");
	if (table && iterator && !mnt_table_parse_file(table, path))
		while (!found && !mnt_table_next_fs(table, iterator, &mount)) {
			const char *rest = below_root(mount, inside);

			if (!rest || !kd_block_is_shown(paths, block, mnt_fs_get_source(mount),
							mnt_fs_get_devno(mount)))
				continue;
			found = true;
			snprintf(folder, PATH_MAX, "%s%s%s", paths->root ? paths->root : "",
				 strcmp(mnt_fs_get_target(mount), "/") ? mnt_fs_get_target(mount)
								       : "",
				 *rest ? rest : "/");
		}
	mnt_free_iter(iterator);
	mnt_unref_table(table);
	return found ? KD_OK : kd_fail(err, KD_NOTFOUND, "/dev/%s: is not mounted", block);
}

static enum kd_status place_of(const struct kd_paths *paths, const struct kd_config_target *target,
			       char folder[PATH_MAX], struct kd_err *err)
{
	KD_CLEANUP_FREE char *block = NULL;
	enum kd_status status;

	if (!target->device || target->type == KD_TARGET_RAW) {
		snprintf(folder, PATH_MAX, "%s%s", paths->root ? paths->root : "", target->path);
		return KD_OK;
	}
	status = kd_block_find(paths, target->device, &block, err);
	if (!status)
		status = find_mount(paths, block, target->path, folder, err);
	if (status)
		return kd_context(err, status, "target %s", target->device);
	return KD_OK;
}

enum kd_status kd_crash_place(const struct kd_paths *paths, const struct kd_config *config,
			      char folder[PATH_MAX], struct kd_err *err)
{
	return place_of(paths, &config->targets[0], folder, err);
}

/* The same folder by two ways is listed once. */
static bool is_known(const struct kd_crash_places *places, const char *folder)
{
	struct stat it, other;

	for (size_t i = 0; i < places->count; i++) {
		if (!strcmp(places->folders[i], folder))
			return true;
		if (!stat(folder, &it) && !stat(places->folders[i], &other) &&
		    it.st_dev == other.st_dev && it.st_ino == other.st_ino)
			return true;
	}
	return false;
}

void kd_crash_places_add(struct kd_crash_places *places, const char *folder)
{
	if (!is_known(places, folder))
		snprintf(places->folders[places->count++], PATH_MAX, "%s", folder);
}

/* Where a crash goes that no target holds: nothing where none ever did. */
static void add_fallback(const struct kd_paths *paths, struct kd_crash_places *places)
{
	char folder[PATH_MAX];

	for (size_t i = 0; i < KD_FALLBACK_FOLDERS; i++) {
		snprintf(folder, sizeof(folder), "%s%s", paths->root ? paths->root : "",
			 kd_fallback_folders[i]);
		if (!access(folder, F_OK))
			kd_crash_places_add(places, folder);
	}
}

/* Of what cannot be looked at, the first stays in err, and all are said where there is something else to look at. */
static enum kd_status add_targets(const struct kd_paths *paths, const struct kd_config *config,
				  struct kd_crash_places *places, struct kd_err *err)
{
	const struct kd_log log = kd_command_log(false);
	struct kd_err why[KD_CONFIG_TARGETS];
	size_t missing = 0;
	char folder[PATH_MAX];

	for (size_t i = 0; i < config->target_count; i++)
		if (place_of(paths, &config->targets[i], folder, &why[missing]))
			missing++;
		else
			kd_crash_places_add(places, folder);
	if (config->fallback == KD_FALLBACK_BOOT)
		add_fallback(paths, places);
	places->missing = missing;
	for (size_t i = 0; i < missing && places->count; i++)
		kd_log(&log, KD_LOG_WARNING, "%s: its crashes are not looked at", why[i].text);
	if (places->count || !missing)
		return KD_OK;
	*err = why[0];
	return err->status;
}

enum kd_status kd_find_crashes(const char *given, const char *root, struct kd_crash_places *places,
			       struct kd_err *err)
{
	struct kd_cmd_root system;
	struct kd_config config;
	enum kd_status status;

	places->count = places->missing = 0;
	if (given) {
		kd_crash_places_add(places, given);
		return KD_OK;
	}
	status = kd_cmd_set_root(&system, root, err);
	if (!status)
		status = kd_read_system_config(&system.paths, &config, err);
	if (status)
		return status;
	status = add_targets(&system.paths, &config, places, err);
	if (status == KD_NOTFOUND)
		kd_command_hint("mount the target, or name the folder of its crashes");
	kd_config_deinit(&config);
	return status;
}
