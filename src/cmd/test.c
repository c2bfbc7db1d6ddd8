/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kdump test: crashes this machine on purpose, and tells after the reboot what came of it. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "advise/doctor.h"
#include "cmd/crash_place.h"
#include "cmd/dump_input.h"
#include "cmd/switching.h"
#include "crashes/crash.h"
#include "host/file.h"
#include "host/system.h"
#include "load/marks.h"

enum { OPT_REALLY = 256, OPT_FORCE, OPT_RESULT, OPT_JSON, OPT_ROOT };
enum { MARK_BYTES = 4096, MARK_MODE = 0600, STATE_MODE = 0755, PANIC_SECONDS = 30 };

#define MARK "test-crash.json"

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

/* What is written down right before the crash. */
struct mark {
	uint64_t time_s;
	char boot_id[64];
};

static enum kd_status write_mark(const struct kd_paths *paths, struct kd_err *err)
{
	char path[PATH_MAX], boot_id[64];
	KD_CLEANUP_FREE char *text = NULL;
	json_t *json;
	enum kd_status status = kd_marks_boot_id(paths, boot_id, err);

	if (!status)
		status = kd_make_folders(paths->state, STATE_MODE, err);
	if (status)
		return status;
	json = json_pack("{s:I, s:s}", "time", (json_int_t)time(NULL), "boot_id", boot_id);
	text = json ? json_dumps(json, JSON_COMPACT) : NULL;
	json_decref(json);
	if (!text)
		return kd_fail(err, KD_NOMEM, MARK ": no memory");
	return kd_file_replace(kd_path(path, paths->state, MARK), text, strlen(text), MARK_MODE,
			       err);
}

static enum kd_status read_mark(const struct kd_paths *paths, struct mark *mark, struct kd_err *err)
{
	char path[PATH_MAX];
	KD_CLEANUP_FREE char *text = NULL;
	const char *boot_id = NULL;
	json_int_t seconds = -1;
	size_t bytes;
	json_t *json;
	enum kd_status status =
		kd_file_read(kd_path(path, paths->state, MARK), MARK_BYTES, &text, &bytes, err);

	if (status == KD_NOTFOUND)
		return kd_fail(err, status, "there was no test crash on this machine");
	if (status)
		return status;
	json = json_loadb(text, bytes, 0, NULL);
	if (json)
		json_unpack(json, "{s:I, s:s}", "time", &seconds, "boot_id", &boot_id);
	if (seconds >= 0 && boot_id && strlen(boot_id) < sizeof(mark->boot_id)) {
		mark->time_s = (uint64_t)seconds;
		strcpy(mark->boot_id, boot_id);
	} else {
		status = kd_fail(err, KD_CORRUPT, "%s: not what `kdump test` writes", path);
	}
	json_decref(json);
	return status;
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
	enum kd_status status = fd < 0 ? kd_fail_errno(err, errno, "/proc/sysrq-trigger")
				       : write_mark(&kd_system_paths, err);

	if (status)
		return status;
	sync();
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
		     "kdump test --really crashes this machine, and kdump test --result tells afterwards what came of it;\n"
		     "kdump rehearse does without a crash.");
		return kd_output_end();
	}
	if (!asked->yes && !is_confirmed()) {
		fprintf(stderr, "kdump: test: nothing was done\n");
		return KD_EXIT_FAILED;
	}
	crash(&err);
	return fail(&err);
}

/* The first crash of a place from the mark on; false without. */
static bool find_after(const char *folder, uint64_t time_s, char path[PATH_MAX], bool *complete)
{
	struct kd_crashes crashes;
	bool found = false;

	if (kd_crashes_read(folder, true, &crashes, NULL))
		return false;
	for (size_t i = 0; i < crashes.count && !found; i++) {
		const struct kd_crash *item = &crashes.items[i];
		uint64_t when = item->crash_time_s ? item->crash_time_s : item->name.time_s;

		found = when >= time_s;
		*complete = item->complete;
		if (found)
			kd_path(path, folder, "%s", item->folder);
	}
	kd_crashes_deinit(&crashes);
	return found;
}

static int print_result(const struct asked *asked, const struct mark *mark, const char *path,
			bool complete)
{
	char when[32];
	time_t seconds = (time_t)mark->time_s;
	struct tm tm;

	if (asked->json)
		return kd_json_print(
			json_pack("{s:I, s:b, s:b, s:o}", "time", (json_int_t)mark->time_s,
				  "arrived", (int)(*path != '\0'), "complete", (int)complete,
				  "path", *path ? kd_json_text(path, strlen(path)) : json_null()));
	strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S", localtime_r(&seconds, &tm));
	if (*path)
		printf("The test crash of %s gave a dump, %s: %s\n", when,
		       complete ? "complete" : "NOT complete", path);
	else
		printf("The test crash of %s gave no dump.\n", when);
	return kd_output_end();
}

static int show_result(const struct asked *asked)
{
	struct kd_crash_places places;
	struct kd_cmd_root system;
	char path[PATH_MAX] = "", boot_id[64];
	struct kd_err err;
	struct mark mark;
	bool complete = false;
	int printed;
	enum kd_status status = kd_cmd_set_root(&system, asked->root, &err);

	if (!status)
		status = read_mark(&system.paths, &mark, &err);
	if (!status)
		status = kd_marks_boot_id(&system.paths, boot_id, &err);
	if (!status && !strcmp(boot_id, mark.boot_id))
		status = kd_fail(&err, KD_INVALID,
				 "the machine was to crash, and has not been started again since");
	if (!status)
		status = kd_find_crashes(NULL, asked->root, &places, &err);
	if (status)
		return fail(&err);
	for (size_t i = 0; i < places.count && !*path; i++)
		find_after(places.folders[i], mark.time_s, path, &complete);
	complete = complete && *path;
	printed = print_result(asked, &mark, path, complete);
	if (!*path && !printed && !asked->json)
		kd_command_hint("kdump rehearse shows what the second kernel says");
	return printed ? printed : complete ? KD_EXIT_DONE : KD_EXIT_FAILED;
}

static int run(const struct kd_command *self, int argc, char **argv)
{
	struct asked asked = {.root = NULL};
	int option;

	opterr = 0;
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
