/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>

#include "cmd/switching.h"

static int run(const struct kd_command *self, int argc, char **argv)
{
	struct kd_switch_result result;
	int exit_status;

	if (!kd_cmd_no_options(self, argc, argv, &exit_status))
		return exit_status;
	if (!kd_cmd_switch(self->name, false, kd_switch_arm, &result))
		return KD_EXIT_FAILED;
	kd_cmd_say_loaded(result.changed ? "armed:" : "armed already:", &result);
	kd_switch_result_deinit(&result);
	return KD_EXIT_DONE;
}

const struct kd_command kd_cmd_arm = {
	.name = "arm",
	.synopsis = "",
	.summary = "load again what was loaded last, after a reboot or disarm",
	.run = run,
	.options = "  -h, --help   print this\n",
};
