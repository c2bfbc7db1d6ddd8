/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "capture/devices.h"

#include <blkid/blkid.h>
#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "host/paths.h"

/* What a person may name a device by, and what libblkid calls that. */
static const struct {
	const char *prefix;
	const char *value; /* of the probe; NULL: the rest is a path */
} spellings[] = {
	{"UUID=", "UUID"},
	{"LABEL=", "LABEL"},
	{"PARTUUID=", "PART_ENTRY_UUID"},
	{"PARTLABEL=", "PART_ENTRY_NAME"},
};

struct wanted {
	const char *value; /* NULL: name is a path */
	const char *name;
	const char *type; /* NULL: any */
};

static struct wanted parse(const char *device)
{
	for (size_t i = 0; i < sizeof(spellings) / sizeof(*spellings); i++) {
		size_t length = strlen(spellings[i].prefix);

		if (!strncmp(device, spellings[i].prefix, length))
			return (struct wanted){spellings[i].value, device + length, NULL};
	}
	return (struct wanted){NULL, device, NULL};
}

/* Probes one device node. */
static bool probe(const struct wanted *wanted, struct kd_device *device)
{
	blkid_probe probe = blkid_new_probe_from_filename(device->node);
	const char *found = NULL, *type = NULL;
	bool match = false;

	*device->type = '\0';
	if (!probe)
		return false;
	blkid_probe_enable_superblocks(probe, 1);
	blkid_probe_set_superblocks_flags(probe, BLKID_SUBLKS_UUID | BLKID_SUBLKS_LABEL |
							 BLKID_SUBLKS_TYPE);
	blkid_probe_enable_partitions(probe, 1);
	blkid_probe_set_partitions_flags(probe, BLKID_PARTS_ENTRY_DETAILS);
	if (blkid_do_safeprobe(probe) >= 0) {
		match = !wanted->value ||
			(!blkid_probe_lookup_value(probe, wanted->value, &found, NULL) &&
			 !strcasecmp(found, wanted->name));
		if (match && !blkid_probe_lookup_value(probe, "TYPE", &type, NULL))
			snprintf(device->type, sizeof(device->type), "%s", type);
		match &= !wanted->type || !strcmp(wanted->type, device->type);
	}
	blkid_free_probe(probe);
	return match || (!wanted->value && !access(device->node, F_OK));
}

/* Looks through all block devices once. */
static size_t look(const struct wanted *wanted, struct kd_device devices[], size_t most)
{
	DIR *folder = opendir("/sys/class/block");
	struct dirent *entry;
	size_t count = 0;

	while (folder && count < most && (entry = readdir(folder))) {
		if (entry->d_name[0] == '.')
			continue;
		kd_path(devices[count].node, "/dev", "%s", entry->d_name);
		count += probe(wanted, &devices[count]);
	}
	if (folder)
		closedir(folder);
	return count;
}

bool kd_device_find(const char *name, struct kd_device *device)
{
	struct wanted wanted = parse(name);

	if (wanted.value)
		return look(&wanted, device, 1) == 1;
	snprintf(device->node, sizeof(device->node), "%s", name);
	return !access(name, F_OK) && probe(&wanted, device);
}

size_t kd_devices_of(const char *uuid, const char *type, struct kd_device devices[], size_t most)
{
	const struct wanted wanted = {"UUID", uuid, type};

	return look(&wanted, devices, most);
}
