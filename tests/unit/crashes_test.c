/* SPDX-License-Identifier: GPL-2.0-or-later */
/* src/crashes: names, folders that anybody may have written, and which crashes are kept. */
#include "test.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crashes/crash.h"
#include "crashes/keep.h"
#include "host/file.h"
#include "host/paths.h"

#define DAY_S UINT64_C(86400)

static char top[PATH_MAX];

static int set_up(void **state)
{
	snprintf(top, sizeof(top), "/tmp/kdump-crashes-XXXXXX");
	return mkdtemp(top) ? 0 : -1;
}

static int tear_down(void **state)
{
	char command[PATH_MAX + 16];

	snprintf(command, sizeof(command), "rm -rf '%s'", top);
	return system(command);
}

static void put(const char *name, const char *text)
{
	char path[PATH_MAX], folder[PATH_MAX];
	FILE *stream;

	kd_path(path, top, "%s", name);
	snprintf(folder, sizeof(folder), "%s", path);
	*strrchr(folder, '/') = '\0';
	assert_int_equal(kd_make_folders(folder, 0700, NULL), KD_OK);
	stream = fopen(path, "w");
	assert_non_null(stream);
	assert_int_equal(fwrite(text, 1, strlen(text), stream), strlen(text));
	fclose(stream);
}

static bool is_there(const char *name)
{
	char path[PATH_MAX];

	return !access(kd_path(path, top, "%s", name), F_OK);
}

static void put_crash(const char *name, const char *manifest, const char *report)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/vmcore", name);
	put(path, "a dump");
	snprintf(path, sizeof(path), "%s/manifest.json", name);
	put(path, manifest);
	snprintf(path, sizeof(path), "%s/report.json", name);
	put(path, report);
}

static struct kd_crashes read_top(void)
{
	struct kd_crashes crashes;

	assert_int_equal(kd_crashes_read(top, true, &crashes, NULL), KD_OK);
	return crashes;
}

#define WHOLE                                                                                       \
	"{\"complete\": true, \"host\": \"web\", \"crash_time\": 1700000000, \"release\": \"6.1\"," \
	" \"files\": {\"vmcore\": {\"bytes\": 6}}}"
#define REPORT "{\"sentence\": \"It fell.\", \"signature\": \"abcd\"}"

static void test_names(void **state)
{
	static const char *const bad[] = {
		"",
		"web",
		"-2026-01-02T03-04-05Z",
		"web-2026-01-02T03-04-05",
		"web-2026-1-02T03-04-05Z",
		"web-2026-13-02T03-04-05Z",
		"web-2026-02-30T03-04-05Z",
		"web-2026-01-02T03-04-05Z-1",
		"web-2026-01-02T03-04-05Z-02",
		"web-2026-01-02T03-04-05Z-x",
		"web-2026-01-02T03-04-05Z.old",
		".web-2026-01-02T03-04-05Z",
		"we b-2026-01-02T03-04-05Z",
		"web-2026-01-02T03-04-05Z-2-3",
		"202601020304",
		"web-2026-01-02T03-04-05Z-",
		"web-1966-01-02T03-04-05Z",
		"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx-2026-01-02T03-04-05Z",
	};
	static const char *const good[] = {
		"web-2026-01-02T03-04-05Z",
		"web-1-2026-01-02T03-04-05Z",
		"a.b_c-2026-01-02T03-04-05Z-2",
		"Z-2026-01-02T03-04-05Z-17",
	};
	struct kd_crash_name name;
	char text[KD_CRASH_NAME_BYTES];

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		if (kd_crash_name_parse(bad[i], &name))
			fail_msg("%s was taken", bad[i]);
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		assert_true(kd_crash_name_parse(good[i], &name));
		kd_crash_name_format(&name, text);
		assert_string_equal(text, good[i]);
	}
	assert_true(kd_crash_name_parse("a-b-2001-09-09T01-46-40Z-3", &name));
	assert_string_equal(name.host, "a-b");
	assert_int_equal(name.time_s, 1000000000);
	assert_int_equal(name.serial, 3);
	name.time_s = UINT64_MAX / 2; /* no calendar has it */
	kd_crash_name_format(&name, text);
	assert_true(kd_crash_name_parse(text, &name));
}

static void test_reads_crashes_in_order(void **state)
{
	struct kd_crashes crashes;

	put_crash("web-2026-01-03T00-00-00Z", WHOLE, REPORT);
	put_crash("web-2026-01-02T00-00-00Z-2", WHOLE,
		  "{\"sentence\": \"Stuck.\", \"signature\": null}");
	put_crash("web-2026-01-02T00-00-00Z",
		  "{\"complete\": false, \"reason\": \"dump: No space left\"}", REPORT);
	crashes = read_top();
	assert_int_equal(crashes.count, 3);
	assert_int_equal(crashes.other_count, 0);
	assert_string_equal(crashes.items[0].folder, "web-2026-01-02T00-00-00Z");
	assert_false(crashes.items[0].complete);
	assert_string_equal(crashes.items[0].reason, "dump: No space left");
	assert_string_equal(crashes.items[1].folder, "web-2026-01-02T00-00-00Z-2");
	assert_null(crashes.items[1].signature);
	assert_string_equal(crashes.items[2].sentence, "It fell.");
	assert_string_equal(crashes.items[2].signature, "abcd");
	assert_string_equal(crashes.items[2].release, "6.1");
	assert_int_equal(crashes.items[2].crash_time_s, 1700000000);
	assert_true(crashes.items[2].complete);
	assert_null(crashes.items[2].reason);
	assert_int_equal(crashes.items[2].bytes, strlen("a dump" WHOLE REPORT));
	kd_crashes_deinit(&crashes);
	assert_int_equal(kd_crashes_read("/nowhere/at/all", true, &crashes, NULL), KD_NOTFOUND);
}

/* Every broken manifest leaves a crash that is listed, and is not called complete. */
static void test_broken_manifests(void **state)
{
	static const struct {
		const char *manifest, *why;
	} cases[] = {
		{"", "manifest.json"},
		{"{", "manifest.json"},
		{"[1, 2]", "not a JSON object"},
		{"{\"complete\": \"yes\"}", "does not say why"},
		{"{\"complete\": false, \"reason\": 7}", "does not say why"},
		{"{\"complete\": true, \"files\": {\"vmcore\": {\"bytes\": 7}}}",
		 "has 6 bytes, and had 7"},
		{"{\"complete\": false, \"reason\": \"\\u001b[2Jgone\"}", "?[2Jgone"},
		{"{\"complete\": false, \"reason\": \"a\\u009bb\"}", "a??b"},
		{"{\"complete\": true, \"crash_time\": -5, \"files\": []}",
		 NULL}, /* nothing to compare with */
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct kd_crashes crashes;

		put_crash("web-2026-01-03T00-00-00Z", cases[i].manifest, "{\"sentence\": [");
		crashes = read_top();
		assert_int_equal(crashes.count, 1);
		assert_null(crashes.items[0].sentence);
		assert_int_equal(crashes.items[0].crash_time_s, 0);
		assert_int_equal(crashes.items[0].complete, !cases[i].why);
		if (cases[i].why && !strstr(crashes.items[0].reason, cases[i].why))
			fail_msg("%s: %s", cases[i].manifest, crashes.items[0].reason);
		kd_crashes_deinit(&crashes);
	}
}

static void test_truncated_manifests(void **state)
{
	char text[] = WHOLE;

	for (size_t length = strlen(text); length--;) {
		struct kd_crashes crashes;

		text[length] = '\0';
		put_crash("web-2026-01-03T00-00-00Z", text, REPORT);
		crashes = read_top();
		assert_int_equal(crashes.count, 1);
		assert_false(crashes.items[0].complete);
		assert_non_null(crashes.items[0].reason);
		kd_crashes_deinit(&crashes);
	}
}

static void test_what_is_not_ours(void **state)
{
	struct kd_crashes crashes;
	char from[PATH_MAX], to[PATH_MAX];

	put("202611232020/dump.202611232020", "of kdump-tools");
	put("notes.txt", "mine");
	put_crash("elsewhere/web-2026-01-03T00-00-00Z", WHOLE, REPORT);
	kd_path(from, top, "elsewhere/web-2026-01-03T00-00-00Z");
	assert_int_equal(symlink(from, kd_path(to, top, "web-2026-01-04T00-00-00Z")), 0);
	/* a manifest that is a link, or a pipe that nobody writes to, is not read */
	put("web-2026-01-05T00-00-00Z/dmesg.txt", "log");
	kd_path(from, top, "elsewhere/web-2026-01-03T00-00-00Z/manifest.json");
	assert_int_equal(symlink(from, kd_path(to, top, "web-2026-01-05T00-00-00Z/manifest.json")),
			 0);
	put("web-2026-01-06T00-00-00Z/dmesg.txt", "log");
	assert_int_equal(mkfifo(kd_path(to, top, "web-2026-01-06T00-00-00Z/manifest.json"), 0600),
			 0);
	crashes = read_top();
	assert_int_equal(crashes.other_count, 4);
	assert_string_equal(crashes.others[0].name, "202611232020");
	assert_string_equal(crashes.others[3].name, "web-2026-01-04T00-00-00Z");
	assert_string_equal(crashes.others[3].why, "a link");
	assert_int_equal(crashes.count, 2);
	assert_false(crashes.items[0].complete);
	assert_non_null(strstr(crashes.items[1].reason, "not a plain file"));
	kd_crashes_deinit(&crashes);
}

static void test_folders_of_users(void **state)
{
	struct kd_crashes crashes;
	char path[PATH_MAX];

	if (geteuid())
		skip(); /* nobody else's folder can be made */
	put_crash("web-2026-01-03T00-00-00Z", WHOLE, REPORT);
	put_crash("web-2036-01-03T00-00-00Z", WHOLE, REPORT);
	assert_int_equal(chown(kd_path(path, top, "web-2036-01-03T00-00-00Z"), 1000, 1000), 0);
	crashes = read_top();
	assert_int_equal(crashes.count, 1);
	assert_int_equal(crashes.other_count, 1);
	assert_string_equal(crashes.others[0].why, "belongs to a user");
	kd_crashes_deinit(&crashes);
}

static void test_removes_only_ours(void **state)
{
	struct kd_crashes crashes;
	struct kd_err err;

	put_crash("web-2026-01-03T00-00-00Z", WHOLE, REPORT);
	put_crash("web-2026-01-04T00-00-00Z", WHOLE, REPORT);
	put("web-2026-01-04T00-00-00Z/analysis.txt", "days of work");
	put_crash("web-2026-01-05T00-00-00Z", WHOLE, REPORT);
	crashes = read_top();
	assert_null(crashes.items[0].strange);
	assert_string_equal(crashes.items[1].strange, "analysis.txt");
	assert_int_equal(kd_crash_remove(top, &crashes.items[0], &err), KD_OK);
	assert_false(is_there("web-2026-01-03T00-00-00Z"));
	assert_int_equal(kd_crash_remove(top, &crashes.items[0], &err), KD_NOTFOUND);
	assert_int_equal(kd_crash_remove(top, &crashes.items[1], &err), KD_INVALID);
	assert_non_null(strstr(err.text, "analysis.txt"));
	assert_true(is_there("web-2026-01-04T00-00-00Z/vmcore"));
	/* what comes after the folder was read counts as well */
	put("web-2026-01-05T00-00-00Z/analysis.txt", "more");
	assert_int_equal(kd_crash_remove(top, &crashes.items[2], &err), KD_INVALID);
	assert_true(is_there("web-2026-01-05T00-00-00Z/manifest.json"));
	kd_crashes_deinit(&crashes);
}

/* Six crashes, one a day, 10 MiB each; '-' removed, 'k' kept. */
static void check_choice(const struct kd_keep *keep, const struct kd_keep_state *state,
			 const char *complete, const char *strange, const char *expected)
{
	struct kd_crash items[6] = {0};
	struct kd_crashes crashes = {.items = items, .count = strlen(complete)};
	struct kd_keep_choice choices[6];
	char found[7] = "", mark[] = "x";

	for (size_t i = 0; i < crashes.count; i++) {
		items[i].name.time_s = (100 + i) * DAY_S;
		items[i].disk_bytes = 10 << 20;
		items[i].complete = complete[i] == 'c';
		items[i].strange = strange[i] == 's' ? mark : NULL;
	}
	kd_keep_choose(keep, state, &crashes, choices);
	for (size_t i = 0; i < crashes.count; i++) {
		found[i] = choices[i].remove ? '-' : 'k';
		assert_int_equal(choices[i].remove, *choices[i].why != '\0');
	}
	assert_string_equal(found, expected);
}

static void test_keeping(void **state)
{
	static const struct {
		struct kd_keep keep;
		struct kd_keep_state state;
		const char *complete, *strange, *expected;
	} cases[] = {
		/* no rule, nothing removed */
		{{0}, {200 * DAY_S, 0, 1}, "cccccc", "      ", "kkkkkk"},
		{{.count = 4}, {106 * DAY_S, 0, 0}, "cccccc", "      ", "--kkkk"},
		{{.count = 4}, {106 * DAY_S, 0, 1}, "cccccc", "      ", "---kkk"},
		/* the newest stays, and the newest whole one */
		{{.count = 1}, {106 * DAY_S, 0, 1}, "cccccc", "      ", "-----k"},
		{{.count = 1}, {106 * DAY_S, 0, 0}, "ccc...", "      ", "--k--k"},
		{{.count = 1}, {106 * DAY_S, 0, 0}, "......", "      ", "-----k"},
		/* a stranger's file keeps a crash */
		{{.count = 2}, {106 * DAY_S, 0, 0}, "cccccc", "s     ", "k----k"},
		{{.days = 3}, {106 * DAY_S, 0, 0}, "cccccc", "      ", "---kkk"},
		{{.days = 3}, {900 * DAY_S, 0, 0}, "cccccc", "      ", "-----k"},
		/* a clock that was set back */
		{{.days = 3}, {104 * DAY_S, 0, 0}, "cccccc", "      ", "kkkkkk"},
		{{.days = 3}, {0, 0, 0}, "cccccc", "      ", "kkkkkk"},
		{{.free_bytes = 25 << 20},
		 {106 * DAY_S, 10 << 20, 1},
		 "cccccc",
		 "      ",
		 "--kkkk"},
		{{.free_bytes = 25 << 20},
		 {106 * DAY_S, 25 << 20, 1},
		 "cccccc",
		 "      ",
		 "kkkkkk"},
		{{.free_bytes = UINT64_MAX}, {106 * DAY_S, 0, 1}, "cccccc", "      ", "-----k"},
		{{.count = 5, .free_bytes = 25 << 20},
		 {106 * DAY_S, 10 << 20, 0},
		 "cccccc",
		 "      ",
		 "--kkkk"},
		{{.count = 1}, {106 * DAY_S, 0, 1}, "c", " ", "k"},
		{{.count = 1}, {106 * DAY_S, 0, 1}, "", "", ""},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		check_choice(&cases[i].keep, &cases[i].state, cases[i].complete, cases[i].strange,
			     cases[i].expected);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test_setup_teardown(test_reads_crashes_in_order, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_broken_manifests, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_truncated_manifests, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_what_is_not_ours, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_folders_of_users, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_removes_only_ours, set_up, tear_down),
		cmocka_unit_test(test_keeping),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
