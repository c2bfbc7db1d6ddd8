/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>

#include "cmd/switching.h"

int kd_cmd_unload_now(const char *what, bool verbose)
{
	struct kd_log log = kd_command_log(verbose);
	struct kd_switch machine = {&kd_system_paths, &kd_load_kernel_driver, &log};
	struct kd_switch_result result = {0};
	struct kd_err err = {0};

	if (!kd_cmd_is_root(what))
		return KD_EXIT_FAILED;
	if (kd_switch_unload(&machine, &result, &err)) {
		kd_context(&err, err.status, "%s", what);
		return kd_command_failed(&err);
	}
	puts(result.changed ? "unloaded: a panic would leave no dump" : "nothing was loaded");
	return KD_EXIT_DONE;
}

static int run(const struct kd_command *self, int argc, char **argv)
{
	int exit_status;

	if (!kd_cmd_no_options(self, argc, argv, &exit_status))
		return exit_status;
	return kd_cmd_unload_now(self->name, false);
}

const struct kd_command kd_cmd_unload = {
	.name = "unload",
	.synopsis = "",
	.summary = "take the crash kernel out of memory and forget it",
	.run = run,
	.options = "  -h, --help   print this\n",
};
