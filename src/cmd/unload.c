/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>

#include "cmd/switching.h"

int kd_cmd_unload_now(const char *what, bool verbose)
{
	struct kd_switch_result result;

	if (!kd_cmd_switch(what, verbose, kd_switch_unload, &result))
		return KD_EXIT_FAILED;
	puts(result.changed ? "unloaded: a panic would leave no dump" : "nothing was loaded");
	kd_switch_result_deinit(&result);
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
