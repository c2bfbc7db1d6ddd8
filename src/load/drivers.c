/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The way to a block device.
 *
 * /sys/class/block/vda1 is a link into /sys/devices, where each folder above is a device that this
 * one hangs on: partition, disk, virtio device, PCI function, bridges. A device that has a driver
 * has a link `driver`, and if that driver is a module, `driver/module` is a link named after it:
 * what the running kernel really uses, and so what the second kernel needs. `modalias` is how the
 * device asks for a driver, for when the other kernel's module has another name.
 *
 * What stands below /sys/devices/virtual hangs on nothing. Such a block device was put together by
 * something that the second kernel does not run, with one exception: the multipath node of an NVMe
 * disk (CONFIG_NVME_MULTIPATH), whose controllers are links in its folder.
 */
#include "load/drivers.h"

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

enum { ATTRIBUTE_BYTES_MAX = 4096 };

/* What says that a device is out of reach: part of its path, or a file in its folder or its disk's. */
static const struct {
	const char *path_part, *file, *prefix; /* prefix: what the file must start with */
	const char *what;
} out_of_reach[] = {
	{NULL, "dm/uuid", "LVM-", "an LVM logical volume that is not linear or striped"},
	{NULL, "dm/uuid", "CRYPT-", "encrypted: the second kernel has no key"},
	{NULL, "dm/uuid", "mpath-", "a multipath device"},
	{NULL, "dm/uuid", "", "a device-mapper device"},
	{NULL, "md/level", "", "a software RAID array whose metadata is not of version 1"},
	{NULL, "loop/backing_file", "", "a loop device"},
	{"/virtual/nvme-fabrics/", NULL, NULL, "an NVMe disk on the network"},
	{"/session", NULL, NULL, "an iSCSI disk"},
	{"/virtual/block/", NULL, NULL, "a virtual device"},
};

static bool starts(const char *text, const char *prefix)
{
	return !strncmp(text, prefix, strlen(prefix));
}

/* An attribute of sysfs without its newline; NULL when there is none. */
static char *attribute(const char *folder, const char *name)
{
	char path[PATH_MAX], *text = NULL;
	size_t bytes;

	if (kd_file_read(kd_path(path, folder, "%s", name), ATTRIBUTE_BYTES_MAX, &text, &bytes,
			 NULL))
		return NULL;
	text[strcspn(text, "\n")] = '\0';
	return text;
}

/* The name that a link's target ends with; NULL when it is no link. */
static char *link_name(const char *folder, const char *name)
{
	char path[PATH_MAX], target[PATH_MAX];
	ssize_t length = readlink(kd_path(path, folder, "%s", name), target, sizeof(target) - 1);
	const char *slash;

	if (length <= 0)
		return NULL;
	target[length] = '\0';
	slash = strrchr(target, '/');
	return strdup(slash ? slash + 1 : target);
}

static enum kd_status add(struct kd_drivers *drivers, const char *device, struct kd_err *err)
{
	struct kd_driver *grown =
		realloc(drivers->items, (drivers->count + 1) * sizeof(*drivers->items));
	struct kd_driver *driver;

	if (!grown)
		return kd_fail_errno(err, ENOMEM, "%s", device);
	drivers->items = grown;
	driver = &grown[drivers->count++];
	*driver = (struct kd_driver){
		.module = link_name(device, "driver/module"),
		.modalias = attribute(device, "modalias"),
		.device = strdup(device),
	};
	return driver->device ? KD_OK : kd_fail_errno(err, ENOMEM, "%s", device);
}

void kd_drivers_deinit(struct kd_drivers *drivers)
{
	for (size_t i = 0; i < drivers->count; i++) {
		free(drivers->items[i].module);
		free(drivers->items[i].modalias);
		free(drivers->items[i].device);
	}
	free(drivers->items);
	*drivers = (struct kd_drivers){0};
}

static enum kd_status refuse_out_of_reach(const char *name, const char *folder, struct kd_err *err)
{
	char disk[PATH_MAX];

	snprintf(disk, sizeof(disk), "%s/..", folder);
	for (size_t i = 0; i < sizeof(out_of_reach) / sizeof(*out_of_reach); i++) {
		bool matches;

		if (out_of_reach[i].path_part) {
			matches = strstr(folder, out_of_reach[i].path_part) != NULL;
		} else {
			KD_CLEANUP_FREE char *own = attribute(folder, out_of_reach[i].file);
			KD_CLEANUP_FREE char *above = attribute(disk, out_of_reach[i].file);

			matches = (own && starts(own, out_of_reach[i].prefix)) ||
				  (above && starts(above, out_of_reach[i].prefix));
		}
		if (matches)
			return kd_fail(err, KD_UNSUPPORTED,
				       "/dev/%s: %s, which the second kernel cannot set up: name a "
				       "partition of a local disk as target",
				       name, out_of_reach[i].what);
	}
	return KD_OK;
}

/* Adds the drivers of folder and of what is above it, up to `top`. */
static enum kd_status climb(const char *folder, const char *top, struct kd_drivers *drivers,
			    struct kd_err *err)
{
	char at[PATH_MAX], path[PATH_MAX];
	enum kd_status status = KD_OK;

	snprintf(at, sizeof(at), "%s", folder);
	while (!status && strlen(at) > strlen(top)) {
		if (!access(kd_path(path, at, "driver"), F_OK))
			status = add(drivers, at, err);
		*strrchr(at, '/') = '\0';
	}
	return status;
}

/* The controllers of an NVMe subsystem: links nvme0, nvme1, … in its folder. */
static enum kd_status climb_nvme(const char *subsystem, const char *top, struct kd_drivers *drivers,
				 struct kd_err *err)
{
	DIR *folder = opendir(subsystem);
	enum kd_status status = KD_OK;
	struct dirent *entry;

	if (!folder)
		return kd_fail_errno(err, errno, "%s", subsystem);
	while (!status && (entry = readdir(folder))) {
		char path[PATH_MAX], target[PATH_MAX];
		size_t digits =
			starts(entry->d_name, "nvme") ? strspn(entry->d_name + 4, "0123456789") : 0;

		if (!digits || entry->d_name[4 + digits] ||
		    !realpath(kd_path(path, subsystem, "%s", entry->d_name), target) ||
		    !starts(target, top))
			continue;
		status = refuse_out_of_reach(entry->d_name, target, err);
		if (!status)
			status = climb(target, top, drivers, err);
	}
	closedir(folder);
	return status;
}

enum kd_status kd_drivers_find(const struct kd_paths *paths, const char *name,
			       struct kd_drivers *drivers, struct kd_err *err)
{
	char path[PATH_MAX], folder[PATH_MAX], top[PATH_MAX];
	const char *subsystem;
	struct kd_drivers found = {0};
	enum kd_status status;

	if (!realpath(kd_path(path, paths->sys, "devices"), top))
		return kd_fail_errno(err, errno, "%s", path);
	if (!realpath(kd_path(path, paths->sys, "class/block/%s", name), folder))
		return kd_fail_errno(err, errno, "%s", path);
	if (!starts(folder, top) || folder[strlen(top)] != '/')
		return kd_fail(err, KD_CORRUPT, "%s: leads out of %s", path, top);
	status = refuse_out_of_reach(name, folder, err);
	if (!status)
		status = climb(folder, top, &found, err);
	subsystem = strstr(folder, "/virtual/nvme-subsystem/");
	if (!status && subsystem) {
		subsystem += strlen("/virtual/nvme-subsystem/");
		folder[(size_t)(subsystem - folder) + strcspn(subsystem, "/")] = '\0';
		status = climb_nvme(folder, top, &found, err);
	}
	if (!status && !found.count)
		status = kd_fail(err, KD_UNSUPPORTED,
				 "/dev/%s: no driver is bound to any device on its way (%s)", name,
				 folder);
	if (status) {
		kd_drivers_deinit(&found);
		return status;
	}
	*drivers = found;
	return KD_OK;
}
