/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kdump mounts: what was mounted where. */
#include <stdio.h>
#include <string.h>

#include "cmd/dump_input.h"
#include "inspect/vfs.h"

static bool print_mount(void *opaque, const struct kd_mount *mount)
{
	json_t *list = opaque;

	if (list)
		kd_json_append(list,
			       json_pack("{s:o, s:o, s:o, s:b, s:o}", "device",
					 kd_json_text(mount->device, strlen(mount->device)), "path",
					 kd_json_text(mount->path, strlen(mount->path)), "type",
					 kd_json_string(mount->type), "read_only", mount->read_only,
					 "mount", kd_json_address(mount->vaddr)));
	else
		printf("%s %s %s %s\n", mount->device, mount->path, mount->type,
		       mount->read_only ? "ro" : "rw");
	return true;
}

static int show(struct kd_input *input, bool json)
{
	json_t *list = json ? json_array() : NULL;
	struct kd_err err = {0};
	enum kd_status status = kd_mounts_each(input->system, print_mount, list, &err);
	int printed = json ? kd_json_print(list) : kd_output_end();

	return status ? kd_command_failed(&err) : printed;
}

static int run_mounts(const struct kd_command *self, int argc, char **argv)
{
	return kd_input_run(self, argc, argv, kd_input_open_system, show);
}

const struct kd_command kd_cmd_mounts = {
	.name = "mounts",
	.synopsis = "[--json] [--raw-input[=BASE]] DUMP...",
	.summary = "list what was mounted where",
	.run = run_mounts,
	.options = "  --json              print JSON, a list of mounts\n" KD_INPUT_HELP,
};
