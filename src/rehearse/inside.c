/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rehearse/inside.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <jansson.h>
#include <limits.h>
#include <linux/blkpg.h>
#include <linux/btrfs.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "host/file.h"
#include "host/system.h"
#include "load/load.h"
#include "rehearse/child.h"
#include "rehearse/head.h"
#include "rehearse/rehearsal.h"

#define TARGET    "/target"
#define FILLER    TARGET "/rehearsal-filler"
#define LISTED    "/tmp/list"
#define SAID      "/tmp/said"
#define COLLECTED "/tmp/crash"

enum { DISK_TRIES = 200, DISK_PAUSE_US = 100000, SAID_BYTES = 1 << 20, RUN_LIMIT_S = 600 };

_Noreturn static void power_off(void)
{
	sync();
	reboot(RB_POWER_OFF);
	for (;;)
		pause();
}

static void tell(const char *line)
{
	FILE *stream = fopen(KD_REHEARSAL_CHANNEL, "w");

	if (!stream)
		return;
	fprintf(stream, "%s\n", line);
	fclose(stream);
}

_Noreturn static void answer(json_t *json)
{
	char *text = json_dumps(json, JSON_COMPACT);
	tell(text ? text : "{}");
	power_off();
}

_Noreturn static void answer_not_loaded(const char *why)
{
	answer(json_pack("{s:b, s:s}", "loaded", 0, "why", why));
}

/* Modules that do not load are told of on the console, by the kernel: what lacks then, shows soon enough. */
static void load_modules(void)
{
	char path[PATH_MAX];
	FILE *list = fopen(KD_REHEARSAL_LIST, "r");

	while (list && fgets(path, sizeof(path), list)) {
		int fd;

		path[strcspn(path, "\n")] = '\0';
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd >= 0) {
			syscall(SYS_finit_module, fd, "", 0);
			close(fd);
		}
	}
	if (list)
		fclose(list);
}

static void set_up(void)
{
	mount("proc", "/proc", "proc", 0, NULL);
	mount("sys", "/sys", "sysfs", 0, NULL);
	mount("dev", "/dev", "devtmpfs", 0, NULL);
	mkdir("/tmp", 0700);
	load_modules();
}

/* The only disk there is; NULL when none comes. */
static const char *wait_for_disk(void)
{
	static const char *const names[] = {"/dev/vda", "/dev/sda", "/dev/nvme0n1"};

	for (int try = 0; try < DISK_TRIES; try++) {
		for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
			if (!access(names[i], F_OK))
				return names[i];
		usleep(DISK_PAUSE_US);
	}
	return NULL;
}

/* A volume's place on the disk is known: the kernel is told of it as a partition, and needs no LVM here. */
static void announce_volume(const char *disk)
{
	uint64_t bytes = 0;
	struct blkpg_partition part = {.start = KD_HEAD_BYTES, .pno = 1};
	struct blkpg_ioctl_arg request = {
		.op = BLKPG_ADD_PARTITION, .datalen = sizeof(part), .data = &part};
	KD_CLEANUP_CLOSE int fd = open(disk, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || ioctl(fd, BLKGETSIZE64, &bytes))
		return;
	part.length = (long long)(bytes - KD_HEAD_BYTES);
	ioctl(fd, BLKPG, &request);
}

/* The only partition there is, as a path. */
static bool find_partition(char path[PATH_MAX])
{
	glob_t found;
	bool is_there = !glob("/sys/class/block/*/partition", 0, NULL, &found);

	if (is_there) {
		*strrchr(found.gl_pathv[0], '/') = '\0';
		snprintf(path, PATH_MAX, "/dev/%s", strrchr(found.gl_pathv[0], '/') + 1);
		globfree(&found);
	}
	return is_there && !access(path, F_OK);
}

/* Where the target is: the disk, or what lies behind its head; false when none comes. */
static bool find_target(const struct kd_rehearsal *rehearsal, char path[PATH_MAX])
{
	const char *disk = wait_for_disk();

	if (!disk)
		return false;
	if (!*rehearsal->volume && rehearsal->type != KD_TARGET_RAW) {
		snprintf(path, PATH_MAX, "%s", disk);
		return true;
	}
	for (int try = 0; try < DISK_TRIES; try++) {
		if (find_partition(path))
			return true;
		if (*rehearsal->volume)
			announce_volume(disk);
		else
			usleep(DISK_PAUSE_US);
	}
	return false;
}

static bool mount_target(const struct kd_rehearsal *rehearsal, unsigned long flags,
			 const char *subvolume)
{
	char path[PATH_MAX], options[PATH_MAX] = "";

	if (*subvolume)
		snprintf(options, sizeof(options), "subvol=%s", subvolume);
	return find_target(rehearsal, path) &&
	       !mount(path, TARGET, kd_target_type_name(rehearsal->type), flags, options);
}

/* Makes the subvolume of that path, and as plain folders those above it. */
static void make_subvolume(const char *subvolume)
{
	struct btrfs_ioctl_vol_args arguments = {.fd = 0};
	char path[PATH_MAX], *name;
	int folder;

	kd_path(path, TARGET, "%s", subvolume + strspn(subvolume, "/"));
	for (char *at = path + strlen(TARGET "/"); (at = strchr(at, '/')); *at++ = '/') {
		*at = '\0';
		mkdir(path, 0755);
	}
	name = strrchr(path, '/');
	*name++ = '\0';
	snprintf(arguments.name, sizeof(arguments.name), "%s", name);
	folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder < 0 || !*name)
		return;
	ioctl(folder, BTRFS_IOC_SUBVOL_CREATE, &arguments);
	close(folder);
}

/* Makes it what the real target is: the subvolume, and as much free. */
static void prepare_target(const struct kd_rehearsal *rehearsal)
{
	struct statvfs info;
	uint64_t free_bytes;
	int fd;

	if (rehearsal->read_only || rehearsal->type == KD_TARGET_RAW ||
	    !mount_target(rehearsal, 0, ""))
		return;
	if (*rehearsal->subvolume)
		make_subvolume(rehearsal->subvolume);
	if (!statvfs(TARGET, &info)) {
		/* as root counts it: what is reserved for root takes a dump, too */
		free_bytes = (uint64_t)info.f_bfree * info.f_frsize;
		fd = open(FILLER, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
		if (fd >= 0 && free_bytes > rehearsal->free_bytes)
			posix_fallocate(fd, 0, (off_t)(free_bytes - rehearsal->free_bytes));
		if (fd >= 0)
			close(fd);
	}
	umount(TARGET);
}

static enum kd_status load(const struct kd_rehearsal *rehearsal, struct kd_err *err)
{
	const struct kd_load_request request = {
		.paths = &kd_system_paths,
		.kernel_path = KD_REHEARSAL_INSIDE "/" KD_REHEARSAL_KERNEL,
		.initrd_path = KD_REHEARSAL_INSIDE "/" KD_REHEARSAL_INITRD,
		.command_line = rehearsal->command_line,
		.append = KD_REHEARSAL_PARAMETERS,
		.method = rehearsal->method,
		.backup = rehearsal->backup ? KD_BACKUP_ALWAYS : KD_BACKUP_NEVER,
	};
	struct kd_load_image *image;
	enum kd_status status = kd_load_prepare(&request, &image, err);

	if (status)
		return status;
	status = kd_load_commit(image, err);
	kd_load_image_free(image);
	return status;
}

static void read_rehearsal(struct kd_rehearsal *rehearsal)
{
	struct kd_err err;

	set_up();
	if (kd_rehearsal_read(KD_REHEARSAL_INSIDE, rehearsal, &err))
		answer_not_loaded(err.text);
}

void kd_rehearse_panic(void)
{
	struct kd_rehearsal rehearsal;
	struct kd_err err;
	int fd;

	read_rehearsal(&rehearsal);
	prepare_target(&rehearsal);
	if (load(&rehearsal, &err))
		answer_not_loaded(err.text);
	tell("{\"loaded\": true}");
	sync();
	fd = open("/proc/sysrq-trigger", O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, "c", 1) != 1)
		answer_not_loaded("the guest does not panic when it is asked to");
	for (;;)
		pause();
}

/* Runs a program of ours, its output into a file; false with a reason when it fails. */
static bool run(const char *words, const char *value, const char *output, struct kd_err *err)
{
	struct kd_child child = {.count = 0};
	bool over = false;
	enum kd_status status;

	kd_child_add_words(&child, words, value);
	status = kd_child_run(&child, output, RUN_LIMIT_S, "kdump", &over, err);
	kd_child_deinit(&child);
	return !status && over;
}

/* Takes what is on a raw target in, where there is room for it: into this guest's memory. */
static void collect(const struct kd_rehearsal *rehearsal)
{
	char path[PATH_MAX];

	if (find_target(rehearsal, path))
		run("/proc/self/exe collect --keep --no-journal --into " COLLECTED " --from %s",
		    path, SAID, NULL);
}

/* The folder where crashes are. */
static void reach_crashes(const struct kd_rehearsal *rehearsal, char place[PATH_MAX])
{
	if (rehearsal->type == KD_TARGET_RAW) {
		collect(rehearsal);
		snprintf(place, PATH_MAX, COLLECTED);
		return;
	}
	if (!mount_target(rehearsal, MS_RDONLY, rehearsal->subvolume))
		answer(json_pack("{s:[], s:b, s:s+}", "crashes", "verified", 0, "why",
				 "the stand-in cannot be mounted: ", strerror(errno)));
	snprintf(place, PATH_MAX, TARGET "/%s", rehearsal->path);
}

void kd_rehearse_look(void)
{
	struct kd_rehearsal rehearsal;
	struct kd_err err = {0};
	char place[PATH_MAX], *said = NULL;
	json_t *model = NULL, *crashes;
	const char *folder;
	size_t bytes = 0;
	bool verified;

	read_rehearsal(&rehearsal);
	reach_crashes(&rehearsal, place);
	run("/proc/self/exe list --json %s", place, LISTED, NULL);
	if (!kd_file_read(LISTED, SAID_BYTES, &said, &bytes, NULL))
		model = json_loadb(said, bytes, 0, NULL);
	free(said);
	crashes = json_object_get(model, "crashes");
	folder = json_string_value(json_object_get(json_array_get(crashes, 0), "path"));
	verified = folder && run(KD_REHEARSAL_READER " verify %s", folder, SAID, &err);
	answer(json_pack("{s:o, s:b, s:s}", "crashes",
			 crashes ? json_incref(crashes) : json_array(), "verified", (int)verified,
			 "why", err.text));
}
