/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "crashes/raw_format.h"
#include "host/file.h"
#include "host/system.h"
#include "rehearse/guest.h"
#include "rehearse/head.h"
#include "rehearse/child.h"

/* What a small guest dumps is less than this; more free space proves nothing more. */
#define FREE_MOST (UINT64_C(4) << 30)
/* A journal and tables, and the least that the makers of file systems take. */
#define DISK_MORE (UINT64_C(512) << 20)

enum { IDENTITY_BYTES = 64 };

/* How each kind is made, the UUID in place of %s. */
static const struct {
	enum kd_target_type type;
	const char *package, *words;
} makers[] = {
	{KD_TARGET_EXT4, "e2fsprogs", "/sbin/mkfs.ext4 -q -F -U %s"},
	{KD_TARGET_XFS, "xfsprogs", "/sbin/mkfs.xfs -q -f -m uuid=%s"},
	{KD_TARGET_BTRFS, "btrfs-progs", "/sbin/mkfs.btrfs -q -f -U %s"},
	{KD_TARGET_VFAT, "dosfstools", "/sbin/mkfs.vfat -F 32 -i %s"},
};

/* mkfs.vfat wants "ABCD-1234" without the dash. */
static void identity_of(const struct kd_rehearsal *rehearsal, char identity[IDENTITY_BYTES])
{
	const char *from = strchr(rehearsal->device, '=');
	size_t length = 0;

	for (from = from ? from + 1 : ""; *from && length + 1 < IDENTITY_BYTES; from++)
		if (*from != '-' || rehearsal->type != KD_TARGET_VFAT)
			identity[length++] = *from;
	identity[length] = '\0';
}

static bool is_raw(const struct kd_rehearsal *rehearsal)
{
	return rehearsal->type == KD_TARGET_RAW;
}

static uint64_t disk_bytes(const struct kd_rehearsal *rehearsal)
{
	uint64_t bytes = rehearsal->free_bytes < FREE_MOST ? rehearsal->free_bytes : FREE_MOST;

	/* file systems take some percent for themselves */
	bytes = is_raw(rehearsal) ? bytes + KD_RAW_DUMP_OFFSET : bytes + bytes / 16 + DISK_MORE;
	return KD_HEAD_BYTES + kd_round_up(bytes, KD_HEAD_BYTES);
}

/* A file without content. */
static enum kd_status make_file(const char *path, uint64_t bytes, int *file, struct kd_err *err)
{
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd >= 0 && !ftruncate(fd, (off_t)bytes)) {
		*file = fd;
		return KD_OK;
	}
	kd_fail_errno(err, errno, "%s", path);
	if (fd >= 0)
		close(fd);
	return KD_SYSTEM;
}

static enum kd_status make_file_system(const struct kd_rehearse_run *run,
				       const struct kd_rehearsal *rehearsal, const char *path,
				       struct kd_err *err)
{
	struct kd_child child = {.count = 0};
	char said[PATH_MAX], identity[IDENTITY_BYTES];
	enum kd_status status;
	bool over = true;
	size_t i = 0;

	while (i < sizeof(makers) / sizeof(*makers) && makers[i].type != rehearsal->type)
		i++;
	if (i == sizeof(makers) / sizeof(*makers))
		return kd_fail(err, KD_UNSUPPORTED, "no stand-in of type %s",
			       kd_target_type_name(rehearsal->type));
	identity_of(rehearsal, identity);
	kd_child_add_words(&child, makers[i].words, identity);
	kd_child_add(&child, "%s", path);
	status = kd_child_run(&child, kd_path(said, run->work, "mkfs.said"), run->time_limit_s,
			      makers[i].package, &over, err);
	kd_child_deinit(&child);
	return status;
}

/* What is in `from`, behind the head of the disk; holes stay holes. */
static enum kd_status copy_behind_head(int from, int disk, struct kd_err *err)
{
	loff_t start, end = 0;

	while ((start = lseek(from, end, SEEK_DATA)) >= 0) {
		end = lseek(from, start, SEEK_HOLE);
		while (start < end) {
			loff_t to = start + KD_HEAD_BYTES;

			if (copy_file_range(from, &start, disk, &to, (size_t)(end - start), 0) <= 0)
				return kd_fail_errno(err, errno, "%s", KD_REHEARSAL_DISK);
		}
	}
	return errno == ENXIO ? KD_OK : kd_fail_errno(err, errno, "%s", KD_REHEARSAL_DISK);
}

/* A partition without a file system. */
static enum kd_status make_partition(const struct kd_rehearsal *rehearsal, int disk, uint64_t bytes,
				     struct kd_err *err)
{
	KD_CLEANUP_FREE uint8_t *head = calloc(1, KD_HEAD_BYTES);
	const char *identity = kd_rehearsal_partition(rehearsal);

	if (!identity)
		return kd_fail(err, KD_UNSUPPORTED, "no stand-in of type raw for %s",
			       rehearsal->device);
	if (!head)
		return kd_fail(err, KD_NOMEM, "%s: no memory", KD_REHEARSAL_DISK);
	kd_head_partition(head, identity, bytes);
	return kd_write_all(disk, head, KD_HEAD_BYTES, KD_REHEARSAL_DISK, err);
}

/* A logical volume with a file system: made beside the disk, for no mkfs can be told where in a file it lies. */
static enum kd_status make_volume(const struct kd_rehearse_run *run,
				  const struct kd_rehearsal *rehearsal, int disk, uint64_t bytes,
				  struct kd_err *err)
{
	KD_CLEANUP_FREE uint8_t *head = calloc(1, KD_HEAD_BYTES);
	char path[PATH_MAX];
	KD_CLEANUP_CLOSE int file = -1;
	enum kd_status status;

	if (!head)
		return kd_fail(err, KD_NOMEM, "%s: no memory", KD_REHEARSAL_DISK);
	status = make_file(kd_path(path, run->work, "volume.img"), kd_head_volume_bytes(bytes),
			   &file, err);
	if (!status)
		status = make_file_system(run, rehearsal, path, err);
	kd_head_volume(head, rehearsal->volume, bytes);
	if (!status)
		status = kd_write_all(disk, head, KD_HEAD_BYTES, KD_REHEARSAL_DISK, err);
	if (!status)
		status = copy_behind_head(file, disk, err);
	unlink(path);
	return status;
}

enum kd_status kd_rehearse_make_disk(const struct kd_rehearse_run *run,
				     const struct kd_rehearsal *rehearsal, struct kd_err *err)
{
	uint64_t bytes = disk_bytes(rehearsal);
	char path[PATH_MAX];
	KD_CLEANUP_CLOSE int disk = -1;
	enum kd_status status =
		make_file(kd_path(path, run->work, KD_REHEARSAL_DISK), bytes, &disk, err);

	if (status)
		return status;
	if (is_raw(rehearsal))
		return make_partition(rehearsal, disk, bytes, err);
	if (*rehearsal->volume)
		return make_volume(run, rehearsal, disk, bytes, err);
	return make_file_system(run, rehearsal, path, err);
}
