/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kdump prune: removes the crashes that the rule of [keep] no longer keeps, and says which. */
#include <errno.h>
#include <getopt.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cmd/command.h"
#include "cmd/crash_place.h"
#include "crashes/keep.h"
#include "host/file.h"
#include "host/system.h"

enum { COUNT_MOST = 100000, DAYS_MOST = 36500 };

struct arguments {
	struct kd_keep keep;
	bool has_count, has_days, has_free; /* given, and not the configuration's */
	bool dry_run, quiet, json;
	const char *root, *folder;
};

/* What became of a crash. */
struct outcome {
	struct kd_keep_choice choice;
	bool failed;
	struct kd_err err;
};

static bool read_number(const char *text, unsigned int most, unsigned int *number)
{
	unsigned long value;
	char *end;

	errno = 0;
	value = strtoul(text, &end, 10);
	if (errno || end == text || *end || *text == '-' || value > most)
		return false;
	*number = (unsigned int)value;
	return true;
}

static enum kd_status add_configured(struct arguments *arguments, struct kd_err *err)
{
	struct kd_cmd_root system;
	struct kd_config config;
	enum kd_status status = kd_cmd_set_root(&system, arguments->root, err);

	if (!status)
		status = kd_read_system_config(&system.paths, &config, err);
	if (status)
		return status;
	if (!arguments->has_count)
		arguments->keep.count = config.keep_count;
	if (!arguments->has_days)
		arguments->keep.days = config.keep_days;
	if (!arguments->has_free)
		kd_config_bytes(config.keep_free, &arguments->keep.free_bytes);
	kd_config_deinit(&config);
	return KD_OK;
}

static void remove_chosen(const char *folder, const struct kd_crashes *crashes, bool dry_run,
			  struct outcome outcomes[])
{
	for (size_t i = 0; i < crashes->count; i++)
		if (outcomes[i].choice.remove && !dry_run)
			outcomes[i].failed = kd_crash_remove(folder, &crashes->items[i],
							     &outcomes[i].err) != KD_OK;
}

static void append_json(json_t *folders, const char *folder, const struct kd_crashes *crashes,
			const struct outcome outcomes[])
{
	json_t *removed = json_array();

	for (size_t i = 0; i < crashes->count; i++)
		if (outcomes[i].choice.remove)
			json_array_append_new(
				removed,
				json_pack("{ss ss sI so}", "name", crashes->items[i].folder, "why",
					  outcomes[i].choice.why, "disk_bytes",
					  (json_int_t)crashes->items[i].disk_bytes, "error",
					  outcomes[i].failed ? json_string(outcomes[i].err.text)
							     : json_null()));
	json_array_append_new(folders, json_pack("{ss sI so}", "folder", folder, "crashes",
						 (json_int_t)crashes->count, "removed", removed));
}

static void print_text(const char *folder, const struct arguments *arguments,
		       const struct kd_crashes *crashes, const struct outcome outcomes[])
{
	const char *verb = arguments->dry_run ? "would remove" : "removed";
	size_t count = 0;

	for (size_t i = 0; i < crashes->count; i++) {
		if (!outcomes[i].choice.remove || outcomes[i].failed)
			continue;
		count++;
		printf("%s %s: %s\n", verb, crashes->items[i].folder, outcomes[i].choice.why);
	}
	if (!arguments->quiet)
		printf("%s: %zu of %zu crashes %s\n", folder, count, crashes->count,
		       arguments->dry_run ? "would be removed" : "removed");
}

/* What it did is printed, or appended to `folders`. */
static int prune(const char *folder, const struct arguments *arguments, json_t *folders)
{
	struct kd_keep_state state = {.now_s = (uint64_t)time(NULL)};
	KD_CLEANUP_FREE struct kd_keep_choice *choices = NULL;
	KD_CLEANUP_FREE struct outcome *outcomes = NULL;
	int result = KD_EXIT_DONE;
	struct kd_crashes crashes;
	struct kd_err err;

	if (kd_crashes_read(folder, false, &crashes, &err)) {
		kd_context(&err, err.status, "prune");
		return kd_command_failed(&err);
	}
	choices = calloc(crashes.count + 1, sizeof(*choices));
	outcomes = calloc(crashes.count + 1, sizeof(*outcomes));
	if (!choices || !outcomes || kd_keep_free_bytes(folder, &state.free_bytes, &err)) {
		if (!choices || !outcomes)
			kd_fail_errno(&err, ENOMEM, "%s", folder);
		kd_crashes_deinit(&crashes);
		return kd_command_failed(&err);
	}
	state.free_bytes = kd_keep_choose(&arguments->keep, &state, &crashes, choices);
	for (size_t i = 0; i < crashes.count; i++)
		outcomes[i].choice = choices[i];
	remove_chosen(folder, &crashes, arguments->dry_run, outcomes);
	if (!arguments->json)
		print_text(folder, arguments, &crashes, outcomes);
	else
		append_json(folders, folder, &crashes, outcomes);
	for (size_t i = 0; i < crashes.count; i++)
		if (outcomes[i].failed)
			result = kd_command_failed(&outcomes[i].err);
	if (state.free_bytes < arguments->keep.free_bytes)
		fprintf(stderr,
			"kdump: warning: %s: that leaves %llu MiB free, and %llu MiB are "
			"asked for: nothing more may be removed\n",
			folder, (unsigned long long)state.free_bytes >> 20,
			(unsigned long long)arguments->keep.free_bytes >> 20);
	kd_crashes_deinit(&crashes);
	return result;
}

static int prune_all(const struct kd_crash_places *places, const struct arguments *arguments)
{
	json_t *folders = json_array(), *root;
	int result = KD_EXIT_DONE;

	for (size_t i = 0; i < places->count; i++) {
		/* the first crash makes the configured folder */
		if (!arguments->folder && access(places->folders[i], F_OK))
			continue;
		if (prune(places->folders[i], arguments, folders))
			result = KD_EXIT_FAILED;
	}
	root = json_pack("{sb so}", "dry_run", (int)arguments->dry_run, "folders", folders);
	if (arguments->json &&
	    (!root || json_dumpf(root, stdout, JSON_INDENT(2)) || putchar('\n') == EOF))
		result = KD_EXIT_FAILED;
	json_decref(root);
	return result;
}

/* Takes one option that has a value; what is wrong with it, or NULL. */
static const char *take_value(struct arguments *arguments, int option, const char *value)
{
	struct kd_keep *keep = &arguments->keep;

	switch (option) {
	case 'c':
		arguments->has_count = true;
		return read_number(value, COUNT_MOST, &keep->count) ? NULL
								    : "is no number of crashes";
	case 'd':
		arguments->has_days = true;
		return read_number(value, DAYS_MOST, &keep->days) ? NULL : "is no number of days";
	case 'f':
		arguments->has_free = true;
		return kd_config_bytes(value, &keep->free_bytes)
			       ? NULL
			       : "is no size: a number, or one with K, M, G or T behind";
	case 'r':
		arguments->root = value;
		return NULL;
	default:
		return NULL;
	}
}

static int run(const struct kd_command *self, int argc, char **argv)
{
	static const struct option options[] = {
		{"dry-run", no_argument, NULL, 'n'},
		{"quiet", no_argument, NULL, 'q'},
		{"keep-count", required_argument, NULL, 'c'},
		{"keep-days", required_argument, NULL, 'd'},
		{"keep-free", required_argument, NULL, 'f'},
		{"json", no_argument, NULL, 'j'},
		{"root", required_argument, NULL, 'r'},
		{"help", no_argument, NULL, 'h'},
		{0},
	};
	struct arguments arguments = {0};
	struct kd_err err = {0};
	KD_CLEANUP_FREE struct kd_crash_places *places = calloc(1, sizeof(*places));
	const char *wrong;
	int option;

	optind = 1;
	while ((option = getopt_long(argc, argv, ":nqh", options, NULL)) != -1) {
		if (option == 'h')
			return kd_command_help(self);
		if (option == ':')
			return kd_command_usage(self, "%s: needs a value", argv[optind - 1]);
		if (option == '?')
			return kd_command_usage(self, "%s: no such option", argv[optind - 1]);
		arguments.dry_run |= option == 'n';
		arguments.quiet |= option == 'q';
		arguments.json |= option == 'j';
		wrong = take_value(&arguments, option, optarg);
		if (wrong)
			return kd_command_usage(self, "%s: %s", optarg, wrong);
	}
	if (optind + 1 < argc)
		return kd_command_usage(self, "%s: not understood", argv[optind + 1]);
	if (optind < argc)
		arguments.folder = argv[optind];
	if (!places)
		kd_fail_errno(&err, ENOMEM, "crashes");
	if (!places || add_configured(&arguments, &err) ||
	    kd_find_crashes(arguments.folder, arguments.root, places, &err)) {
		kd_context(&err, err.status, "prune");
		return kd_command_failed(&err);
	}
	if (!arguments.json && !arguments.keep.count && !arguments.keep.days &&
	    !arguments.keep.free_bytes) {
		if (arguments.quiet)
			return KD_EXIT_DONE;
		printf("%s: every crash is kept: no limit is set\n", places->folders[0]);
		kd_command_hint(
			"set one in [keep] of kdump.conf(5), or by --keep-count, --keep-days, "
			"--keep-free");
		return KD_EXIT_DONE;
	}
	return prune_all(places, &arguments);
}

const struct kd_command kd_cmd_prune = {
	.name = "prune",
	.synopsis = "[-nq] [--keep-count N] [--keep-days N] [--keep-free BYTES] [DIR]",
	.summary = "remove the crashes that are no longer to be kept",
	.run = run,
	.options =
		"  -n, --dry-run      say what would be removed\n"
		"  -q, --quiet        say only what is removed\n"
		"  --keep-count N     keep at most N crashes\n"
		"  --keep-days N      keep none that is older than N days\n"
		"  --keep-free BYTES  until so much of the file system is free; K, M, G, T\n"
		"  --json             the same as JSON\n"
		"  --root ROOT        of the system whose files are below ROOT\n"
		"  -h, --help         print this\n"
		"\nWhat is not given is as [keep] of kdump.conf(5) has it. The oldest go first; the newest\n"
		"crash, the newest whole dump and folders with files of others always stay.\n",
};
