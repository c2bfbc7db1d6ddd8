/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kdump files: the files that a process had open. */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cmd/dump_input.h"
#include "cmd/place.h"
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

static int show(struct kd_input *input, int32_t pid, bool json)
{
	json_t *list = json ? json_array() : NULL;
	const struct kd_task *task;
	struct kd_tasks tasks;
	struct kd_err err = {0};
	enum kd_status status = kd_tasks_init(&tasks, input->system, &err);
	int printed = KD_EXIT_DONE;

	task = kd_task_of_pid(&tasks, pid);
	if (task)
		status = KD_OK; /* whatever became of the other tasks */
	else if (!status)
		status = kd_fail(&err, KD_NOTFOUND, "there is no process %d", pid);
	if (!status && !json)
		printf("%5s  %-16s %10s %-9s %s\n", "FD", "FILE", "POSITION", "FLAGS", "PATH");
	if (!status)
		status = kd_files_each(input->system, task, print_file, list, &err);
	kd_tasks_deinit(&tasks);
	if (json && task)
		printed = kd_json_print(list);
	else if (json)
		json_decref(list);
	else
		printed = kd_output_end();
	return status ? kd_command_failed(&err) : printed;
}

static int run_files(const struct kd_command *self, int argc, char **argv)
{
	static const struct option options[] = {{"pid", required_argument, NULL, 'p'},
						{"json", no_argument, NULL, 'j'},
						KD_INPUT_OPTION,
						{0}};
	struct kd_dump_options how = {0};
	struct kd_err err = {0};
	struct kd_input input;
	int option, exit_status;
	bool json = false;
	uint64_t pid = UINT64_MAX;

	while ((option = getopt_long(argc, argv, "p:", options, NULL)) != -1) {
		if (option == 'j') {
			json = true;
		} else if (option == 'p') {
			if (!kd_number_parse(optarg, 10, INT32_MAX, &pid))
				return kd_command_usage(self, "'%s' is no process id", optarg);
		} else if (option == KD_INPUT_RAW) {
			if (!kd_input_option(&how))
				return kd_command_usage(self, "'%s' is not a hexadecimal address",
							optarg);
		} else {
			return kd_command_usage(self, "no such option");
		}
	}
	if (pid == UINT64_MAX)
		return kd_command_usage(self, "--pid PID is needed");
	if (!kd_input_dumps(argc, argv, &how))
		return kd_command_usage(self, "a DUMP is needed");
	if (kd_input_open_system(&input, argv[optind], &how, &err))
		return kd_command_failed(&err);
	exit_status = show(&input, (int32_t)pid, json);
	kd_input_close(&input);
	return exit_status;
}

const struct kd_command kd_cmd_files = {
	.name = "files",
	.synopsis = "[--json] [--raw-input[=BASE]] -p PID DUMP...",
	.summary = "list the files that a process had open",
	.run = run_files,
	.options = "  -p, --pid PID  of that process\n"
		   "      --json     print JSON, a list of files\n" KD_INPUT_HELP,
};
