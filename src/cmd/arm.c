/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>

#include "cmd/switching.h"

static int run(const struct kd_command *self, int argc, char **argv)
{
	struct kd_log log = kd_command_log(false);
	struct kd_switch machine = {&kd_system_paths, &kd_load_kernel_driver, &log};
	struct kd_switch_result result = {0};
	struct kd_err err = {0};
	int exit_status;

	if (!kd_cmd_no_options(self, argc, argv, &exit_status))
		return exit_status;
	if (!kd_cmd_is_root(self->name))
		return KD_EXIT_FAILED;
	if (kd_switch_arm(&machine, &result, &err)) {
		kd_context(&err, err.status, "%s", self->name);
		return kd_command_failed(&err);
	}
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
