/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "load/blocks.h"

#include <blkid.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "host/file.h"
#include "host/system.h"

#define MAPPER "/dev/mapper/"

enum { NUMBER_BYTES_MAX = 64, NAME_BYTES_MAX = 256 };

/* sysfs writes the slash of /dev/cciss/c0d0 as an exclamation mark. */
static void swap(char *text, char from, char to)
{
	for (; *text; text++)
		if (*text == from)
			*text = to;
}

static void take_value(blkid_probe probe, const char *name, char text[KD_BLOCK_TEXT_BYTES])
{
	const char *value;

	if (!blkid_probe_lookup_value(probe, name, &value, NULL))
		snprintf(text, KD_BLOCK_TEXT_BYTES, "%s", value);
}

enum kd_status kd_block_probe(const struct kd_paths *paths, const char *name,
			      struct kd_block_content *content, struct kd_err *err)
{
	struct kd_block_content found = {0};
	char path[PATH_MAX], type[KD_BLOCK_TEXT_BYTES] = "";
	enum kd_status status = KD_OK;
	blkid_probe probe;
	int result;

	kd_path(path, paths->dev, "%s", name);
	swap(path + strlen(paths->dev), '!', '/');
	probe = blkid_new_probe_from_filename(path);
	if (!probe)
		return kd_fail_errno(err, errno ? errno : ENOMEM, "%s", path);
	blkid_probe_enable_superblocks(probe, 1);
	blkid_probe_set_superblocks_flags(probe, BLKID_SUBLKS_TYPE | BLKID_SUBLKS_UUID |
							 BLKID_SUBLKS_LABEL);
	blkid_probe_enable_partitions(probe, 1);
	blkid_probe_set_partitions_flags(probe, BLKID_PARTS_ENTRY_DETAILS);
	errno = 0;
	result = blkid_do_safeprobe(probe);
	if (result == -2)
		status = kd_fail(
			err, KD_CORRUPT,
			"%s: signatures of more than one file system: wipefs(8) lists them", path);
	else if (result < 0)
		status = kd_fail_errno(err, errno ? errno : EIO, "%s", path);
	take_value(probe, "TYPE", found.type);
	take_value(probe, "UUID", found.uuid);
	take_value(probe, "LABEL", found.label);
	take_value(probe, "PART_ENTRY_UUID", found.part_uuid);
	take_value(probe, "PART_ENTRY_NAME", found.part_label);
	take_value(probe, "PTTYPE", type);
	found.partitioned = *type != '\0';
	blkid_free_probe(probe);
	if (!status)
		*content = found;
	return status;
}

enum kd_status kd_block_of_number(const struct kd_paths *paths, unsigned int device_major,
				  unsigned int device_minor, char **name, struct kd_err *err)
{
	char path[PATH_MAX], target[PATH_MAX];
	ssize_t length;
	char *copy;

	kd_path(path, paths->sys, "dev/block/%u:%u", device_major, device_minor);
	length = readlink(path, target, sizeof(target) - 1);
	if (length < 0)
		return kd_fail_errno(err, errno, "%s", path);
	target[length] = '\0';
	copy = strdup(strrchr(target, '/') ? strrchr(target, '/') + 1 : target);
	if (!copy)
		return kd_fail_errno(err, ENOMEM, "%s", path);
	*name = copy;
	return KD_OK;
}

static bool is_mapped_as(const struct kd_paths *paths, const char *name, const char *mapped)
{
	KD_CLEANUP_FREE char *text = NULL;
	char path[PATH_MAX];
	size_t bytes;

	if (kd_file_read(kd_path(path, paths->sys, "class/block/%s/dm/name", name), NAME_BYTES_MAX,
			 &text, &bytes, NULL))
		return false;
	text[strcspn(text, "\n")] = '\0';
	return !strcmp(text, mapped);
}

/* The device that device-mapper calls so: where there is no node (an image of the system), sysfs has the name, too. */
static enum kd_status find_mapped(const struct kd_paths *paths, const char *mapped, char **name,
				  struct kd_err *err)
{
	char path[PATH_MAX];
	DIR *folder = opendir(kd_path(path, paths->sys, "class/block"));
	struct dirent *entry;
	char *found = NULL;

	if (!folder)
		return kd_fail_errno(err, errno, "%s", path);
	while (!found && (entry = readdir(folder)))
		if (entry->d_name[0] != '.' && is_mapped_as(paths, entry->d_name, mapped))
			found = strdup(entry->d_name);
	closedir(folder);
	if (!found)
		return kd_fail_errno(err, ENOENT, MAPPER "%s", mapped);
	*name = found;
	return KD_OK;
}

static enum kd_status find_path(const struct kd_paths *paths, const char *device, char **name,
				struct kd_err *err)
{
	char path[PATH_MAX], node[PATH_MAX], root[PATH_MAX];
	struct stat stat_of;
	char *copy;

	kd_path(path, paths->dev, "%s", device + strlen("/dev/"));
	if (!realpath(path, node) || !realpath(paths->dev, root) || stat(node, &stat_of))
		return !strncmp(device, MAPPER, strlen(MAPPER))
			       ? find_mapped(paths, device + strlen(MAPPER), name, err)
			       : kd_fail_errno(err, errno, "%s", device);
	if (S_ISBLK(stat_of.st_mode))
		return kd_block_of_number(paths, major(stat_of.st_rdev), minor(stat_of.st_rdev),
					  name, err);
	/* No node (an image of the system, a container), but perhaps a name that sysfs knows. */
	if (strncmp(node, root, strlen(root)) || node[strlen(root)] != '/')
		return kd_fail(err, KD_INVALID, "%s: not a block device", device);
	copy = strdup(node + strlen(root) + 1);
	if (!copy)
		return kd_fail_errno(err, ENOMEM, "%s", device);
	swap(copy, '/', '!');
	if (access(kd_path(path, paths->sys, "class/block/%s", copy), F_OK)) {
		free(copy);
		return kd_fail(err, KD_INVALID, "%s: not a block device", device);
	}
	*name = copy;
	return KD_OK;
}

static const struct {
	const char *prefix;
	size_t offset; /* in struct kd_block_content */
} tags[] = {
	{"UUID=", offsetof(struct kd_block_content, uuid)},
	{"LABEL=", offsetof(struct kd_block_content, label)},
	{"PARTUUID=", offsetof(struct kd_block_content, part_uuid)},
	{"PARTLABEL=", offsetof(struct kd_block_content, part_label)},
};

static bool carries(const struct kd_paths *paths, const char *name, const char *device)
{
	struct kd_block_content content;
	char path[PATH_MAX], *size = NULL;
	size_t bytes;
	bool empty;

	/* An empty drive or loop device is not worth opening. */
	empty = kd_file_read(kd_path(path, paths->sys, "class/block/%s/size", name), 64, &size,
			     &bytes, NULL) == KD_OK &&
		!strtoull(size, NULL, 10);
	free(size);
	if (empty || kd_block_probe(paths, name, &content, NULL))
		return false;
	for (size_t i = 0; i < sizeof(tags) / sizeof(*tags); i++) {
		size_t length = strlen(tags[i].prefix);

		if (!strncmp(device, tags[i].prefix, length))
			return !strcmp((const char *)&content + tags[i].offset, device + length);
	}
	return false;
}

static enum kd_status find_tag(const struct kd_paths *paths, const char *device, char **name,
			       struct kd_err *err)
{
	char path[PATH_MAX];
	DIR *folder = opendir(kd_path(path, paths->sys, "class/block"));
	enum kd_status status = KD_OK;
	struct dirent *entry;
	char *found = NULL;

	if (!folder)
		return kd_fail_errno(err, errno, "%s", path);
	while (!status && (entry = readdir(folder))) {
		if (entry->d_name[0] == '.' || !carries(paths, entry->d_name, device))
			continue;
		if (found)
			status = kd_fail(err, KD_UNSUPPORTED,
					 "%s: both %s and %s carry it: the second kernel needs "
					 "one device",
					 device, found, entry->d_name);
		else if (!(found = strdup(entry->d_name)))
			status = kd_fail_errno(err, ENOMEM, "%s", device);
	}
	closedir(folder);
	if (!status && !found)
		status = kd_fail(err, KD_NOTFOUND, "%s: no block device carries it", device);
	if (status) {
		free(found);
		return status;
	}
	*name = found;
	return KD_OK;
}

enum kd_status kd_block_find(const struct kd_paths *paths, const char *device, char **name,
			     struct kd_err *err)
{
	if (!strncmp(device, "/dev/", 5))
		return find_path(paths, device, name, err);
	return find_tag(paths, device, name, err);
}

bool kd_block_is_shown(const struct kd_paths *paths, const char *name, const char *source,
		       dev_t number)
{
	KD_CLEANUP_FREE char *text = NULL, *found = NULL;
	unsigned int device_major, device_minor;
	char path[PATH_MAX];
	size_t bytes;

	if (!kd_file_read(kd_path(path, paths->sys, "class/block/%s/dev", name), NUMBER_BYTES_MAX,
			  &text, &bytes, NULL) &&
	    sscanf(text, "%u:%u", &device_major, &device_minor) == 2 &&
	    number == makedev(device_major, device_minor))
		return true;
	return source && !strncmp(source, "/dev/", 5) && !find_path(paths, source, &found, NULL) &&
	       !strcmp(found, name);
}
