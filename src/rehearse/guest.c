/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rehearse/guest.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "config/image.h"
#include "host/file.h"
#include "host/system.h"
#include "rehearse/controllers.h"

/* What a small guest dumps is less than this; more free space proves nothing more. */
#define FREE_MOST (UINT64_C(4) << 30)
/* A journal and tables, and the least that the makers of file systems take. */
#define DISK_MORE (UINT64_C(512) << 20)

enum {
	GUEST_MIB = 640, /* beside the reservation */
	GUEST_MIB_LEAST = 1024,
	MIB = 1 << 20,
	WORDS = 64,
	COMMAND_NOT_FOUND = 127,
};

/* A command that is put together from words and formats. */
struct command {
	char *words[WORDS];
	size_t count;
	bool failed;
};

__attribute__((format(printf, 2, 3))) static void add(struct command *command, const char *format,
						      ...)
{
	va_list args;

	va_start(args, format);
	if (command->count + 1 >= WORDS ||
	    vasprintf(&command->words[command->count], format, args) < 0)
		command->failed = true;
	else
		command->words[++command->count] = NULL;
	va_end(args);
}

static void deinit(struct command *command)
{
	for (size_t i = 0; i < command->count; i++)
		free(command->words[i]);
}

/* Starts it, with what it prints in the file `said`; it dies with this process. */
static pid_t start(const struct command *command, const char *said)
{
	pid_t pid = fork();

	if (!pid) {
		int fd = open(said, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
		int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(nothing, STDIN_FILENO);
		dup2(fd, STDOUT_FILENO);
		dup2(fd, STDERR_FILENO);
		execvp(command->words[0], command->words);
		_exit(COMMAND_NOT_FOUND);
	}
	return pid;
}

/* Waits for its end, so many seconds at most; false when it had to be killed. */
static bool wait_for(pid_t pid, unsigned int seconds, int *status)
{
	struct pollfd end = {.fd = (int)syscall(SYS_pidfd_open, pid, 0), .events = POLLIN};
	bool over = end.fd < 0 || poll(&end, 1, (int)seconds * 1000) == 1;

	if (!over)
		kill(pid, SIGKILL);
	if (end.fd >= 0)
		close(end.fd);
	waitpid(pid, status, 0);
	return over;
}

/* Runs it to its end. KD_NOTFOUND where it is not installed; `package` has it. */
static enum kd_status run_command(const struct command *command, const char *said,
				  unsigned int seconds, const char *package, bool *over,
				  struct kd_err *err)
{
	KD_CLEANUP_FREE char *text = NULL;
	size_t bytes;
	int status;
	pid_t pid;

	if (command->failed)
		return kd_fail(err, KD_NOMEM, "%s: no memory", command->words[0]);
	pid = start(command, said);
	if (pid < 0)
		return kd_fail_errno(err, errno, "%s", command->words[0]);
	*over = wait_for(pid, seconds, &status);
	if (*over && WIFEXITED(status) && WEXITSTATUS(status) == COMMAND_NOT_FOUND)
		return kd_fail(err, KD_NOTFOUND, "%s is not installed: the package %s has it",
			       command->words[0], package);
	if (!*over || (WIFEXITED(status) && !WEXITSTATUS(status)))
		return KD_OK;
	if (kd_file_read(said, KD_REHEARSAL_TEXT, &text, &bytes, NULL))
		text = NULL;
	return kd_fail(err, KD_SYSTEM, "%s: %s", command->words[0],
		       text && *text ? text : "it failed without a word");
}

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

static void add_words(struct command *command, const char *words, const char *identity)
{
	char word[64];
	int length;

	for (; sscanf(words, " %63s%n", word, &length) == 1; words += length) {
		char *place = strstr(word, "%s");

		if (place)
			add(command, "%.*s%s", (int)(place - word), word, identity);
		else
			add(command, "%s", word);
	}
}

/* mkfs.vfat wants "ABCD-1234" without the dash. */
static void identity_of(const struct kd_rehearsal *rehearsal, char identity[64])
{
	const char *from = strchr(rehearsal->device, '=');
	size_t length = 0;

	for (from = from ? from + 1 : ""; *from && length + 1 < 64; from++)
		if (*from != '-' || rehearsal->type != KD_TARGET_VFAT)
			identity[length++] = *from;
	identity[length] = '\0';
}

enum kd_status kd_rehearse_make_disk(const struct kd_rehearse_run *run,
				     const struct kd_rehearsal *rehearsal, struct kd_err *err)
{
	uint64_t bytes = rehearsal->free_bytes < FREE_MOST ? rehearsal->free_bytes : FREE_MOST;
	struct command command = {.count = 0};
	char disk[PATH_MAX], said[PATH_MAX], identity[64];
	enum kd_status status = KD_OK;
	bool over = true;
	size_t i = 0;
	int fd = open(kd_path(disk, run->work, KD_REHEARSAL_DISK), O_RDWR | O_CREAT | O_CLOEXEC,
		      0600);

	/* file systems take some percent for themselves */
	if (fd < 0 || ftruncate(fd, (off_t)(bytes + bytes / 16 + DISK_MORE)))
		status = kd_fail_errno(err, errno, "%s", disk);
	if (fd >= 0)
		close(fd);
	while (i < sizeof(makers) / sizeof(*makers) && makers[i].type != rehearsal->type)
		i++;
	if (!status && i == sizeof(makers) / sizeof(*makers))
		status = kd_fail(err, KD_UNSUPPORTED, "no stand-in of type %s",
				 kd_target_type_name(rehearsal->type));
	if (status)
		return status;
	identity_of(rehearsal, identity);
	add_words(&command, makers[i].words, identity);
	add(&command, "%s", disk);
	status = run_command(&command, kd_path(said, run->work, "mkfs.said"), run->time_limit_s,
			     makers[i].package, &over, err);
	deinit(&command);
	return status;
}

static void add_disk(struct command *command, const struct kd_rehearse_run *run,
		     const struct kd_rehearsal *rehearsal)
{
	const struct kd_controller *controller = kd_controller_find(rehearsal->controller);

	controller = controller ? controller : &kd_controller_virtio;
	add(command, "-drive");
	add(command, "if=none,id=target,format=raw,cache=unsafe,file=%s/%s%s", run->work,
	    KD_REHEARSAL_DISK, rehearsal->read_only ? ",readonly=on" : "");
	if (controller->bus) {
		add(command, "-device");
		add(command, "%s", controller->bus);
	}
	add(command, "-device");
	add(command, "%s,drive=target", controller->disk);
}

static void add_port(struct command *command, const struct kd_rehearse_run *run, const char *role,
		     const char *what)
{
	add(command, "-serial");
	add(command, "file:%s/%s.%s", run->work, role, what);
}

enum kd_status kd_rehearse_boot(const struct kd_rehearse_run *run,
				const struct kd_rehearsal *rehearsal, const char *role, bool *over,
				struct kd_err *err)
{
	uint64_t reserved_mib = (rehearsal->reserved_bytes + MIB - 1) / MIB;
	uint64_t guest_mib = reserved_mib + GUEST_MIB;
	bool native = !run->emulate && !access("/dev/kvm", R_OK | W_OK);
	struct command command = {.count = 0};
	char said[PATH_MAX];
	enum kd_status status;

	add(&command, "qemu-system-x86_64");
	add_words(&command,
		  "-nodefaults -no-user-config -display none -no-reboot -machine pc -smp 2", "");
	/* what QEMU 7.2 emulates of cmpxchg16b kills kernels from 6.12 on */
	add_words(&command,
		  native ? "-accel kvm -cpu host" : "-accel tcg,thread=multi -cpu max,cx16=off",
		  "");
	add(&command, "-m");
	add(&command, "%lluM",
	    (unsigned long long)(guest_mib > GUEST_MIB_LEAST ? guest_mib : GUEST_MIB_LEAST));
	add_port(&command, run, role, "console");
	add_port(&command, run, role, "answers");
	add_disk(&command, run, rehearsal);
	add(&command, "-kernel");
	add(&command, "%s/%s", run->folder, KD_REHEARSAL_KERNEL);
	add(&command, "-initrd");
	add(&command, "%s/%s", run->folder, KD_REHEARSAL_INITRD);
	add(&command, "-append");
	add(&command,
	    KD_REHEARSAL_PARAMETERS
	    " crashkernel=%lluM panic=1 rdinit=%s LD_LIBRARY_PATH=" KD_LIBRARY_FOLDER
	    " -- rehearse --inside %s",
	    (unsigned long long)reserved_mib, rehearsal->program, role);
	status = run_command(&command, kd_path(said, run->work, "%s.qemu", role), run->time_limit_s,
			     "qemu-system-x86", over, err);
	deinit(&command);
	return status;
}
