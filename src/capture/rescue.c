/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is done for the shell is done only when there is one: modules, the mounted views and the applets of busybox
 * take memory, of which a second kernel has little, and the dump comes first.
 *
 * The shell is on a terminal of its own, not on /dev/console, which cannot be the controlling terminal of a session
 * (tty_open() of drivers/tty/tty_io.c): without one there are no Ctrl-C and no jobs.
 */
#include "capture/rescue.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "capture/console.h"
#include "capture/supervise.h"
#include "capture/target.h"
#include "config/image.h"
#include "host/file.h"
#include "host/system.h"

enum { CONSOLES = 8, VIEW_CACHE_MIB = 4 };

#define BUSYBOX "/bin/busybox"
#define VIEWER  "/bin/kdump-view"
#define VIEWS   "/dump"
#define OLDMEM  "/dev/oldmem"

#define SECOND_NS UINT64_C(1000000000)
#define MS_NS     UINT64_C(1000000)

static const char help[] =
	"\n"
	"This is the second kernel. The memory of the one that died:\n"
	"  /dev/oldmem       by physical address: dd if=/dev/oldmem bs=4096 skip=N count=M\n"
	"  /dump/vmcore      an ELF core of all of it; vmcore-kern: the kernel's pages only\n"
	"  /dump             dmesg, report.txt, cpu/, task/, module/\n"
	"Crashes go below /target. `exit` ends this, and the machine goes on.\n\n";

static const struct {
	const char *name, *value;
} environment[] = {{"PATH", "/bin"}, {"HOME", "/"}, {"TERM", "linux"}, {"PS1", "rescue# "}};

/* The terminals behind /dev/console, the preferred one last (Documentation/ABI/testing/sysfs-tty). */
static size_t list_consoles(char names[CONSOLES][KD_TTY_BYTES])
{
	KD_CLEANUP_FREE char *text = NULL;
	size_t bytes, count = 0;
	char *rest;

	if (kd_file_read("/sys/class/tty/console/active", 4096, &text, &bytes, NULL))
		return 0;
	for (char *word = strtok_r(text, " \n", &rest); word && count < CONSOLES;
	     word = strtok_r(NULL, " \n", &rest))
		snprintf(names[count++], KD_TTY_BYTES, "/dev/%.*s", KD_TTY_BYTES - 6, word);
	return count;
}

/* True when a line came; the terminal gives none before it has one whole. */
static bool has_line(struct pollfd *console)
{
	char line[256];

	if (console->revents & POLLIN && read(console->fd, line, sizeof(line)) > 0)
		return true;
	/* one that hung up would be ready for ever */
	console->fd = -1;
	return false;
}

static bool wait_for_line(struct kd_capture *capture, struct pollfd consoles[], size_t count,
			  char names[CONSOLES][KD_TTY_BYTES])
{
	uint64_t end = kd_monotonic_ns() + capture->rescue_timeout_s * SECOND_NS;

	for (uint64_t now = kd_monotonic_ns(); now < end; now = kd_monotonic_ns()) {
		if (poll(consoles, count, (int)((end - now) / MS_NS + 1)) <= 0)
			continue;
		for (size_t i = 0; i < count; i++)
			if (consoles[i].fd >= 0 && consoles[i].revents && has_line(&consoles[i])) {
				memcpy(capture->tty, names[i], KD_TTY_BYTES);
				return true;
			}
	}
	return false;
}

bool kd_rescue_ask(struct kd_capture *capture)
{
	char names[CONSOLES][KD_TTY_BYTES];
	struct pollfd consoles[CONSOLES];
	int fds[CONSOLES];
	size_t count;
	bool asked_for;

	if (!capture->rescue_timeout_s)
		return false;
	count = list_consoles(names);
	kd_say(capture, "Enter within %u s brings a rescue shell", capture->rescue_timeout_s);
	for (size_t i = 0; i < count; i++) {
		fds[i] = open(names[i], O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
		consoles[i] = (struct pollfd){.fd = fds[i], .events = POLLIN};
		/* the preferred one has it already */
		if (fds[i] >= 0 && i + 1 < count)
			dprintf(fds[i], "kdump: Enter within %u s brings a rescue shell\r\n",
				capture->rescue_timeout_s);
	}
	asked_for = wait_for_line(capture, consoles, count, names);
	for (size_t i = 0; i < count; i++)
		if (fds[i] >= 0)
			close(fds[i]);
	return asked_for;
}

static enum kd_status run_program(char *const argv[], struct kd_err *err)
{
	int error, ended;
	pid_t child;

	error = posix_spawn(&child, argv[0], NULL, NULL, argv, environ);
	if (error)
		return kd_fail_errno(err, error, "%s", argv[0]);
	while (waitpid(child, &ended, 0) < 0)
		if (errno != EINTR)
			return kd_fail_errno(err, errno, "%s", argv[0]);
	return ended ? kd_fail(err, KD_SYSTEM, "%s: failed", argv[0]) : KD_OK;
}

/* What was started as PID 1's child would otherwise be spared like it when memory is short. */
static void allow_to_die(void)
{
	KD_CLEANUP_CLOSE int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

	if (fd >= 0 && write(fd, "0", 1) < 0)
		return;
}

static enum kd_status mount_views(struct kd_capture *capture, struct kd_err *err)
{
	char program[] = VIEWER, source[PATH_MAX], folder[] = VIEWS, cache[32];
	char *const argv[] = {program, cache, source, folder, NULL};
	enum kd_status status;

	allow_to_die();
	status = kd_capture_load_list(capture, KD_IMAGE_RESCUE_MODULES, err);
	if (status)
		return status;
	snprintf(cache, sizeof(cache), "--cache=%dM", VIEW_CACHE_MIB);
	snprintf(source, sizeof(source), "%s", capture->vmcore);
	if (mkdir(VIEWS, 0700) && errno != EEXIST)
		return kd_fail_errno(err, errno, VIEWS);
	status = run_program(argv, err);
	if (!status && symlink(VIEWS "/oldmem", OLDMEM) && errno != EEXIST)
		return kd_fail_errno(err, errno, OLDMEM);
	return status;
}

static enum kd_status install_applets(struct kd_capture *capture, struct kd_err *err)
{
	char program[] = BUSYBOX, install[] = "--install", symbolic[] = "-s", folder[] = "/bin";
	char *const argv[] = {program, install, symbolic, folder, NULL};

	return run_program(argv, err);
}

static unsigned int step_limit(const struct kd_capture *capture)
{
	return capture->step_timeout_s;
}

static unsigned int target_limit(const struct kd_capture *capture)
{
	return capture->device_timeout_s + capture->step_timeout_s;
}

static void __attribute__((noreturn)) be_shell(const char *tty)
{
	int fd;

	allow_to_die();
	setsid();
	fd = open(tty, O_RDWR | O_NOCTTY);
	if (fd < 0)
		fd = open("/dev/console", O_RDWR | O_NOCTTY);
	if (fd >= 0) {
		ioctl(fd, TIOCSCTTY, 1);
		for (int to = 0; to < 3; to++)
			dup2(fd, to);
		if (fd > 2)
			close(fd);
	}
	if (write(STDOUT_FILENO, help, sizeof(help) - 1) > 0)
		execl(BUSYBOX, "sh", (char *)NULL);
	_exit(127);
}

/* Of a program that is PID 1, orphans are children, too. */
static void wait_for(pid_t child)
{
	pid_t ended;

	do
		ended = waitpid(-1, NULL, 0);
	while (ended != child && (ended > 0 || errno == EINTR));
}

void kd_rescue_run(struct kd_capture *capture)
{
	static const struct kd_step applets = {"applets", install_applets, step_limit};
	static const struct kd_step views = {"views", mount_views, step_limit};
	static const struct kd_step target = {"target", kd_capture_reach_target, target_limit};
	static const struct kd_step leave = {"unmounting", kd_capture_leave_target, step_limit};
	char names[CONSOLES][KD_TTY_BYTES];
	size_t count = list_consoles(names);
	pid_t child;

	if (access(BUSYBOX, X_OK)) {
		kd_say(capture,
		       "no rescue shell in this image: see rescue_timeout in kdump.conf(5)");
		return;
	}
	for (size_t i = 0; i < sizeof(environment) / sizeof(*environment); i++)
		setenv(environment[i].name, environment[i].value, 1);
	if (!*capture->tty && count)
		memcpy(capture->tty, names[count - 1], KD_TTY_BYTES);
	kd_supervise(capture, &applets);
	kd_supervise(capture, &views);
	if (*capture->device)
		kd_supervise(capture, &target);
	kd_say(capture, "rescue shell on %s", capture->tty);
	child = fork();
	if (!child)
		be_shell(*capture->tty ? capture->tty : "/dev/console");
	if (child > 0)
		wait_for(child);
	kd_say(capture, "the rescue shell has ended");
	umount2(VIEWS, MNT_DETACH);
	kd_supervise(capture, &leave);
}
