/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What became of it is told by three things: the answers of the guest, the dump on the stand-in, and, where there is
 * none, the console of the second kernel, whose words lead to a reason (the table below, most telling first).
 */
#include "rehearse/run.h"

#include <jansson.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/file.h"
#include "host/paths.h"
#include "rehearse/guest.h"

enum { CONSOLE_BYTES = 64 << 20, LINE_BYTES = 256, COMPLAINT_BYTES = 512, COMPLAINT_LINES = 2 };

#define PANICS "panic"
#define LOOKS  "look"

/* Words of the second kernel or of kdump-capture, and what they mean. */
static const struct {
	const char *words, *meaning;
} signs[] = {
	{"Initramfs unpacking failed",
	 "the second kernel cannot unpack its initramfs: it is damaged"},
	{"No working init found",
	 "the second kernel finds no init in its initramfs: it is damaged"},
	{"Unable to mount root fs", "the second kernel finds no initramfs, or a damaged one"},
	{"System is deadlocked on memory", "the second kernel ran out of memory: reserve more"},
	{"Out of memory", "the second kernel ran out of memory: reserve more"},
	{"invoked oom-killer", "the second kernel ran out of memory: reserve more"},
	{"page allocation failure", "the second kernel ran out of memory: reserve more"},
	{"version magic", "the modules in the image are of another kernel than the one loaded"},
	{"disagrees about version of symbol",
	 "the modules in the image are of another kernel than the one loaded"},
	{"Key was rejected by service",
	 "the modules in the image are of another kernel than the one loaded, or were changed"},
	{"No space left", "the target is full"},
	{"the device is read-only", "the target cannot be written: its device is read-only"},
	{"Read-only file system", "the target cannot be written: it is read-only"},
	{"write access unavailable", "the target cannot be written: it is read-only"},
};

static void explain(struct kd_rehearse_result *result, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void explain(struct kd_rehearse_result *result, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(result->why, sizeof(result->why), format, args);
	va_end(args);
}

/* What the guest answered in a boot; NULL for nothing that can be read. */
static json_t *read_answer(const struct kd_rehearse_run *run, const char *role)
{
	KD_CLEANUP_FREE char *text = NULL;
	char path[PATH_MAX];
	size_t bytes;

	if (kd_file_read(kd_path(path, run->work, "%s.answers", role), CONSOLE_BYTES, &text, &bytes,
			 NULL))
		return NULL;
	return json_loadb(text, strcspn(text, "\r\n"), 0, NULL);
}

static bool tells_of_failure(const char *line)
{
	static const char *const words[] = {"No such",  "no such", "cannot",  "Cannot",
					    "fail",     "Failed",  "did not", "rejected",
					    "No space", "ead-only"};

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (strstr(line, words[i]))
			return true;
	return false;
}

/* The first lines of kdump-capture that tell of a failure; "" without one. */
static void find_complaint(const char *console, char complaint[COMPLAINT_BYTES])
{
	size_t used = 0;
	int lines = 0;

	*complaint = '\0';
	while (lines < COMPLAINT_LINES && (console = strstr(console, "kdump: "))) {
		char line[LINE_BYTES];

		console += strlen("kdump: ");
		snprintf(line, sizeof(line), "%.*s", (int)strcspn(console, "\r\n"), console);
		if (!tells_of_failure(line) || used + strlen(line) + 3 > COMPLAINT_BYTES)
			continue;
		used += (size_t)sprintf(complaint + used, "%s%s", lines++ ? "; " : "", line);
	}
}

/* Why no dump arrived, from what the second kernel said. */
static void explain_console(const struct kd_rehearse_run *run, bool over,
			    struct kd_rehearse_result *result)
{
	KD_CLEANUP_FREE char *text = NULL;
	char path[PATH_MAX], complaint[COMPLAINT_BYTES];
	const char *second;
	size_t bytes;

	if (kd_file_read(kd_path(path, run->work, PANICS ".console"), CONSOLE_BYTES, &text, &bytes,
			 NULL)) {
		explain(result, "the guest said nothing");
		return;
	}
	second = strstr(text, "Linux version");
	second = second ? strstr(second + 1, "Linux version") : NULL;
	if (!second) {
		explain(result, "the second kernel did not start");
		return;
	}
	find_complaint(second, complaint);
	for (size_t i = 0; i < sizeof(signs) / sizeof(*signs); i++)
		if (strstr(second, signs[i].words)) {
			explain(result, "%s%s%s", signs[i].meaning,
				*complaint ? "; kdump-capture: " : "", complaint);
			return;
		}
	if (*complaint)
		explain(result, "kdump-capture: %s", complaint);
	else
		explain(result, "the second kernel %s before it got to kdump-capture",
			over ? "ended" : "hung");
}

/* The dump, if there is one. */
static void judge_dump(const struct kd_rehearse_run *run, json_t *answer, bool over,
		       struct kd_rehearse_result *result)
{
	json_t *crash = json_array_get(json_object_get(answer, "crashes"), 0);
	const char *cause = json_string_value(json_object_get(crash, "sentence"));
	const char *why = json_string_value(json_object_get(answer, "why"));

	if (!crash) {
		explain_console(run, over, result);
		return;
	}
	snprintf(result->cause, sizeof(result->cause), "%s", cause ? cause : "");
	result->dump_bytes = (uint64_t)json_integer_value(json_object_get(crash, "bytes"));
	if (!json_is_true(json_object_get(crash, "complete")))
		explain_console(run, over, result);
	else if (!json_is_true(json_object_get(answer, "verified")))
		explain(result, "the dump arrived, and does not verify: %s", why ? why : "");
	else
		result->passed = true;
}

enum kd_status kd_rehearse_run(const struct kd_rehearse_run *run,
			       const struct kd_rehearsal *rehearsal,
			       struct kd_rehearse_result *result, struct kd_err *err)
{
	json_t *panicked, *looked = NULL;
	const char *why;
	bool over = false, looked_over;
	enum kd_status status;

	*result = (struct kd_rehearse_result){.passed = false};
	snprintf(result->console, sizeof(result->console), "%s/" PANICS ".console", run->work);
	kd_log(run->log, KD_LOG_INFO, "making a disk that stands in for %s", rehearsal->device);
	status = kd_rehearse_make_disk(run, rehearsal, err);
	if (status)
		return status;
	kd_log(run->log, KD_LOG_INFO, "booting a guest that panics");
	status = kd_rehearse_boot(run, rehearsal, PANICS, &over, err);
	if (status)
		return status;
	panicked = read_answer(run, PANICS);
	why = json_string_value(json_object_get(panicked, "why"));
	if (!json_is_true(json_object_get(panicked, "loaded"))) {
		explain(result, "loading: %s", why ? why : "the guest did not get so far");
	} else {
		kd_log(run->log, KD_LOG_INFO, "booting it once more, to look at the dump");
		status = kd_rehearse_boot(run, rehearsal, LOOKS, &looked_over, err);
		if (!status)
			looked = read_answer(run, LOOKS);
		if (!status)
			judge_dump(run, looked, over, result);
	}
	json_decref(panicked);
	json_decref(looked);
	return status;
}
