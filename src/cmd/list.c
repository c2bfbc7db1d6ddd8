/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kdump list: the crashes that this machine, or a folder, has. */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cmd/command.h"
#include "cmd/crash_place.h"
#include "crashes/crash.h"
#include "host/file.h"
#include "host/system.h"

enum { SAME_NAMED = 3 };

static const char *or_unknown(const char *text)
{
	return text ? text : "unknown";
}

static bool same_bug(const struct kd_crash *a, const struct kd_crash *b)
{
	return a->signature && b->signature && !strcmp(a->signature, b->signature);
}

/* Of the crash as the dead kernel's clock had it, else of its capture. */
static uint64_t time_of(const struct kd_crash *crash)
{
	return crash->crash_time_s ? crash->crash_time_s : crash->name.time_s;
}

static void print_time(uint64_t time_s)
{
	time_t when = (time_t)time_s;
	char text[64] = "at a time that no calendar has";
	struct tm parts;

	if (gmtime_r(&when, &parts))
		strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S UTC", &parts);
	printf("%s", text);
}

static void print_size(uint64_t bytes)
{
	if (bytes >= UINT64_C(10) << 20)
		printf("%llu MiB", (unsigned long long)bytes >> 20);
	else
		printf("%llu KiB", (unsigned long long)(bytes + 1023) >> 10);
}

/* Calls take() for each other crash of the same bug, wherever it is. */
static void each_same(const struct kd_found_crashes *found, const struct kd_crash *crash,
		      void (*take)(void *opaque, const struct kd_crash *same), void *opaque)
{
	for (size_t place = 0; place < found->places.count; place++)
		for (size_t i = 0; i < found->crashes[place].count; i++) {
			const struct kd_crash *other = &found->crashes[place].items[i];

			if (other != crash && same_bug(other, crash))
				take(opaque, other);
		}
}

static void print_same(void *opaque, const struct kd_crash *same)
{
	size_t *count = opaque;

	if (*count < SAME_NAMED)
		printf("%s%s", *count ? ", " : "             the same as ", same->folder);
	++*count;
}

static void print_crash(const struct kd_found_crashes *found, const struct kd_crash *crash)
{
	size_t same = 0;

	printf("%s\n  when:      ", crash->folder);
	print_time(time_of(crash));
	printf(", host %s, Linux %s\n", crash->host ? crash->host : crash->name.host,
	       or_unknown(crash->release));
	printf("  cause:     %s\n", crash->sentence ? crash->sentence : "no report tells it");
	printf("  signature: %s\n", crash->signature ? crash->signature : "none");
	each_same(found, crash, print_same, &same);
	if (same > SAME_NAMED)
		printf(", and %zu more", same - SAME_NAMED);
	printf("%s  dump:      %s, ", same ? "\n" : "",
	       crash->complete ? "complete" : "NOT complete");
	print_size(crash->bytes);
	putchar('\n');
	if (crash->reason)
		printf("             %s\n", crash->reason);
}

static void print_list(const struct kd_found_crashes *found, size_t place)
{
	const struct kd_crashes *crashes = &found->crashes[place];

	if (place)
		putchar('\n');
	if (!crashes->count)
		printf("%s: no crashes\n", found->places.folders[place]);
	else if (found->places.count > 1)
		printf("%s:\n\n", found->places.folders[place]);
	for (size_t i = 0; i < crashes->count; i++) {
		if (i)
			putchar('\n');
		print_crash(found, &crashes->items[i]);
	}
	for (size_t i = 0; i < crashes->other_count; i++)
		printf("%snot ours: %s (%s)\n", i ? "" : "\n", crashes->others[i].name,
		       crashes->others[i].why);
}

/* A name of a file may be anything. */
static json_t *text(const char *bytes)
{
	json_t *value = bytes ? json_string(bytes) : json_null();

	return value ? value : json_string("a name that is not UTF-8");
}

static void append_same(void *opaque, const struct kd_crash *same)
{
	json_array_append_new(opaque, text(same->folder));
}

static json_t *crash_object(const struct kd_found_crashes *found, size_t place,
			    const struct kd_crash *crash)
{
	json_t *same = json_array();

	each_same(found, crash, append_same, same);
	return json_pack("{so so so sI sI so so so so so so sI sI sb so}", "name",
			 text(crash->folder), "path",
			 json_sprintf("%s/%s", found->places.folders[place], crash->folder), "host",
			 text(crash->host ? crash->host : crash->name.host), "time",
			 (json_int_t)time_of(crash), "capture_time", (json_int_t)crash->name.time_s,
			 "release", text(crash->release), "sentence", text(crash->sentence), "kind",
			 text(crash->kind), "signature", text(crash->signature), "signature_text",
			 text(crash->signature_text), "same_signature", same, "bytes",
			 (json_int_t)crash->bytes, "disk_bytes", (json_int_t)crash->disk_bytes,
			 "complete", (int)crash->complete, "reason", text(crash->reason));
}

static int print_json(const struct kd_found_crashes *found)
{
	json_t *folders = json_array(), *items = json_array(), *others = json_array(), *root;
	int failed;

	for (size_t place = 0; place < found->places.count; place++) {
		const struct kd_crashes *crashes = &found->crashes[place];

		json_array_append_new(folders, text(found->places.folders[place]));
		for (size_t i = 0; i < crashes->count; i++)
			json_array_append_new(items,
					      crash_object(found, place, &crashes->items[i]));
		for (size_t i = 0; i < crashes->other_count; i++)
			json_array_append_new(others, json_pack("{so ss}", "name",
								text(crashes->others[i].name),
								"why", crashes->others[i].why));
	}
	root = json_pack("{so so so}", "folders", folders, "crashes", items, "others", others);
	failed = !root || json_dumpf(root, stdout, JSON_INDENT(2)) || putchar('\n') == EOF;
	json_decref(root);
	return failed;
}

static enum kd_status read_all(struct kd_found_crashes *found, bool given, struct kd_err *err)
{
	for (size_t i = 0; i < found->places.count; i++) {
		enum kd_status status =
			kd_crashes_read(found->places.folders[i], true, &found->crashes[i], err);

		/* the first crash makes the configured folder */
		if (status && (given || status != KD_NOTFOUND))
			return status;
	}
	return KD_OK;
}

static int list(struct kd_found_crashes *found, bool given, bool json)
{
	struct kd_err err;
	int result = KD_EXIT_DONE;

	if (read_all(found, given, &err)) {
		kd_context(&err, err.status, "list");
		result = kd_command_failed(&err);
	} else if (!json) {
		for (size_t i = 0; i < found->places.count; i++)
			print_list(found, i);
	} else if (print_json(found)) {
		kd_fail(&err, KD_NOMEM, "list: no JSON could be made of it");
		result = kd_command_failed(&err);
	}
	for (size_t i = 0; i < found->places.count; i++)
		kd_crashes_deinit(&found->crashes[i]);
	return result;
}

static int run(const struct kd_command *self, int argc, char **argv)
{
	KD_CLEANUP_FREE struct kd_found_crashes *found = calloc(1, sizeof(*found));
	struct kd_cmd_view view;
	struct kd_err err = {0};
	int exit_status;

	if (!kd_cmd_take_view(self, argc, argv, true, &view, &exit_status))
		return exit_status;
	if (!found)
		kd_fail_errno(&err, ENOMEM, "list");
	else if (!kd_find_crashes(view.word, view.root, &found->places, &err))
		return list(found, view.word != NULL, view.json);
	kd_context(&err, err.status, "list");
	return kd_command_failed(&err);
}

const struct kd_command kd_cmd_list = {
	.name = "list",
	.synopsis = "[--json] [--root ROOT] [DIR]",
	.summary = "list the crashes in a folder, and which are the same bug",
	.run = run,
	.options = "  --json       the same as JSON\n"
		   "  --root ROOT  of the system whose files are below ROOT\n"
		   "  -h, --help   print this\n"
		   "\nWithout DIR, the folders that kdump.conf(5) names. The newest comes last.\n",
};
