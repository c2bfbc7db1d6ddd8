/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/switching.h"

#include <getopt.h>
#include <stdio.h>
#include <unistd.h>

#include "cmd/command.h"

bool kd_cmd_is_root(const char *what)
{
	if (!geteuid())
		return true;
	fprintf(stderr, "kdump: %s: only root may do this: try sudo kdump %s\n", what, what);
	return false;
}

bool kd_cmd_no_options(const struct kd_command *self, int argc, char **argv, int *exit_status)
{
	static const struct option options[] = {{"help", no_argument, NULL, 'h'}, {0}};
	int option;

	optind = 1;
	option = getopt_long(argc, argv, "h", options, NULL);
	if (option == 'h') {
		*exit_status = kd_command_help(self);
		return false;
	}
	if (option != -1 || optind < argc) {
		*exit_status = kd_command_usage(self, "%s: not understood",
						option != -1 ? argv[optind - 1] : argv[optind]);
		return false;
	}
	return true;
}

bool kd_cmd_switch(const char *what, bool verbose, kd_cmd_change *change,
		   struct kd_switch_result *result)
{
	struct kd_log log = kd_command_log(verbose);
	struct kd_switch machine = {&kd_system_paths, &kd_load_kernel_driver, &log};
	struct kd_err err = {0};

	*result = (struct kd_switch_result){0};
	if (!kd_cmd_is_root(what))
		return false;
	if (!change(&machine, result, &err))
		return true;
	kd_context(&err, err.status, "%s", what);
	kd_command_failed(&err);
	return false;
}

void kd_cmd_say_loaded(const char *verb, const struct kd_switch_result *result)
{
	static const char *const calls[] = {
		[KD_LOAD_FILE] =
			"kexec_file_load (method file): the kernel builds the core header, "
			"so without a backup of the first 640 KiB",
		[KD_LOAD_SEGMENTS] = "kexec_load (method segments)",
	};

	printf("%s %s with %s", verb, result->kernel, calls[result->method]);
	if (result->method == KD_LOAD_SEGMENTS)
		fputs(result->backup ? ", first 640 KiB backed up"
				     : ", no backup of the first 640 KiB",
		      stdout);
	putchar('\n');
	if (*result->reason)
		printf("method %s was taken because: %s\n", kd_load_method_name(result->method),
		       result->reason);
}
