/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kdump mounts: what was mounted where. */
#include <stdio.h>
#include <string.h>

#include "cmd/pid_input.h"
#include "inspect/vfs.h"

static json_t *options_json(const struct kd_mount_options *options)
{
	json_t *list = json_array();

	kd_json_append(list, json_string(options->read_only ? "ro" : "rw"));
	for (size_t i = 0; i < options->count; i++)
		kd_json_append(list, json_string(options->names[i]));
	return list;
}

static void print_options(const struct kd_mount_options *options)
{
	for (size_t i = 0; i < options->count; i++)
		printf(",%s", options->names[i]);
}

static bool print_mount(void *opaque, const struct kd_mount *mount)
{
	bool read_only = mount->own.read_only || mount->of_super.read_only;
	json_t *list = opaque;

	if (list) {
		kd_json_append(list,
			       json_pack("{s:o, s:o, s:o, s:b, s:o, s:o, s:o}", "device",
					 kd_json_text(mount->device, strlen(mount->device)), "path",
					 kd_json_text(mount->path, strlen(mount->path)), "type",
					 kd_json_string(mount->type), "read_only", read_only,
					 "options", options_json(&mount->own),
					 "file_system_options", options_json(&mount->of_super),
					 "mount", kd_json_address(mount->vaddr)));
		return true;
	}
	printf("%s %s %s %s", mount->device, mount->path, mount->type, read_only ? "ro" : "rw");
	print_options(&mount->of_super);
	print_options(&mount->own);
	putchar('\n');
	return true;
}

static int show(struct kd_input *input, const struct kd_task *task, bool json)
{
	json_t *list = json ? json_array() : NULL;
	struct kd_err err = {0};
	enum kd_status status = kd_mounts_each(input->system, task, print_mount, list, &err);
	int printed = json ? kd_json_print(list) : kd_output_end();

	return status ? kd_command_failed(&err) : printed;
}

static int run_mounts(const struct kd_command *self, int argc, char **argv)
{
	return kd_pid_run(self, argc, argv, false, show);
}

const struct kd_command kd_cmd_mounts = {
	.name = "mounts",
	.synopsis = "[--json] [--raw-input[=BASE]] [-p PID] DUMP...",
	.summary = "list what was mounted where",
	.run = run_mounts,
	.options = "  -p, --pid PID  as that process saw it; without, as the first did\n"
		   "      --json     print JSON, a list of mounts\n" KD_INPUT_HELP,
};
