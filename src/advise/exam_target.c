/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "advise/exam_target.h"

#include <errno.h>
#include <fcntl.h>
#include <libmount/libmount.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/bytes.h"
#include "crashes/raw_format.h"
#include "host/file.h"
#include "load/blocks.h"
#include "load/marks.h"

enum { SUPERBLOCK_BYTES = 1024, SUPERBLOCK_AT = 1024, SECTOR_BYTES = 512 };

/* Documentation/filesystems/ext4/super.rst */
enum {
	EXT4_FREE_LOW = 0x0c,
	EXT4_LOG_BLOCK = 0x18,
	EXT4_MAGIC_AT = 0x38,
	EXT4_INCOMPAT = 0x60,
	EXT4_FREE_HIGH = 0x158,
	EXT4_MAGIC = 0xef53,
	EXT4_64_BIT = 0x80,
	EXT4_LOG_BLOCK_MOST = 6,
};

static uint32_t number_at(const uint8_t *block, size_t offset)
{
	struct kd_bytes bytes = kd_bytes(block, SUPERBLOCK_BYTES);

	kd_bytes_seek(&bytes, offset);
	return kd_bytes_u32(&bytes);
}

/* Of a file system that nobody has mounted, its superblock tells what is free. */
static void read_superblock(const struct kd_paths *paths, struct kd_exam_target *target)
{
	uint8_t block[SUPERBLOCK_BYTES];
	char path[PATH_MAX];
	KD_CLEANUP_CLOSE int fd =
		open(kd_path(path, paths->dev, "%s", target->target.block), O_RDONLY | O_CLOEXEC);
	uint64_t free_blocks;
	uint32_t shift;

	if (target->target.config.type != KD_TARGET_EXT4 || fd < 0 ||
	    pread(fd, block, sizeof(block), SUPERBLOCK_AT) != (ssize_t)sizeof(block))
		return;
	shift = number_at(block, EXT4_LOG_BLOCK);
	if ((number_at(block, EXT4_MAGIC_AT) & 0xffff) != EXT4_MAGIC || shift > EXT4_LOG_BLOCK_MOST)
		return;
	free_blocks = number_at(block, EXT4_FREE_LOW);
	if (number_at(block, EXT4_INCOMPAT) & EXT4_64_BIT)
		free_blocks |= (uint64_t)number_at(block, EXT4_FREE_HIGH) << 32;
	target->free_known = kd_multiply(free_blocks, UINT64_C(1024) << shift, &target->free_bytes);
}

/* A raw target is overwritten: all of it counts, but what lies before the dump. */
static void read_device(const struct kd_paths *paths, struct kd_exam_target *target)
{
	char path[PATH_MAX];
	uint64_t sectors, bytes;

	kd_path(path, paths->sys, "class/block/%s/size", target->target.block);
	if (kd_file_read_number(path, 10, &sectors, NULL) ||
	    !kd_multiply(sectors, SECTOR_BYTES, &bytes))
		return;
	target->free_bytes = bytes > KD_RAW_DUMP_OFFSET ? bytes - KD_RAW_DUMP_OFFSET : 0;
	target->free_known = true;
}

static struct libmnt_table *read_table(const char *root, const char *name)
{
	struct libmnt_table *table = mnt_new_table();
	char path[PATH_MAX];

	if (table && mnt_table_parse_file(table, kd_path(path, root, "%s", name))) {
		mnt_unref_table(table);
		return NULL;
	}
	return table;
}

static void look_at_mounts(const struct kd_paths *paths, struct libmnt_table *table,
			   struct kd_exam_target *target)
{
	struct libmnt_iter *iterator = mnt_new_iter(MNT_ITER_FORWARD);
	struct libmnt_fs *mount;

	while (iterator && !mnt_table_next_fs(table, iterator, &mount)) {
		const char *options = mnt_fs_get_options(mount);
		char *value;
		size_t bytes;

		if (!kd_block_is_shown(paths, target->target.block, mnt_fs_get_source(mount),
				       mnt_fs_get_devno(mount)))
			continue;
		target->mounted = true;
		snprintf(target->mount_point, sizeof(target->mount_point), "%s",
			 mnt_fs_get_target(mount));
		target->mounted_read_only =
			options && !mnt_optstr_get_option(options, "ro", &value, &bytes);
		if (!target->mounted_read_only)
			break; /* one place where it can be written is enough */
	}
	mnt_free_iter(iterator);
}

static bool is_mounted(struct libmnt_table *table, const char *at)
{
	return mnt_table_find_target(table, at, MNT_ITER_BACKWARD) != NULL;
}

/* A path below what should be mounted, and is not, leads to another file system. */
static void look_for_unmounted(const struct kd_paths *paths, struct libmnt_table *mounts,
			       struct kd_exam_target *target)
{
	struct libmnt_iter *iterator = mnt_new_iter(MNT_ITER_FORWARD);
	struct libmnt_table *table = read_table(paths->root ? paths->root : "", "etc/fstab");
	const char *path = target->path;
	struct libmnt_fs *entry;

	while (table && iterator && !mnt_table_next_fs(table, iterator, &entry)) {
		const char *at = mnt_fs_get_target(entry);
		size_t length = at ? strlen(at) : 0;

		if (length > 1 && !strncmp(path, at, length) &&
		    (!path[length] || path[length] == '/') && !is_mounted(mounts, at))
			snprintf(target->not_mounted, sizeof(target->not_mounted), "%s", at);
	}
	mnt_free_iter(iterator);
	mnt_unref_table(table);
}

static void read_free(const struct kd_paths *paths, struct kd_exam_target *target)
{
	char path[PATH_MAX];
	struct statvfs info;

	if (target->target.config.type == KD_TARGET_RAW) {
		read_device(paths, target);
		return;
	}
	if (!target->mounted) {
		read_superblock(paths, target);
		return;
	}
	kd_path(path, paths->root ? paths->root : "", "%s", target->mount_point + 1);
	if (statvfs(path, &info))
		return;
	target->free_bytes = (uint64_t)info.f_bfree * info.f_frsize;
	target->free_known = true;
}

void kd_exam_target_look(const struct kd_paths *paths, const struct kd_config_target *config,
			 struct kd_exam_target *target)
{
	struct libmnt_table *mounts = read_table(paths->proc, "self/mountinfo");
	struct kd_err err = {0};
	char name[PATH_MAX], line[8];

	*target = (struct kd_exam_target){0};
	kd_config_target_section(config, target->section, sizeof(target->section));
	snprintf(target->path, sizeof(target->path), "%s", config->path);
	if (mounts && !config->device)
		look_for_unmounted(paths, mounts, target);
	target->found = !kd_target_find(paths, config, NULL, &target->target, &err);
	if (!target->found) {
		memcpy(target->problem, err.text, sizeof(err.text));
	} else {
		kd_path(name, "class", "block/%s/ro", target->target.block);
		target->device_read_only =
			!kd_marks_line(paths->sys, name, line, sizeof(line), NULL) &&
			!strcmp(line, "1");
		if (mounts)
			look_at_mounts(paths, mounts, target);
		read_free(paths, target);
	}
	mnt_unref_table(mounts);
}

void kd_exam_target_deinit(struct kd_exam_target *target)
{
	if (target->found)
		kd_target_deinit(&target->target);
	kd_names_deinit(&target->missing_modules);
	target->found = false;
}
