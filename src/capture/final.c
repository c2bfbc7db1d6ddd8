/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "capture/final.h"

#include <fcntl.h>
#include <sys/reboot.h>
#include <time.h>
#include <unistd.h>

#include "capture/console.h"
#include "capture/rescue.h"

enum { RETRY_S = 5 };

static const int reboot_commands[] = {
	[KD_FINAL_REBOOT] = RB_AUTOBOOT,
	[KD_FINAL_POWEROFF] = RB_POWER_OFF,
	[KD_FINAL_HALT] = RB_HALT_SYSTEM,
	[KD_FINAL_SHELL] = RB_AUTOBOOT, /* when the shell ends */
};

void kd_final(struct kd_capture *capture, enum kd_final_action action)
{
	const struct timespec pause = {.tv_sec = RETRY_S};

	kd_say(capture, "final action: %s", kd_final_action_name(action));
	if (action == KD_FINAL_SHELL)
		kd_rescue_run(capture);
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
