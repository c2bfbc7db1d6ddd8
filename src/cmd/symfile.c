/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kdump symfile: symbols, types and unwind tables of a dump, as a file for debuggers. */
#include <getopt.h>
#include <stdio.h>

#include "cmd/dump_input.h"
#include "symfile/symfile.h"
#include "host/file.h"

static int run_symfile(const struct kd_command *self, int argc, char **argv)
{
	static const struct option options[] = {
		{"output", required_argument, NULL, 'o'}, KD_INPUT_OPTION, {0}};
	const struct kd_log log = kd_command_log(false);
	struct kd_dump_options how = {0};
	struct kd_buffer file = {.data = NULL};
	const char *path = NULL;
	struct kd_err err = {0};
	struct kd_input input;
	enum kd_status status;
	int option;

	while ((option = getopt_long(argc, argv, ":o:", options, NULL)) != -1) {
		if (option == 'o')
			path = optarg;
		else if (option == KD_INPUT_RAW && kd_input_option(&how))
			continue;
		else if (option == KD_INPUT_RAW)
			return kd_command_usage(self, "'%s' is not a hexadecimal address", optarg);
		else
			return kd_command_bad_option(self, option, argv);
	}
	if (!kd_input_dumps(argc, argv, &how))
		return kd_command_usage(self, "a DUMP is needed");
	if (!path)
		return kd_command_usage(self, "-o FILE is needed");
	if (kd_input_open_system(&input, argv[optind], &how, &err))
		return kd_command_failed(&err);
	status = kd_symfile_make(input.system, &log, &file, &err);
	if (!status)
		status = kd_file_replace(path, file.data, file.bytes, 0666, &err);
	kd_buffer_deinit(&file);
	kd_input_close(&input);
	return status ? kd_command_failed(&err) : KD_EXIT_DONE;
}

const struct kd_command kd_cmd_symfile = {
	.name = "symfile",
	.synopsis = "-o FILE [--raw-input[=BASE]] DUMP...",
	.summary = "make a symbol file for gdb out of a dump",
	.run = run_symfile,
	.options = "  -o, --output FILE  write there, in place of what there is\n" KD_INPUT_HELP,
};
