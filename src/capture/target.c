/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "capture/target.h"

#include <blkid/blkid.h>
#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <stdio.h>
#include <sys/mount.h>
#include <time.h>
#include <unistd.h>

#include "capture/console.h"
#include "host/paths.h"
#include "host/system.h"

enum { POLL_MS = 100 };

#define MOUNT_POINT "/target"
#define SECOND_NS   UINT64_C(1000000000)

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
};

static struct wanted parse(const char *device)
{
	for (size_t i = 0; i < sizeof(spellings) / sizeof(*spellings); i++) {
		size_t length = strlen(spellings[i].prefix);

		if (!strncmp(device, spellings[i].prefix, length))
			return (struct wanted){spellings[i].value, device + length};
	}
	return (struct wanted){NULL, device};
}

/* Probes one device node; type gets its file system when there is one. */
static bool probe(const char *node, const struct wanted *wanted, char *type, size_t type_bytes)
{
	blkid_probe probe = blkid_new_probe_from_filename(node);
	const char *found = NULL, *kind = NULL;
	bool match = false;

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
		if (match && !blkid_probe_lookup_value(probe, "TYPE", &kind, NULL))
			snprintf(type, type_bytes, "%s", kind);
	}
	blkid_free_probe(probe);
	return match || (!wanted->value && !access(node, F_OK));
}

/* Looks through all block devices once. */
static bool look(const struct wanted *wanted, char node[PATH_MAX], char *type, size_t type_bytes)
{
	bool found = false;
	struct dirent *entry;
	DIR *folder;

	*type = '\0';
	if (!wanted->value) {
		snprintf(node, PATH_MAX, "%s", wanted->name);
		return !access(node, F_OK) && probe(node, wanted, type, type_bytes);
	}
	folder = opendir("/sys/class/block");
	while (folder && !found && (entry = readdir(folder))) {
		if (entry->d_name[0] == '.')
			continue;
		found = probe(kd_path(node, "/dev", "%s", entry->d_name), wanted, type, type_bytes);
	}
	if (folder)
		closedir(folder);
	return found;
}

static enum kd_status wait_for_device(struct kd_capture *capture, char *type, size_t type_bytes,
				      struct kd_err *err)
{
	const struct timespec pause = {.tv_nsec = POLL_MS * 1000000L};
	struct wanted wanted = parse(capture->device);
	uint64_t start = kd_monotonic_ns();

	if (!*capture->device)
		return kd_fail(err, KD_INVALID, "no target is configured");
	while (!look(&wanted, capture->node, type, type_bytes)) {
		if (kd_monotonic_ns() - start >= capture->device_timeout_s * SECOND_NS)
			return kd_fail(err, KD_NOTFOUND, "%s: no such device after %u s",
				       capture->device, capture->device_timeout_s);
		nanosleep(&pause, NULL);
	}
	return KD_OK;
}

static enum kd_status mount_target(struct kd_capture *capture, const char *type, struct kd_err *err)
{
	const char *wanted = kd_target_type_name(capture->target_type);

	if (capture->target_type == KD_TARGET_AUTO)
		wanted = type;
	if (!*wanted)
		return kd_fail(err, KD_UNSUPPORTED, "%s: no file system on it", capture->node);
	if (mount(capture->node, MOUNT_POINT, wanted, MS_NOATIME | MS_NODEV | MS_NOEXEC | MS_NOSUID,
		  capture->target_options))
		return kd_fail_errno(err, errno, "mounting %s (%s)", capture->node, wanted);
	kd_say(capture, "target %s: %s, %s", capture->device, capture->node, wanted);
	return KD_OK;
}

enum kd_status kd_capture_reach_target(struct kd_capture *capture, struct kd_err *err)
{
	char type[32];
	enum kd_status status;

	status = wait_for_device(capture, type, sizeof(type), err);
	if (!status && capture->target_type == KD_TARGET_RAW)
		kd_say(capture, "target %s: %s, raw", capture->device, capture->node);
	else if (!status)
		status = mount_target(capture, type, err);
	if (!status)
		capture->target_ready = true;
	return status;
}

enum kd_status kd_capture_leave_target(struct kd_capture *capture, struct kd_err *err)
{
	sync();
	if (!capture->target_ready || capture->target_type == KD_TARGET_RAW)
		return KD_OK;
	if (umount(MOUNT_POINT) && umount2(MOUNT_POINT, MNT_DETACH))
		return kd_fail_errno(err, errno, "unmounting %s", MOUNT_POINT);
	sync();
	return KD_OK;
}
