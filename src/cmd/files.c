/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kdump files: the files that a process had open. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cmd/pid_input.h"
#include "inspect/vfs.h"

static bool print_file(void *opaque, const struct kd_open_file *file)
{
	json_t *list = opaque;

	if (list)
		kd_json_append(list, json_pack("{s:i, s:o, s:I, s:o, s:o}", "fd", (int)file->number,
					       "path", kd_json_text(file->path, strlen(file->path)),
					       "position", (json_int_t)file->position, "flags",
					       kd_json_address(file->flags), "file",
					       kd_json_address(file->vaddr)));
	else
		printf("%5u  %016" PRIx64 " %10" PRIu64 " 0%-8" PRIo64 " %s\n", file->number,
		       file->vaddr, file->position, file->flags, file->path);
	return true;
}

static int show(struct kd_input *input, const struct kd_task *task, bool json)
{
	json_t *list = json ? json_array() : NULL;
	struct kd_err err = {0};
	enum kd_status status;
	int printed;

	if (!json)
		printf("%5s  %-16s %10s %-9s %s\n", "FD", "FILE", "POSITION", "FLAGS", "PATH");
	status = kd_files_each(input->system, task, print_file, list, &err);
	printed = json ? kd_json_print(list) : kd_output_end();
	return status ? kd_command_failed(&err) : printed;
}

static int run_files(const struct kd_command *self, int argc, char **argv)
{
	return kd_pid_run(self, argc, argv, true, show);
}

const struct kd_command kd_cmd_files = {
	.name = "files",
	.synopsis = "[--json] [--raw-input[=BASE]] -p PID DUMP...",
	.summary = "list the files that a process had open",
	.run = run_files,
	.options = "  -p, --pid PID  of that process\n"
		   "      --json     print JSON, a list of files\n" KD_INPUT_HELP,
};
