/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/root.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/command.h"
#include "host/system.h"

enum kd_status kd_cmd_set_root(struct kd_cmd_root *self, const char *root, struct kd_err *err)
{
	const struct kd_paths *at = &kd_system_paths;

	self->paths = *at;
	if (!root)
		return KD_OK;
	if (!realpath(root, self->top))
		return kd_fail_errno(err, errno, "%s", root);
	if (!strcmp(self->top, "/"))
		self->top[0] = '\0';
	self->paths = (struct kd_paths){
		.root = self->top,
		.proc = kd_path(self->proc, self->top, "%s", at->proc + 1),
		.sys = kd_path(self->sys, self->top, "%s", at->sys + 1),
		.dev = kd_path(self->dev, self->top, "%s", at->dev + 1),
		.boot = kd_path(self->boot, self->top, "%s", at->boot + 1),
		.modules = kd_path(self->modules, self->top, "%s", at->modules + 1),
		.state = kd_path(self->state, self->top, "%s", at->state + 1),
		.config = kd_path(self->config, self->top, "%s", at->config + 1),
	};
	return KD_OK;
}

static int take_options(const struct kd_command *self, int argc, char **argv,
			struct kd_cmd_view *view)
{
	static const struct option options[] = {
		{"json", no_argument, NULL, 'j'},
		{"root", required_argument, NULL, 'r'},
		{"help", no_argument, NULL, 'h'},
		{0},
	};
	int option;

	optind = 1;
	while ((option = getopt_long(argc, argv, ":h", options, NULL)) != -1) {
		if (option == 'h')
			return kd_command_help(self);
		if (option == ':')
			return kd_command_usage(self, "%s: needs a value", argv[optind - 1]);
		if (option == '?')
			return kd_command_usage(self, "%s: no such option", argv[optind - 1]);
		view->json |= option == 'j';
		if (option == 'r')
			view->root = optarg;
	}
	return -1;
}

bool kd_cmd_take_view(const struct kd_command *self, int argc, char **argv, bool takes_word,
		      struct kd_cmd_view *view, int *exit_status)
{
	int over;

	*view = (struct kd_cmd_view){.root = NULL};
	over = take_options(self, argc, argv, view);
	if (over < 0 && takes_word && optind < argc)
		view->word = argv[optind++];
	if (over < 0 && optind < argc)
		over = kd_command_usage(self, "%s: not understood", argv[optind]);
	*exit_status = over;
	return over < 0;
}
