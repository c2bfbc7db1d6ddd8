/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kdump-machine: the commands of `kdump` that are about this machine and its crashes; `kdump` calls it. */
#include <stdio.h>
#include <string.h>

#include "cmd/command_table.h"

/* Every command, in the order in which a person meets them, one a line. */
/* clang-format off */
static const struct kd_command *const commands[] = {
	&kd_cmd_setup,
	&kd_cmd_initramfs,
	&kd_cmd_load,
	&kd_cmd_unload,
	&kd_cmd_arm,
	&kd_cmd_disarm,
	&kd_cmd_status,
	&kd_cmd_refresh,
	&kd_cmd_estimate,
	&kd_cmd_doctor,
	&kd_cmd_rehearse,
	&kd_cmd_test,
	&kd_cmd_collect,
	&kd_cmd_list,
	&kd_cmd_prune,
	NULL,
};
/* clang-format on */

int main(int argc, char **argv)
{
	const struct kd_command *command = argc > 1 ? kd_command_find(commands, argv[1]) : NULL;

	if (command)
		return kd_command_run(command, argc - 1, argv + 1);
	if (argc > 1 && !strcmp(argv[1], KD_LIST_COMMANDS)) {
		kd_commands_list(commands, stdout);
		return KD_EXIT_DONE;
	}
	fprintf(stderr, "kdump: %s: no such command\nkdump: hint: `kdump --help` lists them\n",
		argc > 1 ? argv[1] : "");
	return KD_EXIT_USAGE;
}
