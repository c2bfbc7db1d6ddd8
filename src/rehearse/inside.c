/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rehearse/inside.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/file.h"
#include "host/system.h"
#include "load/load.h"
#include "rehearse/rehearsal.h"

#define TARGET "/target"
#define FILLER TARGET "/rehearsal-filler"
#define LISTED "/tmp/list"
#define SAID   "/tmp/said"

enum { DISK_TRIES = 200, DISK_PAUSE_US = 100000, SAID_BYTES = 1 << 20, WHY_BYTES = 600 };

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

static bool mount_target(const struct kd_rehearsal *rehearsal, unsigned long flags)
{
	const char *disk = wait_for_disk();

	return disk && !mount(disk, TARGET, kd_target_type_name(rehearsal->type), flags, NULL);
}

/* Leaves as much free as the real target has. */
static void fill_target(const struct kd_rehearsal *rehearsal)
{
	struct statvfs info;
	uint64_t free_bytes;
	int fd;

	if (rehearsal->read_only || !mount_target(rehearsal, 0))
		return;
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
	fill_target(&rehearsal);
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

/* Runs a program of ours with three words at most, its output into a file; its exit status, or -1. */
static int run(const char *program, const char *output, const char *first, const char *second,
	       const char *third)
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		int fd = open(output, O_WRONLY | O_CREAT | O_TRUNC, 0600);

		dup2(fd, STDOUT_FILENO);
		dup2(fd, STDERR_FILENO);
		execl(program, "kdump", first, second, third, NULL);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0 || !WIFEXITED(status))
		return -1;
	return WEXITSTATUS(status);
}

void kd_rehearse_look(void)
{
	struct kd_rehearsal rehearsal;
	char place[PATH_MAX], why[WHY_BYTES] = "", *said = NULL;
	json_t *model = NULL, *crashes;
	const char *folder = NULL;
	size_t bytes = 0;
	bool verified = false;

	read_rehearsal(&rehearsal);
	if (!mount_target(&rehearsal, MS_RDONLY))
		answer(json_pack("{s:[], s:b, s:s+}", "crashes", "verified", 0, "why",
				 "the stand-in cannot be mounted: ", strerror(errno)));
	snprintf(place, sizeof(place), TARGET "/%s", rehearsal.path);
	run("/proc/self/exe", LISTED, "list", "--json", place);
	if (!kd_file_read(LISTED, SAID_BYTES, &said, &bytes, NULL))
		model = json_loadb(said, bytes, 0, NULL);
	free(said);
	crashes = json_object_get(model, "crashes");
	folder = json_string_value(json_object_get(json_array_get(crashes, 0), "path"));
	if (folder) {
		verified = !run(KD_REHEARSAL_READER, SAID, "verify", folder, NULL);
		if (!verified && !kd_file_read(SAID, SAID_BYTES, &said, &bytes, NULL)) {
			snprintf(why, sizeof(why), "%s", said);
			free(said);
		}
	}
	answer(json_pack("{s:o, s:b, s:s}", "crashes",
			 crashes ? json_incref(crashes) : json_array(), "verified", (int)verified,
			 "why", why));
}
