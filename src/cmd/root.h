/* SPDX-License-Identifier: GPL-2.0-or-later */
/* --root DIR: another system's tree, mounted or copied below DIR. */
#ifndef KD_CMD_ROOT_H
#define KD_CMD_ROOT_H

#include <limits.h>
#include <stdbool.h>

#include "base/err.h"
#include "host/paths.h"

/* The paths and what they point to; not to be copied. */
struct kd_cmd_root {
	struct kd_paths paths;
	char top[PATH_MAX];
	char proc[PATH_MAX], sys[PATH_MAX], dev[PATH_MAX], boot[PATH_MAX], modules[PATH_MAX],
		state[PATH_MAX], config[PATH_MAX];
};

/* Points every path below root; NULL: this system's. KD_NOTFOUND, KD_SYSTEM. */
enum kd_status kd_cmd_set_root(struct kd_cmd_root *self, const char *root, struct kd_err *err);

/* What a command takes that has no more than [--json] [--root DIR] and perhaps a word. */
struct kd_cmd_view {
	bool json;
	const char *root, *word; /* NULL: not given */
};

struct kd_command;
/* False when it is over: *exit_status is then what run() returns. */
bool kd_cmd_take_view(const struct kd_command *self, int argc, char **argv, bool takes_word,
		      struct kd_cmd_view *view, int *exit_status);

#endif
