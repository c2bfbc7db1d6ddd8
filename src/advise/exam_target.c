/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where the dump would go: is it there, may it be written, how much is free. */
#include <errno.h>
#include <fcntl.h>
#include <libmount/libmount.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "advise/exam.h"
#include "base/bytes.h"
#include "host/file.h"
#include "load/marks.h"

enum { SUPERBLOCK_BYTES = 1024, SUPERBLOCK_AT = 1024 };

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
static void read_superblock(struct kd_exam *exam)
{
	uint8_t block[SUPERBLOCK_BYTES];
	char path[PATH_MAX];
	KD_CLEANUP_CLOSE int fd = open(kd_path(path, exam->paths->dev, "%s", exam->target.block),
				       O_RDONLY | O_CLOEXEC);
	uint64_t free_blocks;
	uint32_t shift;

	if (exam->target.config.type != KD_TARGET_EXT4 || fd < 0 ||
	    pread(fd, block, sizeof(block), SUPERBLOCK_AT) != (ssize_t)sizeof(block))
		return;
	shift = number_at(block, EXT4_LOG_BLOCK);
	if ((number_at(block, EXT4_MAGIC_AT) & 0xffff) != EXT4_MAGIC || shift > EXT4_LOG_BLOCK_MOST)
		return;
	free_blocks = number_at(block, EXT4_FREE_LOW);
	if (number_at(block, EXT4_INCOMPAT) & EXT4_64_BIT)
		free_blocks |= (uint64_t)number_at(block, EXT4_FREE_HIGH) << 32;
	exam->free_known = kd_multiply(free_blocks, UINT64_C(1024) << shift, &exam->free_bytes);
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

/* btrfs mounts have an invented device number: there the source counts. */
static bool is_of_block(struct libmnt_fs *mount, const char *block, dev_t number)
{
	const char *source = mnt_fs_get_source(mount);

	if (mnt_fs_get_devno(mount) == number)
		return true;
	return source && !strncmp(source, "/dev/", 5) && !strcmp(source + 5, block);
}

static void look_at_mounts(struct kd_exam *exam, struct libmnt_table *table)
{
	struct libmnt_iter *iterator = mnt_new_iter(MNT_ITER_FORWARD);
	unsigned int device_major = 0, device_minor = 0;
	struct libmnt_fs *mount;
	char name[PATH_MAX], line[32];

	kd_path(name, "class", "block/%s/dev", exam->target.block);
	if (kd_marks_line(exam->paths->sys, name, line, sizeof(line), NULL) ||
	    sscanf(line, "%u:%u", &device_major, &device_minor) != 2)
		device_major = device_minor = UINT_MAX;
	while (iterator && !mnt_table_next_fs(table, iterator, &mount)) {
		const char *options = mnt_fs_get_options(mount);
		char *value;
		size_t bytes;

		if (!is_of_block(mount, exam->target.block, makedev(device_major, device_minor)))
			continue;
		exam->mounted = true;
		snprintf(exam->mount_point, sizeof(exam->mount_point), "%s",
			 mnt_fs_get_target(mount));
		exam->mounted_read_only =
			options && !mnt_optstr_get_option(options, "ro", &value, &bytes);
		if (!exam->mounted_read_only)
			break; /* one place where it can be written is enough */
	}
	mnt_free_iter(iterator);
}

static bool is_mounted(struct libmnt_table *table, const char *at)
{
	return mnt_table_find_target(table, at, MNT_ITER_BACKWARD) != NULL;
}

/* A path below what should be mounted, and is not, leads to another file system. */
static void look_for_unmounted(struct kd_exam *exam, struct libmnt_table *mounts)
{
	struct libmnt_iter *iterator = mnt_new_iter(MNT_ITER_FORWARD);
	struct libmnt_table *table =
		read_table(exam->paths->root ? exam->paths->root : "", "etc/fstab");
	const char *path = exam->config.targets[0].path;
	struct libmnt_fs *entry;

	while (table && iterator && !mnt_table_next_fs(table, iterator, &entry)) {
		const char *at = mnt_fs_get_target(entry);
		size_t length = at ? strlen(at) : 0;

		if (length > 1 && !strncmp(path, at, length) &&
		    (!path[length] || path[length] == '/') && !is_mounted(mounts, at))
			snprintf(exam->not_mounted, sizeof(exam->not_mounted), "%s", at);
	}
	mnt_free_iter(iterator);
	mnt_unref_table(table);
}

static void read_free(struct kd_exam *exam)
{
	char path[PATH_MAX];
	struct statvfs info;

	if (!exam->mounted) {
		read_superblock(exam);
		return;
	}
	kd_path(path, exam->paths->root ? exam->paths->root : "", "%s", exam->mount_point + 1);
	if (statvfs(path, &info))
		return;
	exam->free_bytes = (uint64_t)info.f_bfree * info.f_frsize;
	exam->free_known = true;
}

void kd_exam_look_at_target(struct kd_exam *exam)
{
	struct libmnt_table *mounts = read_table(exam->paths->proc, "self/mountinfo");
	struct kd_err err = {0};
	char name[PATH_MAX], line[8];

	if (mounts && !exam->config.targets[0].device)
		look_for_unmounted(exam, mounts);
	exam->has_target =
		!kd_target_find(exam->paths, &exam->config.targets[0], NULL, &exam->target, &err);
	if (!exam->has_target) {
		memcpy(exam->target_problem, err.text, sizeof(err.text));
	} else {
		kd_path(name, "class", "block/%s/ro", exam->target.block);
		exam->device_read_only =
			!kd_marks_line(exam->paths->sys, name, line, sizeof(line), NULL) &&
			!strcmp(line, "1");
		if (mounts)
			look_at_mounts(exam, mounts);
		read_free(exam);
	}
	mnt_unref_table(mounts);
}
