/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "load/record.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/file.h"
#include "host/system.h"
#include "load/method.h"

enum { RECORD_VERSION = 1, RECORD_LIMIT_BYTES = 256 << 10, RECORD_MODE = 0600, STATE_MODE = 0755 };

static const char *const role_names[KD_ROLE_COUNT] = {
	[KD_ROLE_KERNEL] = "kernel",
	[KD_ROLE_INITRD] = "initrd",
	[KD_ROLE_CONFIG] = "configuration",
};

const char *kd_load_role_name(enum kd_load_role role)
{
	return (unsigned int)role < KD_ROLE_COUNT ? role_names[role] : NULL;
}

static const char *record_path(const struct kd_paths *paths, char path[PATH_MAX])
{
	return kd_path(path, paths->state, "loaded.json");
}

void kd_load_arguments_deinit(struct kd_load_arguments *arguments)
{
	free(arguments->kernel);
	free(arguments->initrd);
	free(arguments->command_line);
	free(arguments->append);
	*arguments = (struct kd_load_arguments){0};
}

enum kd_status kd_load_arguments_copy(const struct kd_load_arguments *from,
				      struct kd_load_arguments *to, struct kd_err *err)
{
	struct kd_load_arguments copy = *from;
	const char *sources[] = {from->kernel, from->initrd, from->command_line, from->append};
	char **targets[] = {&copy.kernel, &copy.initrd, &copy.command_line, &copy.append};
	bool whole = true;

	for (int i = 0; i < 4; i++) {
		*targets[i] = sources[i] ? strdup(sources[i]) : NULL;
		whole = whole && !sources[i] == !*targets[i];
	}
	if (!whole) {
		kd_load_arguments_deinit(&copy);
		return kd_fail_errno(err, ENOMEM, "arguments");
	}
	*to = copy;
	return KD_OK;
}

void kd_load_record_deinit(struct kd_load_record *record)
{
	kd_load_arguments_deinit(&record->arguments);
	free(record->command_line);
	for (int i = 0; i < KD_ROLE_COUNT; i++)
		free(record->files[i].path);
	*record = (struct kd_load_record){0};
}

/* Reading: a cursor that remembers the first key that was wrong, so that callers ask once. */

struct reader {
	const char *bad; /* NULL so far */
	bool no_memory;
};

static json_t *member(struct reader *reader, const json_t *object, const char *key, json_type type,
		      bool required)
{
	json_t *value = json_object_get(object, key);

	if (value && json_typeof(value) == type)
		return value;
	if ((value || required) && !reader->bad)
		reader->bad = key;
	return NULL;
}

static bool boolean(struct reader *reader, const json_t *object, const char *key)
{
	json_t *value = json_object_get(object, key);

	if (value && !json_is_boolean(value) && !reader->bad)
		reader->bad = key;
	return json_is_true(value);
}

static char *text(struct reader *reader, const json_t *object, const char *key, bool required)
{
	json_t *value = member(reader, object, key, JSON_STRING, required);
	char *copy = value ? strdup(json_string_value(value)) : NULL;

	if (value && !copy)
		reader->no_memory = true;
	return copy;
}

static void short_text(struct reader *reader, const json_t *object, const char *key, char *to,
		       size_t bytes)
{
	json_t *value = member(reader, object, key, JSON_STRING, true);

	if (!value)
		return;
	if (json_string_length(value) >= bytes) {
		if (!reader->bad)
			reader->bad = key;
		return;
	}
	memcpy(to, json_string_value(value), json_string_length(value) + 1);
}

static uint64_t count(struct reader *reader, const json_t *object, const char *key)
{
	json_t *value = member(reader, object, key, JSON_INTEGER, true);

	if (value && json_integer_value(value) < 0) {
		if (!reader->bad)
			reader->bad = key;
		return 0;
	}
	return value ? (uint64_t)json_integer_value(value) : 0;
}

static uint64_t address(struct reader *reader, const json_t *object, const char *key)
{
	json_t *value = member(reader, object, key, JSON_STRING, true);
	const char *digits = value ? json_string_value(value) : "0x0";
	char *end;
	uint64_t number;

	errno = 0;
	number = strtoull(digits, &end, 16);
	if ((strncmp(digits, "0x", 2) || *end || errno) && !reader->bad)
		reader->bad = key;
	return number;
}

static void read_arguments(struct reader *reader, const json_t *object,
			   struct kd_load_arguments *arguments)
{
	KD_CLEANUP_FREE char *method = text(reader, object, "method", true);
	KD_CLEANUP_FREE char *backup = text(reader, object, "backup", true);

	arguments->kernel = text(reader, object, "kernel", false);
	arguments->initrd = text(reader, object, "initrd", false);
	arguments->no_initrd = boolean(reader, object, "no_initrd");
	arguments->command_line = text(reader, object, "command_line", false);
	arguments->reuse_command_line = boolean(reader, object, "reuse_command_line");
	arguments->append = text(reader, object, "append", false);
	if (method && !kd_load_method_parse(method, &arguments->method) && !reader->bad)
		reader->bad = "method";
	if (backup && !kd_backup_parse(backup, &arguments->backup) && !reader->bad)
		reader->bad = "backup";
}

static void read_files(struct reader *reader, const json_t *list, struct kd_load_record *record)
{
	const json_t *item;
	size_t i;

	json_array_foreach(list, i, item)
	{
		json_t *role = member(reader, item, "role", JSON_STRING, true);
		struct kd_load_file *file = NULL;

		for (int r = 0; role && r < KD_ROLE_COUNT; r++)
			if (!strcmp(json_string_value(role), role_names[r]))
				file = &record->files[r];
		if (!file || file->path) { /* unknown, or the same role twice */
			if (!reader->bad)
				reader->bad = "role";
			return;
		}
		file->path = text(reader, item, "path", true);
		short_text(reader, item, "sha256", file->sha256, sizeof(file->sha256));
		file->bytes = count(reader, item, "bytes");
	}
}

static void read_segments(struct reader *reader, const json_t *list, struct kd_load_record *record)
{
	const json_t *item;
	size_t i;

	if (json_array_size(list) > KD_RECORD_SEGMENTS && !reader->bad)
		reader->bad = "segments";
	json_array_foreach(list, i, item)
	{
		struct kd_load_placed *placed;

		if (reader->bad)
			return;
		placed = &record->segments[record->segment_count++];
		short_text(reader, item, "name", placed->name, sizeof(placed->name));
		placed->paddr = address(reader, item, "address");
		placed->bytes = count(reader, item, "bytes");
	}
}

static void read_loaded(struct reader *reader, const json_t *object, struct kd_load_record *record)
{
	KD_CLEANUP_FREE char *method = text(reader, object, "method", true);

	record->time_s = count(reader, object, "time");
	short_text(reader, object, "boot_id", record->boot_id, sizeof(record->boot_id));
	short_text(reader, object, "release", record->release, sizeof(record->release));
	if (method &&
	    (!kd_load_method_parse(method, &record->method) || record->method == KD_LOAD_AUTO) &&
	    !reader->bad)
		reader->bad = "method";
	record->backup = boolean(reader, object, "backup");
	record->command_line = text(reader, object, "command_line", true);
	short_text(reader, object, "layout", record->layout, sizeof(record->layout));
	read_files(reader, member(reader, object, "files", JSON_ARRAY, true), record);
	read_segments(reader, member(reader, object, "segments", JSON_ARRAY, true), record);
}

static enum kd_status read_root(const json_t *root, struct kd_load_record *record,
				struct kd_err *err)
{
	struct reader reader = {0};
	uint64_t version = count(&reader, root, "version");

	if (!reader.bad && version != RECORD_VERSION)
		return kd_fail(err, KD_UNSUPPORTED, "version %" PRIu64 " is not one we know",
			       version);
	record->armed = boolean(&reader, root, "armed");
	read_arguments(&reader, member(&reader, root, "request", JSON_OBJECT, true),
		       &record->arguments);
	read_loaded(&reader, member(&reader, root, "loaded", JSON_OBJECT, true), record);
	if (reader.no_memory)
		return kd_fail_errno(err, ENOMEM, "reading it");
	if (reader.bad)
		return kd_fail(err, KD_CORRUPT, "\"%s\" is missing or wrong", reader.bad);
	return KD_OK;
}

enum kd_status kd_load_record_read(const struct kd_paths *paths, struct kd_load_record *record,
				   struct kd_err *err)
{
	KD_CLEANUP_FREE char *content = NULL;
	struct kd_load_record found = {0};
	char path[PATH_MAX];
	json_error_t problem;
	json_t *root;
	size_t bytes;
	enum kd_status status =
		kd_file_read(record_path(paths, path), RECORD_LIMIT_BYTES, &content, &bytes, err);

	if (status)
		return status;
	root = json_loadb(content, bytes, JSON_REJECT_DUPLICATES, &problem);
	if (!root)
		return kd_fail(err, KD_CORRUPT, "%s: line %d: %s", path, problem.line,
			       problem.text);
	status = read_root(root, &found, err);
	json_decref(root);
	if (status) {
		kd_load_record_deinit(&found);
		return kd_context(err, status, "%s", path);
	}
	*record = found;
	return KD_OK;
}

/*
 * Writing. JSON holds UTF-8 only, and jansson answers anything else, or a lack of memory, with NULL
 * somewhere down the tree: each part is made whole or not at all.
 */

static bool set_text(json_t *object, const char *key, const char *value)
{
	return !value || !json_object_set_new(object, key, json_string(value));
}

static json_t *whole_or_null(json_t *value, bool whole)
{
	if (whole)
		return value;
	json_decref(value);
	return NULL;
}

static json_t *make_arguments(const struct kd_load_arguments *arguments)
{
	json_t *object = json_pack(
		"{s:s, s:s, s:b, s:b}", "method", kd_load_method_name(arguments->method), "backup",
		kd_backup_name(arguments->backup), "no_initrd", arguments->no_initrd,
		"reuse_command_line", arguments->reuse_command_line);

	return whole_or_null(object,
			     set_text(object, "kernel", arguments->kernel) &&
				     set_text(object, "initrd", arguments->initrd) &&
				     set_text(object, "command_line", arguments->command_line) &&
				     set_text(object, "append", arguments->append));
}

static json_t *make_files(const struct kd_load_record *record)
{
	json_t *list = json_array();
	bool whole = list != NULL;

	for (int i = 0; i < KD_ROLE_COUNT; i++) {
		const struct kd_load_file *file = &record->files[i];

		if (file->path)
			whole &= !json_array_append_new(
				list, json_pack("{s:s, s:s, s:s, s:I}", "role", role_names[i],
						"path", file->path, "sha256", file->sha256, "bytes",
						(json_int_t)file->bytes));
	}
	return whole_or_null(list, whole);
}

static json_t *make_segments(const struct kd_load_record *record)
{
	json_t *list = json_array();
	bool whole = list != NULL;

	for (size_t i = 0; i < record->segment_count; i++) {
		const struct kd_load_placed *placed = &record->segments[i];
		char hex[32];

		snprintf(hex, sizeof(hex), "0x%" PRIx64, placed->paddr);
		whole &= !json_array_append_new(
			list, json_pack("{s:s, s:s, s:I}", "name", placed->name, "address", hex,
					"bytes", (json_int_t)placed->bytes));
	}
	return whole_or_null(list, whole);
}

static json_t *make_root(const struct kd_load_record *record)
{
	return json_pack("{s:i, s:b, s:o, s:{s:I, s:s, s:s, s:s, s:b, s:s, s:s, s:o, s:o}}",
			 "version", RECORD_VERSION, "armed", record->armed, "request",
			 make_arguments(&record->arguments), "loaded", "time",
			 (json_int_t)record->time_s, "boot_id", record->boot_id, "release",
			 record->release, "method", kd_load_method_name(record->method), "backup",
			 record->backup, "command_line",
			 record->command_line ? record->command_line : "", "layout", record->layout,
			 "files", make_files(record), "segments", make_segments(record));
}

static enum kd_status make_text(const struct kd_load_record *record, char **content,
				struct kd_err *err)
{
	json_t *root = make_root(record);

	if (!root)
		return kd_fail(err, KD_INVALID, "a path or an argument is not valid UTF-8");
	*content = json_dumps(root, JSON_INDENT(2));
	json_decref(root);
	return *content ? KD_OK : kd_fail_errno(err, ENOMEM, "record");
}

enum kd_status kd_load_record_check(const struct kd_load_record *record, struct kd_err *err)
{
	KD_CLEANUP_FREE char *content = NULL;

	return make_text(record, &content, err);
}

enum kd_status kd_load_record_write(const struct kd_paths *paths,
				    const struct kd_load_record *record, struct kd_err *err)
{
	KD_CLEANUP_FREE char *content = NULL;
	char path[PATH_MAX];
	enum kd_status status = make_text(record, &content, err);

	record_path(paths, path);
	if (status)
		return kd_context(err, status, "%s", path);
	status = kd_make_folders(paths->state, STATE_MODE, err);
	return status ? status : kd_file_replace(path, content, strlen(content), RECORD_MODE, err);
}

enum kd_status kd_load_record_remove(const struct kd_paths *paths, struct kd_err *err)
{
	char path[PATH_MAX];

	if (unlink(record_path(paths, path)) && errno != ENOENT)
		return kd_fail_errno(err, errno, "%s", path);
	return KD_OK;
}
