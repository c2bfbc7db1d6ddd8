/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/root.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

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
