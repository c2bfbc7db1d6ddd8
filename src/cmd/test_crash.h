/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A crash on purpose, from its mark, which is written right before, to what came of it: `kdump test`, `kdump collect`. */
#ifndef KD_CMD_TEST_CRASH_H
#define KD_CMD_TEST_CRASH_H

#include <jansson.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "cmd/crash_place.h"

struct kd_test_crash {
	uint64_t time_s;
	char boot_id[64]; /* of the boot that it ended */
	bool told;        /* `kdump collect` has said what came of it */
};

/* What came of it: the crash's folder, "" when there is none. */
struct kd_test_result {
	char path[PATH_MAX];
	bool complete;
	size_t missing; /* targets that could not be looked at */
};

enum { KD_TEST_TEXT_BYTES = PATH_MAX + 128 };

/* KD_SYSTEM, KD_NOMEM. */
enum kd_status kd_test_crash_write(const struct kd_paths *paths, const struct kd_test_crash *test,
				   struct kd_err *err);
/* KD_NOTFOUND: there was none; KD_INVALID: the boot that it was to end is this one; KD_CORRUPT. */
enum kd_status kd_test_crash_read(const struct kd_paths *paths, struct kd_test_crash *test,
				  struct kd_err *err);

/*
 * The crash that is the test's: of its time, asked for by sysrq, or with nothing that tells its cause; another
 * crash since then is none.
 */
void kd_test_crash_find(const struct kd_test_crash *test, const struct kd_found_crashes *found,
			struct kd_test_result *result);

/* "The test crash of 2026-01-01 00:00:00 gave a dump, complete: /var/crash/…". */
void kd_test_crash_text(const struct kd_test_crash *test, const struct kd_test_result *result,
			char text[KD_TEST_TEXT_BYTES]);
json_t *kd_test_crash_json(const struct kd_test_crash *test, const struct kd_test_result *result);

#endif
