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
	if (kd_switch_disarm(&machine, &result, &err)) {
		kd_context(&err, err.status, "%s", self->name);
		return kd_command_failed(&err);
	}
	puts(result.changed ? "disarmed: a panic would leave no dump until `kdump arm`"
			    : "disarmed already");
	return KD_EXIT_DONE;
}

const struct kd_command kd_cmd_disarm = {
	.name = "disarm",
	.synopsis = "",
	.summary = "unload the crash kernel, remembering it for arm",
	.run = run,
	.options = "  -h, --help   print this\n",
};
