/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rehearse/rehearsal.h"

#include <jansson.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/file.h"
#include "host/paths.h"
#include "rehearse/head.h"

#define PARTITION "PARTUUID="

enum { VERSION = 2, LIMIT_BYTES = 1 << 20, MODE = 0600 };

void kd_rehearsal_deinit(struct kd_rehearsal *rehearsal)
{
	free(rehearsal->command_line);
	rehearsal->command_line = NULL;
}

void kd_rehearsal_note(char notes[KD_REHEARSAL_NOTES][KD_REHEARSAL_TEXT], size_t *count,
		       const char *format, ...)
{
	va_list args;

	if (*count == KD_REHEARSAL_NOTES)
		return;
	va_start(args, format);
	vsnprintf(notes[(*count)++], KD_REHEARSAL_TEXT, format, args);
	va_end(args);
}

const char *kd_rehearsal_partition(const struct kd_rehearsal *rehearsal)
{
	const char *identity = rehearsal->device + strlen(PARTITION);

	return rehearsal->type == KD_TARGET_RAW &&
			       !strncmp(rehearsal->device, PARTITION, strlen(PARTITION)) &&
			       kd_head_can_partition(identity)
		       ? identity
		       : NULL;
}

static json_t *notes_json(char (*notes)[KD_REHEARSAL_TEXT], size_t count)
{
	json_t *list = json_array();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(list, json_string(notes[i]));
	return list;
}

char *kd_rehearsal_format(const struct kd_rehearsal *rehearsal)
{
	struct kd_rehearsal copy = *rehearsal;
	json_t *json = json_pack(
		"{s:i, s:s, s:s, s:s, s:s, s:b, s:I, s:{s:s, s:s, s:s, s:s, s:s, s:I, s:b, s:s}, s:o, s:o}",
		"version", VERSION, "release", rehearsal->release, "program", rehearsal->program,
		"command_line", rehearsal->command_line, "method",
		rehearsal->method == KD_LOAD_FILE ? "file" : "segments", "backup",
		(int)rehearsal->backup, "reserved_bytes", (json_int_t)rehearsal->reserved_bytes,
		"target", "device", rehearsal->device, "type", kd_target_type_name(rehearsal->type),
		"volume", rehearsal->volume, "subvolume", rehearsal->subvolume, "path",
		rehearsal->path, "free_bytes", (json_int_t)rehearsal->free_bytes, "read_only",
		(int)rehearsal->read_only, "controller", rehearsal->controller, "known",
		notes_json(copy.known, copy.known_count), "unproven",
		notes_json(copy.unproven, copy.unproven_count));
	char *text = json ? json_dumps(json, JSON_INDENT(2)) : NULL;

	json_decref(json);
	return text;
}

enum kd_status kd_rehearsal_write(const char *folder, const struct kd_rehearsal *rehearsal,
				  struct kd_err *err)
{
	KD_CLEANUP_FREE char *text = kd_rehearsal_format(rehearsal);
	char path[PATH_MAX];

	if (!text)
		return kd_fail(err, KD_INVALID, "rehearsal: a name that JSON cannot carry");
	return kd_file_replace(kd_path(path, folder, KD_REHEARSAL_FILE), text, strlen(text), MODE,
			       err);
}

/* A string of the object; the first that is missing or too long is remembered. */
static void take_text(const json_t *object, const char *key, char *text, size_t bytes,
		      const char **bad)
{
	const char *value = json_string_value(json_object_get(object, key));

	if (value && strlen(value) < bytes)
		strcpy(text, value);
	else if (!*bad)
		*bad = key;
}

static uint64_t take_number(const json_t *object, const char *key, const char **bad)
{
	const json_t *value = json_object_get(object, key);

	if (json_is_integer(value) && json_integer_value(value) >= 0)
		return (uint64_t)json_integer_value(value);
	if (!*bad)
		*bad = key;
	return 0;
}

static bool take_truth(const json_t *object, const char *key, const char **bad)
{
	const json_t *value = json_object_get(object, key);

	if (!json_is_boolean(value) && !*bad)
		*bad = key;
	return json_is_true(value);
}

static void take_notes(const json_t *object, const char *key,
		       char notes[KD_REHEARSAL_NOTES][KD_REHEARSAL_TEXT], size_t *count,
		       const char **bad)
{
	const json_t *list = json_object_get(object, key), *item;
	size_t index;

	if (!json_is_array(list) && !*bad)
		*bad = key;
	json_array_foreach(list, index, item) kd_rehearsal_note(
		notes, count, "%s", json_is_string(item) ? json_string_value(item) : "?");
}

static bool take_type(const char *name, enum kd_target_type *type)
{
	for (int i = 0; kd_target_type_name((enum kd_target_type)i); i++)
		if (!strcmp(name, kd_target_type_name((enum kd_target_type)i))) {
			*type = (enum kd_target_type)i;
			return true;
		}
	return false;
}

/* The key that is wrong, or NULL. */
static const char *take(const json_t *json, struct kd_rehearsal *rehearsal)
{
	const json_t *target = json_object_get(json, "target");
	char method[16] = "", type[16] = "";
	const char *bad = NULL, *line = json_string_value(json_object_get(json, "command_line"));

	if (take_number(json, "version", &bad) != VERSION)
		return "version";
	take_text(json, "release", rehearsal->release, sizeof(rehearsal->release), &bad);
	take_text(json, "program", rehearsal->program, sizeof(rehearsal->program), &bad);
	take_text(json, "method", method, sizeof(method), &bad);
	take_text(target, "device", rehearsal->device, sizeof(rehearsal->device), &bad);
	take_text(target, "type", type, sizeof(type), &bad);
	take_text(target, "volume", rehearsal->volume, sizeof(rehearsal->volume), &bad);
	take_text(target, "subvolume", rehearsal->subvolume, sizeof(rehearsal->subvolume), &bad);
	take_text(target, "path", rehearsal->path, sizeof(rehearsal->path), &bad);
	take_text(target, "controller", rehearsal->controller, sizeof(rehearsal->controller), &bad);
	rehearsal->reserved_bytes = take_number(json, "reserved_bytes", &bad);
	rehearsal->free_bytes = take_number(target, "free_bytes", &bad);
	rehearsal->backup = take_truth(json, "backup", &bad);
	rehearsal->read_only = take_truth(target, "read_only", &bad);
	rehearsal->method = strcmp(method, "file") ? KD_LOAD_SEGMENTS : KD_LOAD_FILE;
	take_notes(json, "known", rehearsal->known, &rehearsal->known_count, &bad);
	take_notes(json, "unproven", rehearsal->unproven, &rehearsal->unproven_count, &bad);
	if (!bad && !take_type(type, &rehearsal->type))
		bad = "type";
	if (!bad && *rehearsal->volume && !strchr(rehearsal->volume, '/'))
		bad = "volume";
	if (!bad && !line)
		bad = "command_line";
	rehearsal->command_line = line ? strdup(line) : NULL;
	return bad;
}

enum kd_status kd_rehearsal_read(const char *folder, struct kd_rehearsal *rehearsal,
				 struct kd_err *err)
{
	char path[PATH_MAX];
	KD_CLEANUP_FREE char *text = NULL;
	size_t bytes;
	json_t *json;
	const char *bad;
	enum kd_status status = kd_file_read(kd_path(path, folder, KD_REHEARSAL_FILE), LIMIT_BYTES,
					     &text, &bytes, err);

	if (status)
		return status;
	*rehearsal = (struct kd_rehearsal){.command_line = NULL};
	json = json_loadb(text, bytes, 0, NULL);
	bad = json ? take(json, rehearsal) : "not JSON";
	json_decref(json);
	if (!bad)
		return KD_OK;
	kd_rehearsal_deinit(rehearsal);
	return kd_fail(err, KD_CORRUPT, "%s: %s", path, bad);
}
