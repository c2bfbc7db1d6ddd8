/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kdump collect: after a boot, takes in what crashes left elsewhere, and tells of those that are new. */
#include <errno.h>
#include <getopt.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/announce.h"
#include "cmd/command.h"
#include "cmd/crash_place.h"
#include "cmd/test_crash.h"
#include "crashes/collect.h"
#include "crashes/crash.h"
#include "host/file.h"
#include "host/system.h"
#include "load/blocks.h"

#define FALLBACK "/var/crash"

struct arguments {
	const char *device, *pstore, *into, *root;
	bool keep, motd, no_journal, json;
};

struct run {
	struct arguments arguments;
	struct kd_cmd_root system;
	struct kd_config config;
	char into[PATH_MAX];
	const char *source; /* that is being collected */
	json_t *collected, *news, *news_paths;
	json_t *test; /* NULL: no test crash to tell of */
	bool failed;
};

static void fail(struct run *run, struct kd_err *err)
{
	kd_context(err, err->status, "collect");
	kd_command_failed(err);
	run->failed = true;
}

static void took(void *opaque, const struct kd_collected *collected)
{
	struct run *run = opaque;

	json_array_append_new(run->collected,
			      json_pack("{ss ss sb}", "from", run->source, "name",
					collected->folder, "before", (int)collected->before));
	if (!run->arguments.json)
		printf("%s: %s %s/%s\n", run->source,
		       collected->before ? "was taken in already:" : "taken in:", run->into,
		       collected->folder);
}

static void collect_raw(struct run *run, const char *device, bool given)
{
	struct kd_collected collected;
	enum kd_status status;
	struct kd_progress progress;
	struct kd_meter meter;
	struct kd_err err;

	if (access(device, F_OK)) {
		kd_fail_errno(&err, errno, "%s", device);
		fail(run, &err);
		return;
	}
	run->source = device;
	progress = kd_meter_init(&meter, "vmcore");
	status =
		kd_collect_raw(device, run->into, run->arguments.keep, &progress, &collected, &err);
	kd_meter_deinit(&meter);
	if (!status)
		took(run, &collected);
	else if (status != KD_NOTFOUND)
		fail(run, &err);
	else if (!run->arguments.json && given)
		printf("%s\n", err.text);
}

static void collect_pstore(struct run *run, const char *const folders[])
{
	struct kd_err err;

	run->source = "pstore";
	if (kd_collect_pstore(folders, run->into, run->arguments.keep, took, run, &err))
		fail(run, &err);
}

/* The path of a raw target, which is named by a path or by what it carries; one that is gone has nothing to collect. */
static bool find_raw(const struct run *run, const char *device, char path[PATH_MAX])
{
	const struct kd_paths *paths = &run->system.paths;
	KD_CLEANUP_FREE char *block = NULL;
	struct kd_err err;

	if (*device == '/') {
		kd_path(path, paths->root ? paths->root : "", "%s", device + 1);
		return true;
	}
	if (kd_block_find(paths, device, &block, &err)) {
		fprintf(stderr, "kdump: warning: %s\n", err.text);
		return false;
	}
	kd_path(path, paths->dev, "%s", block);
	return true;
}

/* Everything that was not named on the command line. */
static void collect_usual(struct run *run)
{
	const struct kd_config *config = &run->config;
	const struct kd_paths *paths = &run->system.paths;
	const char *root = paths->root ? paths->root : "";
	char path[PATH_MAX], pstore[PATH_MAX], moved[PATH_MAX];

	for (unsigned int i = 0; i < config->target_count; i++) {
		const struct kd_config_target *target = &config->targets[i];

		if (target->type != KD_TARGET_RAW || !target->device)
			continue;
		if (find_raw(run, target->device, path))
			collect_raw(run, path, false);
	}
	/* of one crash, some may have been moved by systemd-pstore(8) and some not */
	collect_pstore(run,
		       (const char *const[]){kd_path(pstore, root, "sys/fs/pstore"),
					     kd_path(moved, root, "var/lib/systemd/pstore"), NULL});
}

/* Where this machine's crashes are, with what is collected, which may go to where no target is. */
static void find_places(struct run *run, struct kd_crash_places *places)
{
	struct kd_err err;

	if (kd_find_crashes(NULL, run->arguments.root, places, &err) && err.status != KD_NOTFOUND)
		fail(run, &err);
	kd_crash_places_add(places, run->into);
}

/* Reads the crashes of every place; false when some could not be read. How many there are goes to *count. */
static bool read_places(struct run *run, struct kd_found_crashes *found, size_t *count)
{
	bool all = !found->places.missing;
	struct kd_err err;

	*count = 0;
	for (size_t i = 0; i < found->places.count; i++) {
		enum kd_status status =
			kd_crashes_read(found->places.folders[i], true, &found->crashes[i], &err);

		*count += found->crashes[i].count;
		if (!status || status == KD_NOTFOUND) /* there has been no crash */
			continue;
		fail(run, &err);
		all = false;
	}
	return all;
}

static void tell(struct run *run, const struct kd_news *news, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct kd_crash *crash = news[i].crash;

		if (!news[i].is_new)
			continue;
		json_array_append_new(run->news, json_string(crash->folder));
		json_array_append_new(run->news_paths,
				      json_sprintf("%s/%s", news[i].folder, crash->folder));
		if (!run->arguments.json)
			printf("new: %s/%s: %s\n", news[i].folder, crash->folder,
			       crash->sentence ? crash->sentence : "no report tells the cause");
	}
}

static void announce(struct run *run, struct kd_found_crashes *found)
{
	struct kd_announcing announcing = {
		.paths = &run->system.paths,
		.journal = !run->arguments.no_journal && !run->arguments.root,
		.motd = run->arguments.motd || run->config.collect_motd,
	};
	KD_CLEANUP_FREE struct kd_news *news = NULL;
	size_t most, count = 0;
	struct kd_err err;

	announcing.partial = !read_places(run, found, &most);
	news = calloc(most + 1, sizeof(*news));
	for (size_t place = 0; news && place < found->places.count; place++)
		for (size_t i = 0; i < found->crashes[place].count; i++)
			news[count++] = (struct kd_news){found->places.folders[place],
							 &found->crashes[place].items[i], false};
	if (!news)
		kd_fail_errno(&err, ENOMEM, "%s", run->into);
	if (!news || kd_announce(&announcing, news, count, &err))
		fail(run, &err);
	if (news)
		tell(run, news, count);
}

/* Once: what came of a crash on purpose, even when that is nothing. */
static void tell_of_test(struct run *run, const struct kd_found_crashes *found)
{
	const struct kd_paths *paths = &run->system.paths;
	char text[KD_TEST_TEXT_BYTES];
	struct kd_test_result result;
	struct kd_test_crash test;
	struct kd_err err;
	enum kd_status status = kd_test_crash_read(paths, &test, &err);

	if (status == KD_NOTFOUND || status == KD_INVALID || (!status && test.told))
		return;
	if (status) {
		fail(run, &err);
		return;
	}
	kd_test_crash_find(&test, found, &result);
	kd_test_crash_text(&test, &result, text);
	run->test = kd_test_crash_json(&test, &result);
	if (!run->arguments.json)
		puts(text);
	if (!run->arguments.no_journal && !run->arguments.root)
		kd_announce_test(text, result.path, result.complete);
	test.told = true;
	if (kd_test_crash_write(paths, &test, &err))
		fail(run, &err);
}

static void tell_of_crashes(struct run *run)
{
	KD_CLEANUP_FREE struct kd_found_crashes *found = calloc(1, sizeof(*found));
	struct kd_err err;

	if (!found) {
		kd_fail_errno(&err, ENOMEM, "%s", run->into);
		fail(run, &err);
		return;
	}
	find_places(run, &found->places);
	announce(run, found);
	tell_of_test(run, found);
	for (size_t i = 0; i < found->places.count; i++)
		kd_crashes_deinit(&found->crashes[i]);
}

static void print_json(struct run *run)
{
	json_t *root =
		json_pack("{ss sO sO sO sO*}", "folder", run->into, "collected", run->collected,
			  "news", run->news, "news_paths", run->news_paths, "test", run->test);

	run->failed |= !root || json_dumpf(root, stdout, JSON_INDENT(2)) || putchar('\n') == EOF;
	json_decref(root);
}

/* Where it goes: as named, as configured; or, while that is not mounted, to FALLBACK. */
static void choose_folder(struct run *run)
{
	const char *root = run->system.paths.root;
	struct kd_err err;

	if (run->arguments.into) {
		snprintf(run->into, sizeof(run->into), "%s", run->arguments.into);
	} else if (kd_crash_place(&run->system.paths, &run->config, run->into, &err)) {
		snprintf(run->into, sizeof(run->into), "%s" FALLBACK, root ? root : "");
		fprintf(stderr, "kdump: warning: %s: what is collected goes to %s\n", err.text,
			run->into);
	}
}

static int collect(struct run *run)
{
	const struct arguments *arguments = &run->arguments;

	choose_folder(run);
	run->collected = json_array();
	run->news = json_array();
	run->news_paths = json_array();
	if (arguments->device)
		collect_raw(run, arguments->device, true);
	if (arguments->pstore)
		collect_pstore(run, (const char *const[]){arguments->pstore, NULL});
	if (!arguments->device && !arguments->pstore)
		collect_usual(run);
	if (!arguments->into)
		tell_of_crashes(run);
	if (arguments->json)
		print_json(run);
	else if (!json_array_size(run->collected) && !json_array_size(run->news) && !run->test &&
		 !run->failed)
		puts("nothing to collect, and no crash that is new");
	json_decref(run->collected);
	json_decref(run->news);
	json_decref(run->news_paths);
	json_decref(run->test);
	return run->failed ? KD_EXIT_FAILED : KD_EXIT_DONE;
}

static void take_option(struct arguments *arguments, int option, const char *value)
{
	const struct {
		int option;
		const char **text;
		bool *flag;
	} known[] = {
		{'f', &arguments->device, NULL},     {'p', &arguments->pstore, NULL},
		{'i', &arguments->into, NULL},       {'r', &arguments->root, NULL},
		{'k', NULL, &arguments->keep},       {'m', NULL, &arguments->motd},
		{'J', NULL, &arguments->no_journal}, {'j', NULL, &arguments->json},
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
		if (known[i].option != option)
			continue;
		if (known[i].text)
			*known[i].text = value;
		else
			*known[i].flag = true;
	}
}

static int run(const struct kd_command *self, int argc, char **argv)
{
	static const struct option options[] = {
		{"from", required_argument, NULL, 'f'}, {"pstore", required_argument, NULL, 'p'},
		{"into", required_argument, NULL, 'i'}, {"keep", no_argument, NULL, 'k'},
		{"motd", no_argument, NULL, 'm'},       {"no-journal", no_argument, NULL, 'J'},
		{"json", no_argument, NULL, 'j'},       {"root", required_argument, NULL, 'r'},
		{"help", no_argument, NULL, 'h'},       {0},
	};
	struct run run = {0};
	struct kd_err err = {0};
	int option, result;

	optind = 1;
	while ((option = getopt_long(argc, argv, ":h", options, NULL)) != -1) {
		if (option == 'h')
			return kd_command_help(self);
		if (option == ':')
			return kd_command_usage(self, "%s: needs a value", argv[optind - 1]);
		if (option == '?')
			return kd_command_usage(self, "%s: no such option", argv[optind - 1]);
		take_option(&run.arguments, option, optarg);
	}
	if (optind < argc)
		return kd_command_usage(self, "%s: not understood", argv[optind]);
	if (kd_cmd_set_root(&run.system, run.arguments.root, &err) ||
	    kd_read_system_config(&run.system.paths, &run.config, &err)) {
		kd_context(&err, err.status, "collect");
		return kd_command_failed(&err);
	}
	result = collect(&run);
	kd_config_deinit(&run.config);
	return result;
}

const struct kd_command kd_cmd_collect = {
	.name = "collect",
	.synopsis = "[--from DEVICE] [--pstore DIR] [--into DIR] [--keep] [--motd] …",
	.summary = "after a boot, take in what crashes left on raw devices and in pstore",
	.run = run,
	.options =
		"  --from DEVICE   a raw target, or a file that is an image of one\n"
		"  --pstore DIR    a folder of pstore's files\n"
		"  --into DIR      the folder that gets the crash folders; nothing is told of then\n"
		"  --keep          leave what was taken in where it is\n"
		"  --motd          tell of new crashes in the message of the day, too, whatever\n"
		"                  kdump.conf(5) says\n"
		"  --no-journal    and not in the journal\n"
		"  --json          print JSON\n"
		"  --root ROOT     of the system whose files are below ROOT; its journal stays as it is\n"
		"  -h, --help      print this\n"
		"\nWithout --from and --pstore, everything that kdump.conf(5) and this machine have.\n",
};
