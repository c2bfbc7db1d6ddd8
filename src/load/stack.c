/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * /sys/class/block/NAME/slaves has a link for each block device that NAME is made of; dm/ and md/ in its folder, or
 * in that of the disk whose partition it is, say by what. (Documentation/ABI/testing/sysfs-block-dm, admin-guide/md.rst.)
 *
 * Of LVM's logical volumes, the linear and the striped ones lie on physical volumes; what is thin, mirrored, cached or a
 * snapshot lies on hidden volumes, which are device-mapper devices again.
 */
#include "load/stack.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/file.h"
#include "host/system.h"
#include "load/blocks.h"

enum { DEPTH_MAX = 8, ATTRIBUTE_BYTES_MAX = 4096, TEXT_BYTES = 256 };
enum { VOLUME_BYTES = 2 * TEXT_BYTES, LINE_BYTES = 4 * TEXT_BYTES };

struct walk {
	const struct kd_paths *paths;
	struct kd_stack *stack;
	unsigned int depth;
};

static enum kd_status take_apart(struct walk *walk, const char *name, struct kd_err *err);

/* An attribute in the folder of a block device without its newline; "" when there is none. */
static bool attribute(const char *folder, const char *name, char text[TEXT_BYTES])
{
	KD_CLEANUP_FREE char *whole = NULL;
	char path[PATH_MAX];
	size_t bytes;

	*text = '\0';
	if (kd_file_read(kd_path(path, folder, "%s", name), ATTRIBUTE_BYTES_MAX, &whole, &bytes,
			 NULL))
		return false;
	snprintf(text, TEXT_BYTES, "%.*s", (int)strcspn(whole, "\n"), whole);
	return true;
}

static enum kd_status add_once(struct kd_names *names, const char *text, struct kd_err *err)
{
	return kd_names_have(names, text) ? KD_OK : kd_names_add(names, text, err);
}

static int is_slave(const struct dirent *entry)
{
	return *entry->d_name != '.';
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

/* The names of what the device lies on. */
static enum kd_status list_slaves(const char *folder, struct kd_names *slaves, struct kd_err *err)
{
	struct dirent **entries;
	enum kd_status status = KD_OK;
	char path[PATH_MAX];
	int count = scandir(kd_path(path, folder, "slaves"), &entries, is_slave, by_name);

	if (count < 0)
		return errno == ENOENT ? KD_OK : kd_fail_errno(err, errno, "%s", path);
	for (int i = 0; i < count; i++) {
		if (!status)
			status = kd_names_add(slaves, entries[i]->d_name, err);
		free(entries[i]);
	}
	free(entries);
	return status;
}

/* "my--vg-root": the volume group's name, a hyphen, the volume's; hyphens in them are doubled. */
static bool split_name(const char *name, char group[TEXT_BYTES], char volume[TEXT_BYTES])
{
	char *to = group, *end = group + TEXT_BYTES - 1;
	bool split = false;

	*volume = '\0';
	for (; *name && to < end; name++) {
		if (name[0] == '-' && name[1] != '-') {
			if (split)
				return false; /* the name of a hidden volume */
			split = true;
			*to = '\0';
			to = volume;
			end = volume + TEXT_BYTES - 1;
			continue;
		}
		name += *name == '-';
		*to++ = *name;
	}
	*to = '\0';
	return split && *group && *volume && !*name;
}

static bool is_plain_volume(const char *folder, const struct kd_names *slaves,
			    char volume[VOLUME_BYTES])
{
	char uuid[TEXT_BYTES], name[TEXT_BYTES], group[TEXT_BYTES], own[TEXT_BYTES];

	attribute(folder, "dm/uuid", uuid);
	attribute(folder, "dm/name", name);
	if (strncmp(uuid, "LVM-", strlen("LVM-")) || !slaves->count ||
	    !split_name(name, group, own))
		return false;
	for (size_t i = 0; i < slaves->count; i++)
		if (!strncmp(slaves->items[i], "dm-", 3))
			return false;
	snprintf(volume, VOLUME_BYTES, "%s/%s", group, own);
	return true;
}

static enum kd_status add_volume(struct walk *walk, const char *volume, struct kd_err *err)
{
	char line[LINE_BYTES];
	enum kd_status status = add_once(&walk->stack->modules, "dm_mod", err);

	snprintf(line, sizeof(line), "lvm %s", volume);
	if (!status)
		status = add_once(&walk->stack->assembly, line, err);
	return status ? status : add_once(&walk->stack->programs, "/usr/sbin/lvm", err);
}

/*
 * An array with metadata that the kernel itself reads. The old version 0.90 holds the number of the array, too, which
 * assembling under another one would change.
 */
static bool is_native_array(const struct walk *walk, const char *folder,
			    const struct kd_names *slaves, char line[LINE_BYTES])
{
	char version[TEXT_BYTES], disks[TEXT_BYTES];
	struct kd_block_content content;

	attribute(folder, "md/metadata_version", version);
	attribute(folder, "md/raid_disks", disks);
	if (!slaves->count || !*disks || disks[strspn(disks, "0123456789")] ||
	    strncmp(version, "1.", 2) || version[2 + strspn(version + 2, "0123456789")] ||
	    kd_block_probe(walk->paths, slaves->items[0], &content, NULL) ||
	    strcmp(content.type, "linux_raid_member") || !*content.uuid)
		return false;
	snprintf(line, LINE_BYTES, "md %s %s %s", content.uuid, version, disks);
	return true;
}

static enum kd_status add_array(struct walk *walk, const char *folder, const char *line,
				struct kd_err *err)
{
	char level[TEXT_BYTES], alias[TEXT_BYTES + 8];
	enum kd_status status;

	/* do_md_run() of drivers/md/md.c asks for md-level-…, which is an alias of the same modules */
	attribute(folder, "md/level", level);
	snprintf(alias, sizeof(alias), "md-%s", level);
	status = add_once(&walk->stack->modules, "md_mod", err);
	if (!status)
		status = add_once(&walk->stack->modules, alias, err);
	return status ? status : add_once(&walk->stack->assembly, line, err);
}

static enum kd_status take_slaves_apart(struct walk *walk, const struct kd_names *slaves,
					struct kd_err *err)
{
	enum kd_status status = KD_OK;

	for (size_t i = 0; i < slaves->count && !status; i++)
		status = take_apart(walk, slaves->items[i], err);
	return status;
}

/* The folder of the device that is made of others: its own, or its disk's; false for a plain device. */
static bool find_made(const struct walk *walk, const char *name, char folder[PATH_MAX])
{
	static const char *const parts[] = {"dm", "md"};
	char path[PATH_MAX], own[PATH_MAX];

	if (!realpath(kd_path(path, walk->paths->sys, "class/block/%s", name), own))
		return false;
	for (unsigned int up = 0; up < 2; up++) {
		for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++)
			if (!access(kd_path(path, own, "%s", parts[i]), F_OK)) {
				snprintf(folder, PATH_MAX, "%s", own);
				return true;
			}
		*strrchr(own, '/') = '\0';
	}
	return false;
}

static enum kd_status take_apart(struct walk *walk, const char *name, struct kd_err *err)
{
	char folder[PATH_MAX], volume[VOLUME_BYTES], line[LINE_BYTES];
	struct kd_names slaves = {0};
	enum kd_status status;

	if (walk->depth == DEPTH_MAX)
		return kd_fail(err, KD_CORRUPT, "/dev/%s: lies on itself", name);
	if (!find_made(walk, name, folder))
		return add_once(&walk->stack->disks, name, err);
	walk->depth++;
	status = list_slaves(folder, &slaves, err);
	if (!status && is_plain_volume(folder, &slaves, volume)) {
		status = take_slaves_apart(walk, &slaves, err);
		if (!status)
			status = add_volume(walk, volume, err);
	} else if (!status && is_native_array(walk, folder, &slaves, line)) {
		status = take_slaves_apart(walk, &slaves, err);
		if (!status)
			status = add_array(walk, folder, line, err);
	} else if (!status) {
		status = add_once(&walk->stack->disks, name, err);
	}
	kd_names_deinit(&slaves);
	walk->depth--;
	return status;
}

enum kd_status kd_stack_find(const struct kd_paths *paths, const char *block,
			     struct kd_stack *stack, struct kd_err *err)
{
	struct kd_stack found = {0};
	struct walk walk = {.paths = paths, .stack = &found};
	enum kd_status status = take_apart(&walk, block, err);

	if (status) {
		kd_stack_deinit(&found);
		return status;
	}
	*stack = found;
	return KD_OK;
}

void kd_stack_deinit(struct kd_stack *stack)
{
	kd_names_deinit(&stack->disks);
	kd_names_deinit(&stack->modules);
	kd_names_deinit(&stack->assembly);
	kd_names_deinit(&stack->programs);
}
