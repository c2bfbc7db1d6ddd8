/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the commands that look at one process of a dump share. */
#ifndef KD_CMD_PID_INPUT_H
#define KD_CMD_PID_INPUT_H

#include "cmd/dump_input.h"
#include "inspect/tasks.h"

/*
 * A whole command that takes [--json] [--raw-input[=BASE]] [-p PID] DUMP: reads the command line, opens, finds the process,
 * shows, closes. Without -p, where it is not needed, `task` is NULL.
 */
typedef int kd_pid_show(struct kd_input *input, const struct kd_task *task, bool json);
int kd_pid_run(const struct kd_command *self, int argc, char **argv, bool is_needed,
	       kd_pid_show *show);

#endif
