/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kdump report: the explanation of a crash, as text, JSON or a web page. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cmd/source_lines.h"
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

static void places(void *info, uint64_t vaddr, kd_source_take *take, void *opaque)
{
	kd_debug_info_places(info, vaddr, take, opaque);
}

static int explain(struct kd_input *input, const struct kd_source_lines *lines, render *write,
		   const char *path)
{
	struct kd_debug_info *info = NULL;
	struct kd_report *report = NULL;
	struct kd_err err = {0};
	enum kd_status status = kd_report_make(input->kernel, true, &report, &err);
	int exit_status;

	if (!status && kd_report_system(report))
		status = kd_lines_open(lines, kd_report_system(report), &info, &err);
	if (info)
		kd_report_add_lines(report, places, info);
	if (status)
		exit_status = kd_command_failed(&err);
	else if (path)
		exit_status = write_to_file(report, write, path);
	else
		exit_status =
			write(report, stdout, &err) ? kd_command_failed(&err) : kd_output_end();
	kd_debug_info_close(info);
	kd_report_free(report);
	return exit_status;
}

static int run_report(const struct kd_command *self, int argc, char **argv)
{
	static const struct option options[] = {
		{"json", no_argument, NULL, 'j'},
		{"html", no_argument, NULL, 'h'},
		{"output", required_argument, NULL, 'o'},
		KD_LINES_OPTIONS,
		KD_INPUT_OPTION,
		{0},
	};
	render *write = kd_report_write_text;
	struct kd_dump_options how = {0};
	struct kd_source_lines lines = {0};
	const char *path = NULL;
	struct kd_err err = {0};
	struct kd_input input;
	int option, exit_status;

	while ((option = getopt_long(argc, argv, ":o:", options, NULL)) != -1) {
		if (option == 'j')
			write = kd_report_write_json;
		else if (option == 'h')
			write = kd_report_write_html;
		else if (option == 'o')
			path = optarg;
		else if (kd_lines_option(&lines, option))
			continue;
		else if (option == KD_INPUT_RAW && kd_input_option(&how))
			continue;
		else if (option == KD_INPUT_RAW)
			return kd_command_usage(self, "'%s' is not a hexadecimal address", optarg);
		else
			return kd_command_bad_option(self, option, argv);
	}
	if (!kd_input_dumps(argc, argv, &how))
		return kd_command_usage(self, "a DUMP is needed");
	if (kd_input_open(&input, argv[optind], &how, &err))
		return kd_command_failed(&err);
	exit_status = explain(&input, &lines, write, path);
	kd_input_close(&input);
	return exit_status;
}

const struct kd_command kd_cmd_report = {
	.name = "report",
	.synopsis = "[--json | --html] [-o FILE] [OPTION]... DUMP...",
	.summary = "explain a crash",
	.run = run_report,
	.options =
		"      --json         print JSON, an object\n"
		"      --html         print a web page that needs nothing else\n"
		"  -o, --output FILE  write there instead\n"
		"      --vmlinux F    take source lines and inlined functions from this vmlinux; by\n"
		"                     default from one of the same build-id in /usr/lib/debug, if any\n"
		"      --debug-folder DIR\n"
		"                     look for it there, and for modules\n"
		"      --no-lines     no source lines\n" KD_INPUT_HELP,
};
