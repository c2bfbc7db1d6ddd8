/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A program's table of commands, which ends with NULL. */
#ifndef KD_CMD_COMMAND_TABLE_H
#define KD_CMD_COMMAND_TABLE_H

#include <stdio.h>

#include "cmd/command.h"

/* What `kdump` calls kdump-machine with to have its commands in a list of all. */
#define KD_LIST_COMMANDS "--list-commands"

/* NULL: no such command. */
const struct kd_command *kd_command_find(const struct kd_command *const *commands,
					 const char *name);

/* argv[0] is the command's name; returns an exit status. */
int kd_command_run(const struct kd_command *command, int argc, char **argv);

/* A line each: name and summary. */
void kd_commands_list(const struct kd_command *const *commands, FILE *stream);

#endif
