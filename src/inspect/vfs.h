/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files and mounts of a dead system, by the paths that they had. */
#ifndef KD_INSPECT_VFS_H
#define KD_INSPECT_VFS_H

#include <stdbool.h>

#include "inspect/tasks.h"

enum { KD_PATH_BYTES = 4096, KD_FS_NAME_BYTES = 64 };

/* Those that the VFS itself knows: a file system's own are its own affair. */
enum { KD_MOUNT_OPTIONS = 8 };
struct kd_mount_options {
	bool read_only;
	const char *names[KD_MOUNT_OPTIONS]; /* "nosuid", "relatime", "sync", … */
	size_t count;
};

struct kd_mount {
	uint64_t vaddr; /* of its struct mount */
	char device[KD_PATH_BYTES], path[KD_PATH_BYTES];
	char type[KD_FS_NAME_BYTES];
	struct kd_mount_options own, of_super; /* of this mount, and of the file system on it */
};

/*
 * Tells of each mount of the namespace that a task is in, of the first with NULL; their paths are from the root of that
 * namespace. False stops. KD_NOTFOUND for a task that has left its namespaces: it has exited.
 */
typedef bool kd_mount_take(void *opaque, const struct kd_mount *mount);
enum kd_status kd_mounts_each(struct kd_system *system, const struct kd_task *task,
			      kd_mount_take *take, void *opaque, struct kd_err *err);

struct kd_open_file {
	unsigned int number;
	uint64_t vaddr; /* of its struct file */
	/* with " (deleted)" behind it where it is; or "pipe:[INODE]", "socket:[INODE]", "anon_inode:NAME" */
	char path[KD_PATH_BYTES];
	uint64_t position, flags; /* as open(2) has them */
};

/* Tells of each file that a task has open. KD_NOTFOUND for one that has given up its files. */
typedef bool kd_file_take(void *opaque, const struct kd_open_file *file);
enum kd_status kd_files_each(struct kd_system *system, const struct kd_task *task,
			     kd_file_take *take, void *opaque, struct kd_err *err);

/* The path of a dentry on a mount (a struct vfsmount), as d_path() of fs/d_path.c makes it. */
enum kd_status kd_path_of(struct kd_system *system, uint64_t vfsmount, uint64_t dentry,
			  char path[KD_PATH_BYTES], struct kd_err *err);

#endif
