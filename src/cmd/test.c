/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kdump test: crashes this machine on purpose, and tells after the reboot what came of it. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "advise/doctor.h"
#include "cmd/crash_place.h"
#include "cmd/dump_input.h"
#include "cmd/switching.h"
#include "cmd/test_crash.h"
#include "host/file.h"
#include "host/system.h"
#include "load/marks.h"

enum { OPT_REALLY = 256, OPT_FORCE, OPT_RESULT, OPT_JSON, OPT_ROOT };
enum { PANIC_SECONDS = 30 };

static const struct option options[] = {
	{"really", no_argument, NULL, OPT_REALLY}, {"yes", no_argument, NULL, 'y'},
	{"force", no_argument, NULL, OPT_FORCE},   {"result", no_argument, NULL, OPT_RESULT},
	{"json", no_argument, NULL, OPT_JSON},     {"root", required_argument, NULL, OPT_ROOT},
	{"help", no_argument, NULL, 'h'},          {0},
};

struct asked {
	bool really, yes, force, result, json;
	const char *root;
};

static enum kd_status write_mark(const struct kd_paths *paths, struct kd_err *err)
{
	struct kd_test_crash test = {.time_s = (uint64_t)time(NULL)};
	enum kd_status status = kd_marks_boot_id(paths, test.boot_id, err);

	return status ? status : kd_test_crash_write(paths, &test, err);
}

/* Prints what the doctor says; how many problems there are. */
static enum kd_status examine(size_t *problems, struct kd_err *err)
{
	struct kd_diagnosis diagnosis;
	struct kd_exam exam;
	enum kd_status status = kd_exam_make(&kd_system_paths, true, &exam, err);

	if (status)
		return status;
	kd_diagnose(&exam, &diagnosis);
	kd_exam_deinit(&exam);
	for (size_t i = 0; i < diagnosis.count; i++)
		if (diagnosis.findings[i].result == KD_RESULT_PROBLEM)
			fprintf(stderr, "kdump: %s: %s\n", diagnosis.findings[i].check,
				diagnosis.findings[i].sentence);
	*problems = diagnosis.numbers[KD_RESULT_PROBLEM];
	return KD_OK;
}

/* True when a person typed this machine's name. */
static bool is_confirmed(void)
{
	char host[256] = "", line[256];

	gethostname(host, sizeof(host) - 1);
	printf("This crashes %s now: whatever is not saved is lost, and the machine is away for some minutes.\n"
	       "Type its name to go on: ",
	       host);
	fflush(stdout);
	if (!fgets(line, sizeof(line), stdin))
		return false;
	line[strcspn(line, "\n")] = '\0';
	return *line && !strcmp(line, host);
}

static enum kd_status crash(struct kd_err *err)
{
	KD_CLEANUP_CLOSE int fd = open("/proc/sysrq-trigger", O_WRONLY | O_CLOEXEC);
	enum kd_status status;

	if (fd < 0)
		return kd_fail_errno(err, errno, "/proc/sysrq-trigger");
	/* first, for it may take its time, and the crash is told by that of the mark */
	sync();
	status = write_mark(&kd_system_paths, err);
	if (status)
		return status;
	if (write(fd, "c", 1) != 1)
		return kd_fail_errno(err, errno, "/proc/sysrq-trigger");
	sleep(PANIC_SECONDS);
	return kd_fail(err, KD_SYSTEM, "this machine does not crash when it is asked to");
}

static int fail(struct kd_err *err)
{
	kd_context(err, err->status, "test");
	return kd_command_failed(err);
}

static int crash_this(const struct asked *asked)
{
	struct kd_err err;
	size_t problems;

	if (examine(&problems, &err))
		return fail(&err);
	if (problems && !asked->force) {
		fprintf(stderr, "kdump: test: there would be no dump, or not a whole one\n");
		kd_command_hint("kdump doctor tells what to do; --force crashes all the same");
		return KD_EXIT_FAILED;
	}
	if (!asked->really) {
		puts("Nothing is known that stands between a panic and a dump.\n"
		     "kdump test --really crashes this machine; what came of it is in the journal afterwards, and kdump\n"
		     "test --result tells it, too; kdump rehearse does without a crash.");
		return kd_output_end();
	}
	if (!asked->yes && !is_confirmed()) {
		fprintf(stderr, "kdump: test: nothing was done\n");
		return KD_EXIT_FAILED;
	}
	crash(&err);
	return fail(&err);
}

static int print_result(const struct asked *asked, const struct kd_test_crash *test,
			const struct kd_test_result *result)
{
	char text[KD_TEST_TEXT_BYTES];

	if (asked->json)
		return kd_json_print(kd_test_crash_json(test, result));
	kd_test_crash_text(test, result, text);
	puts(text);
	return kd_output_end();
}

static enum kd_status find_result(const struct asked *asked, struct kd_test_crash *test,
				  struct kd_test_result *result, struct kd_err *err)
{
	KD_CLEANUP_FREE struct kd_found_crashes *found = calloc(1, sizeof(*found));
	struct kd_cmd_root system;
	enum kd_status status;

	if (!found)
		return kd_fail_errno(err, ENOMEM, "crashes");
	status = kd_cmd_set_root(&system, asked->root, err);
	if (!status)
		status = kd_test_crash_read(&system.paths, test, err);
	if (!status)
		status = kd_find_crashes(NULL, asked->root, &found->places, err);
	if (status)
		return status;
	/* what cannot be read has no crash to show */
	for (size_t i = 0; i < found->places.count; i++)
		kd_crashes_read(found->places.folders[i], true, &found->crashes[i], NULL);
	kd_test_crash_find(test, found, result);
	for (size_t i = 0; i < found->places.count; i++)
		kd_crashes_deinit(&found->crashes[i]);
	return KD_OK;
}

static int show_result(const struct asked *asked)
{
	struct kd_test_result result;
	struct kd_test_crash test;
	struct kd_err err;
	int printed;

	if (find_result(asked, &test, &result, &err))
		return fail(&err);
	printed = print_result(asked, &test, &result);
	if (!*result.path && !printed && !asked->json)
		kd_command_hint("kdump rehearse shows what the second kernel says");
	return printed ? printed : result.complete ? KD_EXIT_DONE : KD_EXIT_FAILED;
}

static int run(const struct kd_command *self, int argc, char **argv)
{
	struct asked asked = {.root = NULL};
	int option;

	optind = 1;
	while ((option = getopt_long(argc, argv, ":yh", options, NULL)) != -1) {
		if (option == ':')
			return kd_command_usage(self, "%s: needs a value", argv[optind - 1]);
		if (option == '?')
			return kd_command_usage(self, "%s: no such option", argv[optind - 1]);
		if (option == 'h')
			return kd_command_help(self);
		asked.really |= option == OPT_REALLY;
		asked.yes |= option == 'y';
		asked.force |= option == OPT_FORCE;
		asked.result |= option == OPT_RESULT;
		asked.json |= option == OPT_JSON;
		if (option == OPT_ROOT)
			asked.root = optarg;
	}
	if (optind < argc)
		return kd_command_usage(self, "%s: not understood", argv[optind]);
	if (asked.result && (asked.really || asked.yes || asked.force))
		return kd_command_usage(self, "--result only tells: it goes without the others");
	if ((asked.json || asked.root) && !asked.result)
		return kd_command_usage(self, "--json and --root belong to --result");
	if (asked.result)
		return show_result(&asked);
	return kd_cmd_is_root(self->name) ? crash_this(&asked) : KD_EXIT_FAILED;
}

const struct kd_command kd_cmd_test = {
	.name = "test",
	.synopsis = "[OPTIONS]",
	.summary = "crash this machine on purpose, and tell what came of it",
	.run = run,
	.options = "  --really         crash it; without, only say whether there would be a dump\n"
		   "  -y, --yes        do not ask\n"
		   "  --force          also where it is known that there would be no dump\n"
		   "  --result         after the reboot: tell whether the dump arrived\n"
		   "  --json           print the result as an object\n"
		   "  --root DIR       look for the result in the system below DIR\n"
		   "  -h, --help       print this\n",
};
