/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/pid_input.h"

#include <getopt.h>

#include "cmd/place.h"

enum { NONE = -1 };

static int show_task(struct kd_input *input, int32_t pid, bool json, kd_pid_show *show)
{
	const struct kd_task *task;
	struct kd_tasks tasks;
	struct kd_err err = {0};
	enum kd_status status = kd_tasks_init(&tasks, input->system, &err);
	int exit_status;

	task = kd_task_of_pid(&tasks, pid);
	if (!task && !status)
		kd_fail(&err, KD_NOTFOUND, "there is no process %d", pid);
	/* else it is no matter what became of the other tasks */
	exit_status = task ? show(input, task, json) : kd_command_failed(&err);
	kd_tasks_deinit(&tasks);
	return exit_status;
}

int kd_pid_run(const struct kd_command *self, int argc, char **argv, bool is_needed,
	       kd_pid_show *show)
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
	uint64_t number;
	int32_t pid = NONE;

	while ((option = getopt_long(argc, argv, ":p:", options, NULL)) != -1) {
		if (option == 'j') {
			json = true;
		} else if (option == 'p') {
			if (!kd_number_parse(optarg, 10, INT32_MAX, &number))
				return kd_command_usage(self, "'%s' is no process id", optarg);
			pid = (int32_t)number;
		} else if (option == KD_INPUT_RAW) {
			if (!kd_input_option(&how))
				return kd_command_usage(self, "'%s' is not a hexadecimal address",
							optarg);
		} else {
			return kd_command_bad_option(self, option, argv);
		}
	}
	if (pid == NONE && is_needed)
		return kd_command_usage(self, "--pid PID is needed");
	if (!kd_input_dumps(argc, argv, &how))
		return kd_command_usage(self, "a DUMP is needed");
	if (kd_input_open_system(&input, argv[optind], &how, &err))
		return kd_command_failed(&err);
	exit_status = pid == NONE ? show(&input, NULL, json) : show_task(&input, pid, json, show);
	kd_input_close(&input);
	return exit_status;
}
