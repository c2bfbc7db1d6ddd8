/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kdump doctor: why a panic now would not give a dump, and what to do about it. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "advise/last_diagnosis.h"
#include "cmd/dump_input.h"
#include "cmd/root.h"
#include "cmd/switching.h"

enum { OPT_JSON = 256, OPT_ROOT, OPT_LOG_CHANGES };

static const struct option options[] = {
	{"all", no_argument, NULL, 'a'},
	{"json", no_argument, NULL, OPT_JSON},
	{"root", required_argument, NULL, OPT_ROOT},
	{"log-changes", no_argument, NULL, OPT_LOG_CHANGES},
	{"help", no_argument, NULL, 'h'},
	{0},
};

struct asked {
	bool all, json, log_changes;
	const char *root;
};

static void print_finding(const struct kd_finding *finding)
{
	printf("%-8s %s: %s\n", kd_result_name(finding->result), finding->check, finding->sentence);
	if (*finding->remedy)
		printf("         -> %s\n", finding->remedy);
}

/* The worst first. */
static void print_text(const struct kd_diagnosis *diagnosis, bool all)
{
	for (int result = KD_RESULT_PROBLEM; result >= (all ? KD_RESULT_OK : KD_RESULT_NOTE);
	     result--)
		for (size_t i = 0; i < diagnosis->count; i++)
			if (diagnosis->findings[i].result == (enum kd_result)result)
				print_finding(&diagnosis->findings[i]);
	printf("%s%zu checks: %zu problems, %zu warnings, %zu notes\n",
	       diagnosis->numbers[KD_RESULT_OK] == diagnosis->count && !all ? "" : "\n",
	       diagnosis->count, diagnosis->numbers[KD_RESULT_PROBLEM],
	       diagnosis->numbers[KD_RESULT_WARNING], diagnosis->numbers[KD_RESULT_NOTE]);
	puts(diagnosis->numbers[KD_RESULT_PROBLEM]
		     ? "A panic now would not give a dump, or not a whole one."
		     : "A panic now would give a dump.");
}

static json_t *text(const char *words)
{
	return *words ? kd_json_text(words, strlen(words)) : json_null();
}

static int print_json(const struct kd_diagnosis *diagnosis)
{
	json_t *findings = json_array();

	for (size_t i = 0; i < diagnosis->count; i++) {
		const struct kd_finding *finding = &diagnosis->findings[i];

		json_array_append_new(findings, json_pack("{ss ss so so}", "check", finding->check,
							  "result", kd_result_name(finding->result),
							  "sentence", text(finding->sentence),
							  "remedy", text(finding->remedy)));
	}
	return kd_json_print(
		json_pack("{sb sI sI sI so}", "sound", (int)!diagnosis->numbers[KD_RESULT_PROBLEM],
			  "problems", (json_int_t)diagnosis->numbers[KD_RESULT_PROBLEM], "warnings",
			  (json_int_t)diagnosis->numbers[KD_RESULT_WARNING], "notes",
			  (json_int_t)diagnosis->numbers[KD_RESULT_NOTE], "findings", findings));
}

/* Priorities of sd-daemon(3), where the journal reads what we print. */
static void print_change(const struct kd_finding *finding)
{
	static const char *const priorities[KD_RESULTS] = {"<6>", "<6>", "<4>", "<3>"};

	printf("%s%s: %s: %s%s%s\n", getenv("JOURNAL_STREAM") ? priorities[finding->result] : "",
	       finding->result == KD_RESULT_OK ? "over" : kd_result_name(finding->result),
	       finding->check, finding->sentence, *finding->remedy ? " To change that: " : "",
	       finding->remedy);
}

/* What differs from the last time; the first time, all that is not as it should be. */
static int log_changes(const struct kd_paths *paths, const struct kd_diagnosis *diagnosis)
{
	struct kd_last_diagnosis last = {0};
	struct kd_err err = {0};
	enum kd_status status = kd_last_diagnosis_read(paths, &last, &err);

	if (status && status != KD_NOTFOUND)
		fprintf(stderr, "kdump: warning: %s; everything is told again\n", err.text);
	for (size_t i = 0; i < diagnosis->count; i++) {
		if (kd_finding_is_news(&last.findings[i], &diagnosis->findings[i]))
			print_change(&diagnosis->findings[i]);
	}
	if (kd_last_diagnosis_write(paths, diagnosis, &err)) {
		kd_context(&err, err.status, "doctor");
		return kd_command_failed(&err);
	}
	return KD_EXIT_DONE;
}

static int examine(const struct kd_command *self, const struct asked *asked)
{
	struct kd_diagnosis diagnosis;
	struct kd_cmd_root system;
	struct kd_err err = {0};
	struct kd_exam exam;
	enum kd_status status = kd_cmd_set_root(&system, asked->root, &err);
	int exit_status = KD_EXIT_DONE;

	if (!status)
		status = kd_exam_make(&system.paths, !asked->root, &exam, &err);
	if (status) {
		kd_context(&err, status, "%s", self->name);
		return kd_command_failed(&err);
	}
	kd_diagnose(&exam, &diagnosis);
	kd_exam_deinit(&exam);
	if (asked->json)
		exit_status = print_json(&diagnosis);
	else if (!asked->log_changes)
		print_text(&diagnosis, asked->all);
	if (!exit_status && asked->log_changes && log_changes(&system.paths, &diagnosis))
		exit_status = KD_EXIT_FAILED;
	if (!exit_status)
		exit_status = kd_output_end();
	return exit_status ? exit_status
			   : (diagnosis.numbers[KD_RESULT_PROBLEM] ? KD_EXIT_FAILED : KD_EXIT_DONE);
}

static int run(const struct kd_command *self, int argc, char **argv)
{
	struct asked asked = {0};
	int option;

	optind = 1;
	while ((option = getopt_long(argc, argv, ":ah", options, NULL)) != -1) {
		if (option == ':')
			return kd_command_usage(self, "%s: needs a value", argv[optind - 1]);
		if (option == '?')
			return kd_command_usage(self, "%s: no such option", argv[optind - 1]);
		if (option == 'h')
			return kd_command_help(self);
		asked.all |= option == 'a';
		asked.json |= option == OPT_JSON;
		asked.log_changes |= option == OPT_LOG_CHANGES;
		if (option == OPT_ROOT)
			asked.root = optarg;
	}
	if (optind < argc)
		return kd_command_usage(self, "%s: not understood", argv[optind]);
	if (asked.json && asked.log_changes)
		return kd_command_usage(self, "--json and --log-changes: choose one");
	if (!asked.root && !kd_cmd_is_root(self->name))
		return KD_EXIT_FAILED;
	return examine(self, &asked);
}

const struct kd_command kd_cmd_doctor = {
	.name = "doctor",
	.synopsis = "[OPTIONS]",
	.summary = "tell why a panic now would not give a dump, and what to do",
	.run = run,
	.options =
		"  -a, --all        print what is as it should be, too\n"
		"  --json           print an object\n"
		"  --log-changes    print what is otherwise than the last time with this option\n"
		"  --root DIR       look at the system below DIR\n"
		"  -h, --help       print this\n",
};
