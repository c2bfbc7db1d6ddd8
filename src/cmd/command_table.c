/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/command_table.h"

#include <getopt.h>
#include <string.h>

const struct kd_command *kd_command_find(const struct kd_command *const *commands, const char *name)
{
	while (*commands && strcmp((*commands)->name, name) != 0)
		commands++;
	return *commands;
}

int kd_command_run(const struct kd_command *command, int argc, char **argv)
{
	if (argc > 1 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")))
		return kd_command_help(command);
	/* commands say themselves what is wrong with an option */
	opterr = 0;
	return command->run(command, argc, argv);
}

void kd_commands_list(const struct kd_command *const *commands, FILE *stream)
{
	for (; *commands; commands++)
		fprintf(stream, "  %-10s %s\n", (*commands)->name, (*commands)->summary);
}
