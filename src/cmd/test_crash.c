/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/test_crash.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cmd/dump_input.h"
#include "host/file.h"
#include "host/system.h"
#include "load/marks.h"

#define MARK "test-crash.json"

/* The panic comes right after the mark. */
enum { MARK_BYTES = 4096, MARK_MODE = 0600, STATE_MODE = 0755, LATEST_SECONDS = 60 };

enum kd_status kd_test_crash_write(const struct kd_paths *paths, const struct kd_test_crash *test,
				   struct kd_err *err)
{
	json_t *json = json_pack("{s:I, s:s, s:b}", "time", (json_int_t)test->time_s, "boot_id",
				 test->boot_id, "told", (int)test->told);
	KD_CLEANUP_FREE char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;
	enum kd_status status = kd_make_folders(paths->state, STATE_MODE, err);
	char path[PATH_MAX];

	json_decref(json);
	if (status)
		return status;
	if (!text)
		return kd_fail(err, KD_NOMEM, MARK ": no memory");
	return kd_file_replace(kd_path(path, paths->state, MARK), text, strlen(text), MARK_MODE,
			       err);
}

static enum kd_status parse(const char *path, const char *text, size_t bytes,
			    struct kd_test_crash *test, struct kd_err *err)
{
	json_t *json = json_loadb(text, bytes, 0, NULL);
	enum kd_status status = KD_OK;
	const char *boot_id = NULL;
	json_int_t seconds = -1;
	int told = false;

	if (json)
		json_unpack(json, "{s:I, s:s, s?b}", "time", &seconds, "boot_id", &boot_id, "told",
			    &told);
	if (seconds >= 0 && boot_id && strlen(boot_id) < sizeof(test->boot_id)) {
		*test = (struct kd_test_crash){.time_s = (uint64_t)seconds, .told = told};
		strcpy(test->boot_id, boot_id);
	} else {
		status = kd_fail(err, KD_CORRUPT, "%s: not what `kdump test` writes", path);
	}
	json_decref(json);
	return status;
}

enum kd_status kd_test_crash_read(const struct kd_paths *paths, struct kd_test_crash *test,
				  struct kd_err *err)
{
	char path[PATH_MAX], boot_id[64];
	KD_CLEANUP_FREE char *text = NULL;
	struct kd_test_crash found;
	size_t bytes;
	enum kd_status status =
		kd_file_read(kd_path(path, paths->state, MARK), MARK_BYTES, &text, &bytes, err);

	if (status == KD_NOTFOUND)
		return kd_fail(err, status, "there was no test crash on this machine");
	if (!status)
		status = parse(path, text, bytes, &found, err);
	if (!status)
		status = kd_marks_boot_id(paths, boot_id, err);
	if (status)
		return status;
	if (!strcmp(boot_id, found.boot_id))
		return kd_fail(err, KD_INVALID,
			       "the machine was to crash, and has not been started again since");
	*test = found;
	return KD_OK;
}

/* The dead kernel's own clock is that of the mark; that of the second one may be less exact. */
static bool is_of_the_time(const struct kd_test_crash *test, const struct kd_crash *crash)
{
	if (!crash->crash_time_s)
		return crash->name.time_s >= test->time_s;
	return crash->crash_time_s >= test->time_s &&
	       crash->crash_time_s - test->time_s <= LATEST_SECONDS;
}

/* How sure it is that the crash is the test's; of two targets that have something of it, a whole dump is. */
static int likeness(const struct kd_test_crash *test, const struct kd_crash *crash)
{
	if (!is_of_the_time(test, crash))
		return 0;
	if (crash->kind && strcmp(crash->kind, "requested") != 0)
		return 0;
	return 1 + crash->complete + 2 * (crash->kind != NULL);
}

void kd_test_crash_find(const struct kd_test_crash *test, const struct kd_found_crashes *found,
			struct kd_test_result *result)
{
	int best = 0;

	*result = (struct kd_test_result){.missing = found->places.missing};
	for (size_t place = 0; place < found->places.count; place++)
		for (size_t i = 0; i < found->crashes[place].count; i++) {
			const struct kd_crash *crash = &found->crashes[place].items[i];
			int like = likeness(test, crash);

			if (like <= best)
				continue;
			best = like;
			result->complete = crash->complete;
			kd_path(result->path, found->places.folders[place], "%s", crash->folder);
		}
}

void kd_test_crash_text(const struct kd_test_crash *test, const struct kd_test_result *result,
			char text[KD_TEST_TEXT_BYTES])
{
	time_t seconds = (time_t)test->time_s;
	char when[32] = "an unknown time";
	struct tm tm;

	if (localtime_r(&seconds, &tm))
		strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S", &tm);
	if (*result->path)
		snprintf(text, KD_TEST_TEXT_BYTES, "The test crash of %s gave a dump, %s: %s", when,
			 result->complete ? "complete" : "NOT complete", result->path);
	else if (result->missing)
		snprintf(text, KD_TEST_TEXT_BYTES,
			 "The test crash of %s gave no dump; not looked at: %zu targets, which are "
			 "not mounted",
			 when, result->missing);
	else
		snprintf(text, KD_TEST_TEXT_BYTES, "The test crash of %s gave no dump", when);
}

json_t *kd_test_crash_json(const struct kd_test_crash *test, const struct kd_test_result *result)
{
	return json_pack("{s:I, s:b, s:b, s:o}", "time", (json_int_t)test->time_s, "arrived",
			 (int)(*result->path != '\0'), "complete", (int)result->complete, "path",
			 *result->path ? kd_json_text(result->path, strlen(result->path))
				       : json_null());
}
