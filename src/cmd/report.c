/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kdump report: the explanation of a crash, as text, JSON or a web page. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cmd/dump_input.h"
#include "host/file.h"
#include "host/system.h"
#include "report/report.h"

typedef enum kd_status render(const struct kd_report *report, FILE *stream, struct kd_err *err);

static int write_to_file(const struct kd_report *report, render *write, const char *path)
{
	KD_CLEANUP_FREE char *text = NULL;
	struct kd_err err = {0};
	size_t bytes;
	FILE *stream = open_memstream(&text, &bytes);
	enum kd_status status;

	if (!stream) {
		kd_fail_errno(&err, errno, "report");
		return kd_command_failed(&err);
	}
	status = write(report, stream, &err);
	if (fclose(stream) && !status)
		status = kd_fail_errno(&err, errno, "report");
	if (!status)
		status = kd_file_replace(path, text, bytes, 0666, &err);
	return status ? kd_command_failed(&err) : KD_EXIT_DONE;
}

static int run_report(const struct kd_command *self, int argc, char **argv)
{
	static const struct option options[] = {
		{"json", no_argument, NULL, 'j'},
		{"html", no_argument, NULL, 'h'},
		{"output", required_argument, NULL, 'o'},
		KD_INPUT_OPTION,
		{0},
	};
	render *write = kd_report_write_text;
	struct kd_dump_options how = {0};
	const char *path = NULL;
	struct kd_err err = {0};
	struct kd_report *report;
	struct kd_input input;
	int option, exit_status;

	while ((option = getopt_long(argc, argv, "o:", options, NULL)) != -1) {
		if (option == 'j')
			write = kd_report_write_json;
		else if (option == 'h')
			write = kd_report_write_html;
		else if (option == 'o')
			path = optarg;
		else if (option == KD_INPUT_RAW && kd_input_option(&how))
			continue;
		else if (option == KD_INPUT_RAW)
			return kd_command_usage(self, "'%s' is not a hexadecimal address", optarg);
		else
			return kd_command_usage(self, "no such option");
	}
	if (!kd_input_dumps(argc, argv, &how))
		return kd_command_usage(self, "a DUMP is needed");
	if (kd_input_open(&input, argv[optind], &how, &err))
		return kd_command_failed(&err);
	if (kd_report_make(input.kernel, true, &report, &err)) {
		exit_status = kd_command_failed(&err);
	} else {
		if (path)
			exit_status = write_to_file(report, write, path);
		else
			exit_status = write(report, stdout, &err) ? kd_command_failed(&err)
								  : kd_output_end();
		kd_report_free(report);
	}
	kd_input_close(&input);
	return exit_status;
}

const struct kd_command kd_cmd_report = {
	.name = "report",
	.synopsis = "[--json | --html] [-o FILE] [--raw-input[=BASE]] DUMP...",
	.summary = "explain a crash",
	.run = run_report,
	.options = "      --json         print JSON, an object\n"
		   "      --html         print a web page that needs nothing else\n"
		   "  -o, --output FILE  write there instead\n" KD_INPUT_HELP,
};
