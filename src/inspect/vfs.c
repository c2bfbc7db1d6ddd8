/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "inspect/vfs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "inspect/fields.h"
#include "inspect/lists.h"
#include "inspect/partial.h"
#include "inspect/trees.h"

enum {
	DEPTH_MOST = 1 << 12, /* names in a path, mounts on each other */
	FILES_MOST = 1 << 20,
	NAME_BYTES = 256,
	PAGE = 4096,
};

/* A bit, and what /proc/mounts calls it; in its order (fs/proc_namespace.c); the first is that of what is read-only. */
struct option_bit {
	uint64_t bit;
	const char *name;
};

/* MNT_… of include/linux/mount.h */
static const struct option_bit mount_bits[] = {
	{0x40, "ro"},      {0x01, "nosuid"},     {0x02, "nodev"},    {0x04, "noexec"},
	{0x08, "noatime"}, {0x10, "nodiratime"}, {0x20, "relatime"}, {0x80, "nosymfollow"},
};

/* SB_… of include/linux/fs.h */
static const struct option_bit super_bits[] = {
	{1, "ro"}, {1 << 4, "sync"}, {1 << 7, "dirsync"}, {1 << 6, "mand"}, {1 << 25, "lazytime"},
};

#define READ_OPTIONS(bits, flags, options)                                                         \
	read_options(bits, sizeof(bits) / sizeof(*(bits)), flags, options)

static void read_options(const struct option_bit *bits, size_t count, uint64_t flags,
			 struct kd_mount_options *options)
{
	options->read_only = flags & bits[0].bit;
	for (size_t i = 1; i < count; i++)
		if (flags & bits[i].bit)
			options->names[options->count++] = bits[i].name;
}

/* Puts "/name" before what there is; false when it gets too long. */
static bool prepend(char *path, size_t *start, const char *name)
{
	size_t length = strlen(name);

	if (*start < length + 1)
		return false;
	*start -= length;
	memcpy(path + *start, name, length);
	path[--*start] = '/';
	return true;
}

static enum kd_status read_name(struct kd_system *system, uint64_t dentry, char name[NAME_BYTES],
				struct kd_err *err)
{
	uint64_t text = 0;
	enum kd_status status = kd_get(system, dentry, "dentry.d_name.name", &text, err);

	if (!status)
		status = kd_read_text(system, text, name, NAME_BYTES, err);
	return status;
}

/* From a mount's root to where it is mounted; *mount is the same when it is mounted nowhere. */
static enum kd_status leave_mount(struct kd_system *system, uint64_t *mount, uint64_t *dentry,
				  struct kd_err *err)
{
	uint64_t parent = 0;
	enum kd_status status = kd_get(system, *mount, "mount.mnt_parent", &parent, err);

	if (status || parent == *mount)
		return status;
	status = kd_get(system, *mount, "mount.mnt_mountpoint", dentry, err);
	*mount = parent;
	return status;
}

enum kd_status kd_path_of(struct kd_system *system, uint64_t vfsmount, uint64_t dentry,
			  char path[KD_PATH_BYTES], struct kd_err *err)
{
	char made[KD_PATH_BYTES], name[NAME_BYTES];
	size_t start = sizeof(made) - 1;
	uint64_t offset = 0, mount, root = 0, parent = 0;
	enum kd_status status = kd_offset_of(system, "mount.mnt", &offset, err);

	made[start] = '\0';
	mount = vfsmount - offset;
	for (int depth = 0; !status; depth++) {
		uint64_t before = mount;

		if (depth == DEPTH_MOST)
			return kd_fail(err, KD_CORRUPT, "a path without an end");
		status = kd_get(system, mount, "mount.mnt.mnt_root", &root, err);
		if (!status && dentry == root) {
			status = leave_mount(system, &mount, &dentry, err);
			if (!status && mount == before)
				break;
			continue;
		}
		if (!status)
			status = kd_get(system, dentry, "dentry.d_parent", &parent, err);
		if (!status)
			status = read_name(system, dentry, name, err);
		if (!status && parent == dentry)
			break; /* it is not connected to the root */
		if (!status && !prepend(made, &start, name))
			return kd_fail(err, KD_UNSUPPORTED, "a path of more than %d bytes",
				       KD_PATH_BYTES);
		dentry = parent;
	}
	if (status)
		return status;
	strcpy(path, made[start] ? made + start : "/");
	return KD_OK;
}

static enum kd_status read_mount(struct kd_system *system, uint64_t vaddr, struct kd_mount *mount,
				 struct kd_err *err)
{
	uint64_t device = 0, root = 0, super = 0, type = 0, name = 0, flags = 0, super_flags = 0;
	uint64_t offset = 0;
	enum kd_status status = kd_offset_of(system, "mount.mnt", &offset, err);

	*mount = (struct kd_mount){.vaddr = vaddr};
	if (!status)
		status = kd_get(system, vaddr, "mount.mnt.mnt_root", &root, err);
	if (!status)
		status = kd_path_of(system, vaddr + offset, root, mount->path, err);
	if (!status)
		status = kd_get(system, vaddr, "mount.mnt.mnt_sb", &super, err);
	if (!status)
		status = kd_get(system, super, "super_block.s_type", &type, err);
	if (!status)
		status = kd_get(system, type, "file_system_type.name", &name, err);
	if (!status)
		status = kd_read_text(system, name, mount->type, sizeof(mount->type), err);
	if (!status)
		status = kd_get(system, vaddr, "mount.mnt.mnt_flags", &flags, err);
	if (!status)
		status = kd_get(system, super, "super_block.s_flags", &super_flags, err);
	if (status)
		return status;
	READ_OPTIONS(mount_bits, flags, &mount->own);
	READ_OPTIONS(super_bits, super_flags, &mount->of_super);
	if (kd_get(system, vaddr, "mount.mnt_devname", &device, NULL) || !device ||
	    kd_read_text(system, device, mount->device, sizeof(mount->device), NULL))
		strcpy(mount->device, "none");
	return KD_OK;
}

struct walk {
	struct kd_system *system;
	kd_mount_take *take;
	void *opaque;
	uint64_t node_offset;
	bool stopped;
	struct kd_partial partial;
};

static bool take_node(void *opaque, uint64_t node)
{
	struct walk *walk = opaque;
	uint64_t vaddr = node - walk->node_offset, parent = 0;
	struct kd_mount mount;
	struct kd_err why;
	enum kd_status status = kd_get(walk->system, vaddr, "mount.mnt_parent", &parent, &why);

	if (!status)
		status = read_mount(walk->system, vaddr, &mount, &why);
	if (status)
		kd_partial_skip(
			&walk->partial,
			kd_context(&why, status, "mount at 0x%llx", (unsigned long long)vaddr),
			&why);
	/* the initial root, on which everything is mounted, is not what anybody sees */
	else if (parent != vaddr)
		walk->stopped = !walk->take(walk->opaque, &mount);
	return !walk->stopped;
}

static enum kd_status walk_list(struct walk *walk, uint64_t head, struct kd_err *err)
{
	struct kd_list list;
	uint64_t node;

	kd_list_begin(&list, walk->system, head);
	while (kd_list_next(&list, &node))
		if (!take_node(walk, node))
			return KD_OK;
	return kd_first_failure(KD_OK, &list.err, err);
}

enum kd_status kd_mounts_each(struct kd_system *system, const struct kd_task *task,
			      kd_mount_take *take, void *opaque, struct kd_err *err)
{
	struct walk walk = {.system = system, .take = take, .opaque = opaque};
	uint64_t vaddr = task ? task->vaddr : 0, proxy = 0, namespace = 0, root = 0, head = 0;
	enum kd_status status = task ? KD_OK : kd_system_symbol(system, "init_task", &vaddr, err);

	if (!status)
		status = kd_get(system, vaddr, "task_struct.nsproxy", &proxy, err);
	if (!status && !proxy)
		status = kd_fail(err, KD_NOTFOUND, "%s has left its namespaces",
				 task ? task->comm : "the first task");
	if (!status)
		status = kd_get(system, proxy, "nsproxy.mnt_ns", &namespace, err);
	if (status)
		return kd_context(err, status, "mounts");
	/* a list up to 6.7, a tree since */
	if (!kd_get(system, namespace, "mnt_namespace.mounts.rb_node", &root, NULL)) {
		status = kd_offset_of(system, "mount.mnt_node", &walk.node_offset, err);
		if (!status)
			status = kd_rb_each(system, root, take_node, &walk, err);
	} else {
		status = kd_offset_of(system, "mount.mnt_list", &walk.node_offset, err);
		if (!status)
			status = kd_offset_of(system, "mnt_namespace.list", &head, err);
		if (!status)
			status = walk_list(&walk, namespace + head, err);
	}
	status = kd_partial_end(&walk.partial, status, err);
	return status ? kd_context(err, status, "mounts") : KD_OK;
}

/* What has no path: made up from the file system's name, as each of them does itself (d_dname). */
static bool made_up_path(struct kd_system *system, uint64_t dentry, char path[KD_PATH_BYTES])
{
	static const struct {
		const char *type, *prefix;
	} kinds[] = {{"pipefs", "pipe"}, {"sockfs", "socket"}, {"anon_inodefs", "anon_inode"}};
	uint64_t super, type, text, inode, number;
	char name[KD_FS_NAME_BYTES], own[NAME_BYTES];

	if (kd_get(system, dentry, "dentry.d_sb", &super, NULL) ||
	    kd_get(system, super, "super_block.s_type", &type, NULL) ||
	    kd_get(system, type, "file_system_type.name", &text, NULL) ||
	    kd_read_text(system, text, name, sizeof(name), NULL) ||
	    kd_get(system, dentry, "dentry.d_inode", &inode, NULL) ||
	    kd_get(system, inode, "inode.i_ino", &number, NULL) ||
	    read_name(system, dentry, own, NULL))
		return false;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		if (strcmp(name, kinds[i].type))
			continue;
		if (!strcmp(name, "anon_inodefs"))
			snprintf(path, KD_PATH_BYTES, "%s:%s", kinds[i].prefix, own);
		else
			snprintf(path, KD_PATH_BYTES, "%s:[%llu]", kinds[i].prefix,
				 (unsigned long long)number);
		return true;
	}
	return false;
}

/* As d_path() marks it. */
static const char deleted[] = " (deleted)";

/* Nobody can look it up any more: d_unlinked() of include/linux/dcache.h. */
static bool is_deleted(struct kd_system *system, uint64_t dentry)
{
	uint64_t hashed, parent;

	return !kd_get(system, dentry, "dentry.d_hash.pprev", &hashed, NULL) && !hashed &&
	       !kd_get(system, dentry, "dentry.d_parent", &parent, NULL) && parent != dentry;
}

static enum kd_status read_file(struct kd_system *system, uint64_t vaddr, struct kd_open_file *file,
				struct kd_err *err)
{
	uint64_t mount = 0, dentry = 0;
	enum kd_status status = kd_get(system, vaddr, "file.f_path.mnt", &mount, err);

	file->vaddr = vaddr;
	if (!status)
		status = kd_get(system, vaddr, "file.f_path.dentry", &dentry, err);
	if (!status)
		status = kd_get(system, vaddr, "file.f_pos", &file->position, err);
	if (!status)
		status = kd_get(system, vaddr, "file.f_flags", &file->flags, err);
	if (status || made_up_path(system, dentry, file->path))
		return status;
	status = kd_path_of(system, mount, dentry, file->path, err);
	if (!status && is_deleted(system, dentry) &&
	    strlen(file->path) + sizeof(deleted) <= sizeof(file->path))
		strcat(file->path, deleted);
	return status;
}

enum kd_status kd_files_each(struct kd_system *system, const struct kd_task *task,
			     kd_file_take *take, void *opaque, struct kd_err *err)
{
	uint64_t files = 0, table = 0, array = 0, count = 0;
	struct kd_partial partial = {0};
	struct kd_open_file file;
	struct kd_err why;
	enum kd_status status = kd_get(system, task->vaddr, "task_struct.files", &files, err);

	if (!status && !files)
		return kd_fail(err, KD_NOTFOUND, "%s has given up its files", task->comm);
	if (!status)
		status = kd_get(system, files, "files_struct.fdt", &table, err);
	if (!status)
		status = kd_get(system, table, "fdtable.max_fds", &count, err);
	if (!status)
		status = kd_get(system, table, "fdtable.fd", &array, err);
	if (!status && count > FILES_MOST)
		status = kd_fail(err, KD_CORRUPT, "a table of %llu files",
				 (unsigned long long)count);
	for (unsigned int i = 0; !status && i < count; i++) {
		uint64_t at = array + 8 * (uint64_t)i, vaddr = 0;
		enum kd_status bad = kd_read_u64(system, at, &vaddr, &why);

		if (bad) /* as is all that lies in that page */
			i += (unsigned int)(PAGE - at % PAGE - 1) / 8;
		else if (!vaddr)
			continue;
		file.number = i;
		if (!bad)
			bad = read_file(system, vaddr, &file, &why);
		if (bad)
			kd_partial_skip(&partial, kd_context(&why, bad, "file %u", i), &why);
		else if (!take(opaque, &file))
			return KD_OK;
	}
	status = kd_partial_end(&partial, status, err);
	return status ? kd_context(err, status, "files of process %d", task->pid) : KD_OK;
}
