/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kinds of target: a table. What a target is to the rest of the capture is how it is reached and left, and the
 * store that writes on it; a target on the network is a row more.
 */
#include "capture/target.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <time.h>
#include <unistd.h>

#include "capture/assemble.h"
#include "capture/console.h"
#include "capture/devices.h"
#include "capture/store.h"
#include "host/file.h"
#include "host/system.h"

enum { POLL_MS = 100, TRIES = 64 };

#define MOUNT_POINT "/target"
#define SECOND_NS   UINT64_C(1000000000)

/* Waits for the device, and helps it into being where it is made of others: less and less often. */
static enum kd_status wait_for_device(struct kd_capture *capture, struct kd_device *device,
				      struct kd_err *err)
{
	const struct timespec pause = {.tv_nsec = POLL_MS * 1000000L};
	uint64_t start = kd_monotonic_ns(), limit = capture->device_timeout_s * SECOND_NS;
	uint64_t next_try = 0, interval = limit / TRIES;

	if (!*capture->device)
		return kd_fail(err, KD_INVALID, "no target is configured");
	while (!kd_device_find(capture->device, device)) {
		uint64_t waited = kd_monotonic_ns() - start;

		if (waited >= limit)
			return kd_fail(err, KD_NOTFOUND, "%s: no such device after %u s",
				       capture->device, capture->device_timeout_s);
		if (waited >= next_try) {
			kd_capture_assemble(capture, waited < limit / 2);
			next_try = waited + interval;
			interval *= 2;
			continue;
		}
		nanosleep(&pause, NULL);
	}
	snprintf(capture->node, sizeof(capture->node), "%s", device->node);
	return KD_OK;
}

static enum kd_status mount_device(struct kd_capture *capture, const char *type, struct kd_err *err)
{
	const unsigned long flags = MS_NOATIME | MS_NODEV | MS_NOEXEC | MS_NOSUID;

	if (!mount(capture->node, MOUNT_POINT, type, flags, capture->target_options))
		return KD_OK;
	/* mount(2) has this meaning of its own for EACCES */
	if (errno == EACCES)
		return kd_fail(err, KD_SYSTEM, "mounting %s (%s): the device is read-only",
			       capture->node, type);
	return kd_fail_errno(err, errno, "mounting %s (%s)", capture->node, type);
}

static enum kd_status reach_file_system(struct kd_capture *capture, struct kd_err *err)
{
	const char *wanted = kd_target_type_name(capture->target_type);
	struct kd_device device;
	enum kd_status status = wait_for_device(capture, &device, err);

	if (status)
		return status;
	if (capture->target_type == KD_TARGET_AUTO)
		wanted = device.type;
	if (!*wanted)
		return kd_fail(err, KD_UNSUPPORTED, "%s: no file system on it", capture->node);
	status = mount_device(capture, wanted, err);
	if (status)
		return status;
	kd_say(capture, "target %s: %s, %s", capture->device, capture->node, wanted);
	return KD_OK;
}

/* Syncs this file system and no other: the disk of a target that failed before may never answer. */
static enum kd_status leave_file_system(struct kd_capture *capture, struct kd_err *err)
{
	int fd = open(MOUNT_POINT, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd >= 0) {
		syncfs(fd);
		close(fd);
	}
	if (umount(MOUNT_POINT) && umount2(MOUNT_POINT, MNT_DETACH))
		return kd_fail_errno(err, errno, "unmounting %s", MOUNT_POINT);
	return KD_OK;
}

static enum kd_status reach_raw(struct kd_capture *capture, struct kd_err *err)
{
	struct kd_device device;
	enum kd_status status = wait_for_device(capture, &device, err);

	if (!status)
		kd_say(capture, "target %s: %s, raw", capture->device, capture->node);
	return status;
}

/* Each part was synced as it ended. */
static enum kd_status leave_raw(struct kd_capture *capture, struct kd_err *err)
{
	return KD_OK;
}

struct kind {
	enum kd_status (*reach)(struct kd_capture *capture, struct kd_err *err);
	enum kd_status (*leave)(struct kd_capture *capture, struct kd_err *err);
	const struct kd_store *store;
};

static const struct kind file_system = {reach_file_system, leave_file_system, &kd_store_folder};
static const struct kind raw = {reach_raw, leave_raw, &kd_store_raw};

static const struct kind *const kinds[] = {
	[KD_TARGET_AUTO] = &file_system, [KD_TARGET_EXT4] = &file_system,
	[KD_TARGET_XFS] = &file_system,  [KD_TARGET_BTRFS] = &file_system,
	[KD_TARGET_VFAT] = &file_system, [KD_TARGET_RAW] = &raw,
};

const struct kd_store *kd_store_of(const struct kd_capture *capture)
{
	return kinds[capture->target_type]->store;
}

enum kd_status kd_capture_reach_target(struct kd_capture *capture, struct kd_err *err)
{
	enum kd_status status = kinds[capture->target_type]->reach(capture, err);

	if (!status)
		capture->target_ready = true;
	return status;
}

enum kd_status kd_capture_leave_target(struct kd_capture *capture, struct kd_err *err)
{
	return capture->target_ready ? kinds[capture->target_type]->leave(capture, err) : KD_OK;
}
