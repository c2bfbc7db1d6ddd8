/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "advise/last_diagnosis.h"

#include <errno.h>
#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "host/file.h"
#include "host/system.h"

enum { VERSION = 1, FILE_BYTES = 1 << 20 };

static const char *file_path(const struct kd_paths *paths, char path[])
{
	return kd_path(path, paths->state, "doctor.json");
}

/* A message may quote a file's bytes; JSON wants UTF-8, and so such a sentence is left out. */
static json_t *text_of(const char *sentence)
{
	json_t *text = json_string(sentence);

	return text ? text : json_null();
}

static enum kd_status take(const json_t *root, const char *path, struct kd_last_diagnosis *last,
			   struct kd_err *err)
{
	const json_t *findings = json_object_get(root, "findings");
	struct kd_last_diagnosis read = {0};

	if (json_integer_value(json_object_get(root, "version")) != VERSION ||
	    !json_is_object(findings))
		return kd_fail(err, KD_CORRUPT, "%s: is no diagnosis of this program", path);
	for (size_t i = 0; kd_checks[i].name; i++) {
		const json_t *finding = json_object_get(findings, kd_checks[i].name);
		const char *word = json_string_value(json_object_get(finding, "result"));
		const char *sentence = json_string_value(json_object_get(finding, "sentence"));

		read.findings[i].known = word && kd_result_parse(word, &read.findings[i].result);
		snprintf(read.findings[i].sentence, KD_SENTENCE_BYTES, "%s",
			 sentence ? sentence : "");
	}
	*last = read;
	return KD_OK;
}

static bool same_without_digits(const char *a, const char *b)
{
	static const char digits[] = "0123456789";

	for (;; a++, b++) {
		a += strspn(a, digits);
		b += strspn(b, digits);
		if (!*a || *a != *b)
			return *a == *b;
	}
}

bool kd_finding_is_news(const struct kd_last_finding *last, const struct kd_finding *finding)
{
	if (!last->known || last->result != finding->result)
		return finding->result != (last->known ? last->result : KD_RESULT_OK);
	return finding->result != KD_RESULT_OK && *last->sentence &&
	       !same_without_digits(last->sentence, finding->sentence);
}

enum kd_status kd_last_diagnosis_read(const struct kd_paths *paths, struct kd_last_diagnosis *last,
				      struct kd_err *err)
{
	KD_CLEANUP_FREE char *text = NULL;
	char path[PATH_MAX];
	json_error_t error;
	enum kd_status status;
	json_t *root;
	size_t bytes;

	status = kd_file_read(file_path(paths, path), FILE_BYTES, &text, &bytes, err);
	if (status)
		return status;
	root = json_loadb(text, bytes, JSON_REJECT_DUPLICATES, &error);
	if (!root)
		return kd_fail(err, KD_CORRUPT, "%s: line %d: %s", path, error.line, error.text);
	status = take(root, path, last, err);
	json_decref(root);
	return status;
}

enum kd_status kd_last_diagnosis_write(const struct kd_paths *paths,
				       const struct kd_diagnosis *diagnosis, struct kd_err *err)
{
	json_t *findings = json_object(), *root;
	KD_CLEANUP_FREE char *text = NULL;
	char path[PATH_MAX];
	enum kd_status status;

	for (size_t i = 0; findings && i < diagnosis->count; i++) {
		const struct kd_finding *finding = &diagnosis->findings[i];

		json_object_set_new(findings, finding->check,
				    json_pack("{ss so}", "result", kd_result_name(finding->result),
					      "sentence", text_of(finding->sentence)));
	}
	root = json_pack("{si sI so}", "version", VERSION, "time", (json_int_t)time(NULL),
			 "findings", findings);
	text = root ? json_dumps(root, JSON_INDENT(2)) : NULL;
	json_decref(root);
	if (!text)
		return kd_fail_errno(err, ENOMEM, "%s", file_path(paths, path));
	status = kd_make_folders(paths->state, 0755, err);
	return status ? status
		      : kd_file_replace(file_path(paths, path), text, strlen(text), 0644, err);
}
