/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "capture/final.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/reboot.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "capture/console.h"

enum { RETRY_S = 5 };

static const char shell[] = "/bin/sh";

static const int reboot_commands[] = {
	[KD_FINAL_REBOOT] = RB_AUTOBOOT,
	[KD_FINAL_POWEROFF] = RB_POWER_OFF,
	[KD_FINAL_HALT] = RB_HALT_SYSTEM,
	[KD_FINAL_SHELL] = RB_AUTOBOOT, /* when the shell ends */
};

/* A shell on the console until it ends; nothing where the image has none. */
static void run_shell(struct kd_capture *capture)
{
	pid_t child;

	if (access(shell, X_OK)) {
		kd_say(capture, "no %s in this image", shell);
		return;
	}
	child = fork();
	if (!child) {
		int console;

		setsid();
		console = open("/dev/console", O_RDWR);
		for (int fd = 0; console >= 0 && fd < 3; fd++)
			dup2(console, fd);
		ioctl(0, TIOCSCTTY, 1);
		execl(shell, shell, (char *)NULL);
		_exit(127);
	}
	while (child > 0 && waitpid(child, NULL, 0) != child)
		;
}

void kd_final(struct kd_capture *capture, enum kd_final_action action)
{
	const struct timespec pause = {.tv_sec = RETRY_S};

	kd_say(capture, "final action: %s", kd_final_action_name(action));
	if (action == KD_FINAL_SHELL)
		run_shell(capture);
	reboot(reboot_commands[action]);
	for (;;) {
		/* the kernel's own emergency path, which asks nobody */
		int trigger = open("/proc/sysrq-trigger", O_WRONLY | O_CLOEXEC);

		nanosleep(&pause, NULL);
		if (action == KD_FINAL_HALT)
			continue;
		if (trigger >= 0) {
			if (write(trigger, action == KD_FINAL_POWEROFF ? "o" : "b", 1) < 0)
				reboot(RB_AUTOBOOT);
			close(trigger);
		}
		reboot(RB_AUTOBOOT);
	}
}
