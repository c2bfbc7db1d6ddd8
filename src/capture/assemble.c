/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An array is started by the kernel, from the superblocks on its members (drivers/md/md.c: SET_ARRAY_INFO with no number
 * of disks says only which version to look for; ADD_NEW_DISK reads one; RUN_ARRAY judges them): nothing that was
 * recorded at load time can be out of date but how many there should be. Its resync is held back: the disks have
 * something better to do now, and the next boot resumes it.
 *
 * A logical volume is lvm(8)'s business, which the image carries for it.
 */
#include "capture/assemble.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/major.h>
#include <linux/raid/md_u.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "capture/console.h"
#include "capture/devices.h"
#include "capture/program.h"
#include "config/image.h"
#include "host/file.h"
#include "host/paths.h"
#include "host/system.h"

enum { LIST_BYTES_MAX = 64 << 10, MEMBERS_MAX = 32, FIRST_ARRAY = 64 };
enum { LINES_MAX = 32, LVM_LIMIT_S = 30 };

bool kd_assembly_parse(const char *line, struct kd_assembly *assembly)
{
	struct kd_assembly read = {0};
	int end = 0;

	if (sscanf(line, "%3u md %511s 1.%3u %3u%n", &read.target, read.what, &read.metadata_minor,
		   &read.members, &end) == 4 &&
	    end && !line[end] && read.members)
		strcpy(read.how, "md");
	else if (end = 0, sscanf(line, "%3u lvm %511s%n", &read.target, read.what, &end) == 2 &&
				  end && !line[end] && strchr(read.what, '/'))
		strcpy(read.how, "lvm");
	else
		return false;
	*assembly = read;
	return true;
}

static bool write_text(const char *path, const char *text)
{
	KD_CLEANUP_CLOSE int fd = open(path, O_WRONLY | O_CLOEXEC);

	return fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);
}

static enum kd_status add_members(int array, const struct kd_device members[], size_t count,
				  struct kd_err *err)
{
	for (size_t i = 0; i < count; i++) {
		mdu_disk_info_t disk = {0};
		struct stat info;

		if (stat(members[i].node, &info))
			return kd_fail_errno(err, errno, "%s", members[i].node);
		disk.major = (int)major(info.st_rdev);
		disk.minor = (int)minor(info.st_rdev);
		if (ioctl(array, ADD_NEW_DISK, &disk))
			return kd_fail_errno(err, errno, "%s: as a member", members[i].node);
	}
	return KD_OK;
}

static enum kd_status run_array(const char *node, const struct kd_assembly *assembly,
				const struct kd_device members[], size_t count, struct kd_err *err)
{
	mdu_array_info_t version = {.major_version = 1,
				    .minor_version = (int)assembly->metadata_minor};
	KD_CLEANUP_CLOSE int array = open(node, O_RDWR | O_CLOEXEC);
	enum kd_status status;

	if (array < 0 || ioctl(array, SET_ARRAY_INFO, &version))
		return kd_fail_errno(err, errno, "%s", node);
	status = add_members(array, members, count, err);
	if (!status && ioctl(array, RUN_ARRAY, NULL))
		status = kd_fail_errno(err, errno, "%s: starting it with %zu of %u disks", node,
				       count, assembly->members);
	if (status)
		ioctl(array, STOP_ARRAY, NULL);
	return status;
}

/* The array is there already: for another target, or by an earlier try. */
static bool runs(const char *name)
{
	KD_CLEANUP_FREE char *state = NULL;
	char path[PATH_MAX];
	size_t bytes;

	return !kd_file_read(kd_path(path, "/sys/class/block", "%s/md/array_state", name), 4096,
			     &state, &bytes, NULL) &&
	       strncmp(state, "clear", strlen("clear")) &&
	       strncmp(state, "inactive", strlen("inactive"));
}

static bool assemble_array(struct kd_capture *capture, const struct kd_assembly *assembly,
			   unsigned int number, bool patient)
{
	struct kd_device *members = calloc(MEMBERS_MAX, sizeof(*members));
	char name[16], path[PATH_MAX];
	struct kd_err err;
	size_t count;
	bool done = false;

	snprintf(name, sizeof(name), "md%u", FIRST_ARRAY + number);
	if (runs(name)) {
		free(members);
		return true;
	}
	count = !members ? 0
			 : kd_devices_of(assembly->what, "linux_raid_member", members, MEMBERS_MAX);
	if (count && (count >= assembly->members || !patient)) {
		write_text("/sys/module/md_mod/parameters/new_array", name);
		done = !run_array(kd_path(path, "/dev", "%s", name), assembly, members, count,
				  &err);
		if (done) {
			write_text(kd_path(path, "/sys/class/block", "%s/md/sync_action", name),
				   "frozen");
			kd_say(capture, "array %s: %zu of %u disks", assembly->what, count,
			       assembly->members);
		} else {
			kd_say(capture, "%s", err.text);
		}
	}
	free(members);
	return done;
}

static bool activate_volume(struct kd_capture *capture, const struct kd_assembly *assembly)
{
	/* No udev to make nodes or to tell of devices, no daemons, and nothing of the metadata is to change. */
	static char config[] = "activation{udev_sync=0 udev_rules=0 monitoring=0} "
			       "devices{obtain_device_list_from_udev=0 "
			       "external_device_info_source=\"none\"} "
			       "global{use_lvmpolld=0} backup{backup=0 archive=0}";
	char volume[sizeof(assembly->what)];
	char *words[] = {(char[]){"/usr/sbin/lvm"},
			 (char[]){"lvchange"},
			 (char[]){"--sysinit"},
			 (char[]){"-ay"},
			 (char[]){"--config"},
			 config,
			 volume,
			 NULL};
	const struct kd_program program = {"lvm", words, NULL, LVM_LIMIT_S};
	struct kd_err err;

	snprintf(volume, sizeof(volume), "%s", assembly->what);
	if (!kd_program_run(capture, &program, &err))
		return true;
	kd_say(capture, "%s", err.text);
	return false;
}

/* The list of the image. */
static unsigned int read_list(struct kd_assembly list[LINES_MAX])
{
	KD_CLEANUP_FREE char *text = NULL;
	unsigned int count = 0;
	char *rest, *line;
	size_t bytes;

	if (kd_file_read(KD_IMAGE_ASSEMBLY, LIST_BYTES_MAX, &text, &bytes, NULL))
		return 0;
	for (line = strtok_r(text, "\n", &rest); line && count < LINES_MAX;
	     line = strtok_r(NULL, "\n", &rest))
		count += kd_assembly_parse(line, &list[count]);
	return count;
}

void kd_capture_assemble(struct kd_capture *capture, bool patient)
{
	struct kd_assembly list[LINES_MAX];
	unsigned int count = read_list(list), first;
	bool done = true;

	for (unsigned int i = 0; i < count && done; i++) {
		if (list[i].target != capture->target)
			continue;
		/* one array may be part of several targets: its number is that of its first line */
		for (first = 0; strcmp(list[first].what, list[i].what); first++)
			;
		done = !strcmp(list[i].how, "md")
			       ? assemble_array(capture, &list[i], first, patient)
			       : activate_volume(capture, &list[i]);
	}
}
