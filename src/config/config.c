/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading and writing the configuration. inih splits the lines; the table in keys.c knows what may
 * stand on them.
 *
 * inih is lenient where we are not: it cuts long lines and lets an indented line continue the
 * value before it. So we hand it the lines ourselves, which also tells us their numbers.
 */
#include "config/config.h"

#include <ctype.h>
#include <ini.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/keys.h"
#include "host/file.h"
#include "host/system.h"

enum {
	FILE_BYTES_MAX = 64 << 10,
	/* What fits into inih's buffer with line end and NUL. */
	LINE_BYTES_MAX = INI_MAX_LINE - 3,
	KEYS_MAX = 32,
};

/* One reading: where we are, and the first mistake. */
struct reading {
	const char *at; /* what is left of the text, NUL-terminated */
	unsigned int line;
	struct kd_config *config;
	unsigned int seen_on[KEYS_MAX]; /* by key: line that set it, 0 none */
	unsigned int failed_line;       /* 0: no mistake yet */
	struct kd_err failed;
};

static void fail_here(struct reading *reading, const struct kd_err *err)
{
	if (reading->failed_line)
		return;
	reading->failed_line = reading->line;
	reading->failed = *err;
}

/* fgets for inih: one line without what surrounds it. A bad line ends the reading. */
static char *next_line(char *buffer, int bytes, void *opaque)
{
	struct reading *reading = opaque;
	size_t length;
	struct kd_err why;

	if (!*reading->at || reading->failed_line)
		return NULL;
	reading->line++;
	reading->at += strspn(reading->at, " \t");
	length = strcspn(reading->at, "\n");
	if (length > LINE_BYTES_MAX || length + 2 > (size_t)bytes) {
		kd_fail(&why, KD_INVALID, "a line of more than %d bytes", LINE_BYTES_MAX);
		fail_here(reading, &why);
		return NULL;
	}
	for (size_t i = 0; i < length; i++) {
		unsigned char c = (unsigned char)reading->at[i];

		if (c == 0x7f || (c < 0x20 && c != '\t' && !(c == '\r' && i + 1 == length))) {
			kd_fail(&why, KD_INVALID, "control character 0x%02x: not a text file?", c);
			fail_here(reading, &why);
			return NULL;
		}
	}
	memcpy(buffer, reading->at, length);
	buffer[length] = '\n';
	buffer[length + 1] = '\0';
	reading->at += length + (reading->at[length] == '\n');
	return buffer;
}

/* inih's handler: nonzero when the line is fine. */
static int set_key(void *opaque, const char *section, const char *name, const char *value)
{
	struct reading *reading = opaque;
	const struct kd_config_key *key;
	struct kd_err why;
	size_t index;

	key = kd_config_find_key(section, name, &why);
	if (!key) {
		fail_here(reading, &why);
		return 0;
	}
	index = (size_t)(key - kd_config_keys);
	if (reading->seen_on[index]) {
		kd_fail(&why, KD_INVALID, "%s: already set on line %u", name,
			reading->seen_on[index]);
		fail_here(reading, &why);
		return 0;
	}
	reading->seen_on[index] = reading->line;
	if (kd_config_parse_value(key, value, reading->config, &why)) {
		fail_here(reading, &why);
		return 0;
	}
	return 1;
}

static enum kd_status read_text(struct kd_config *config, const char *text, const char *path,
				struct kd_err *err)
{
	struct reading reading = {.at = text, .config = config};
	int syntax_line = ini_parse_stream(next_line, &reading, set_key, &reading);

	_Static_assert(KEYS_MAX >= 10, "room for a mark by key");
	if (syntax_line < 0)
		return kd_fail(err, KD_NOMEM, "%s: no memory", path);
	/* inih names the first bad line, a line that our handler refused included. */
	if (syntax_line &&
	    (!reading.failed_line || (unsigned int)syntax_line < reading.failed_line))
		return kd_fail(err, KD_INVALID, "%s:%d: neither [section] nor key = value", path,
			       syntax_line);
	if (reading.failed_line)
		return kd_fail(err, reading.failed.status, "%s:%u: %s", path, reading.failed_line,
			       reading.failed.text);
	return KD_OK;
}

/* Where the configuration holds a text key; the strings are its own. */
static char **text_of(struct kd_config *config, const struct kd_config_key *key)
{
	return (char **)((char *)config + key->offset);
}

enum kd_status kd_config_init(struct kd_config *config, struct kd_err *err)
{
	struct kd_config fresh = {0};

	for (size_t i = 0; i < kd_config_key_count; i++) {
		const struct kd_config_key *key = &kd_config_keys[i];
		enum kd_status status = kd_config_parse_value(key, key->initial, &fresh, err);

		if (status) {
			kd_config_deinit(&fresh);
			return status;
		}
	}
	*config = fresh;
	return KD_OK;
}

void kd_config_deinit(struct kd_config *config)
{
	if (!config)
		return;
	for (size_t i = 0; i < kd_config_key_count; i++)
		if (kd_config_is_text(&kd_config_keys[i]))
			free(*text_of(config, &kd_config_keys[i]));
	*config = (struct kd_config){0};
}

bool kd_config_wants_shell(const struct kd_config *config)
{
	return config->rescue_timeout_s || config->final_action == KD_FINAL_SHELL ||
	       config->failure_action == KD_FINAL_SHELL;
}

enum kd_status kd_config_copy(const struct kd_config *config, struct kd_config *copy,
			      struct kd_err *err)
{
	struct kd_config fresh = *config;
	bool complete = true;

	for (size_t i = 0; i < kd_config_key_count; i++) {
		char **string = text_of(&fresh, &kd_config_keys[i]);

		if (!kd_config_is_text(&kd_config_keys[i]) || !*string)
			continue;
		*string = strdup(*string);
		complete &= *string != NULL;
	}
	if (!complete) {
		kd_config_deinit(&fresh);
		return kd_fail(err, KD_NOMEM, "configuration: no memory");
	}
	*copy = fresh;
	return KD_OK;
}

enum kd_status kd_config_set(struct kd_config *config, const char *section, const char *name,
			     const char *value, struct kd_err *err)
{
	const struct kd_config_key *key = kd_config_find_key(section, name, err);

	return key ? kd_config_parse_value(key, value, config, err) : KD_INVALID;
}

enum kd_status kd_config_read(struct kd_config *config, const char *path, struct kd_err *err)
{
	KD_CLEANUP_FREE char *text = NULL;
	struct kd_config read;
	enum kd_status status;
	size_t bytes;

	status = kd_file_read(path, FILE_BYTES_MAX, &text, &bytes, err);
	if (status)
		return status;
	if (strlen(text) != bytes)
		return kd_fail(err, KD_INVALID, "%s: holds a NUL byte: not a text file", path);
	status = kd_config_copy(config, &read, err);
	if (status)
		return status;
	status = read_text(&read, text, path, err);
	if (status) {
		kd_config_deinit(&read);
		return status;
	}
	kd_config_deinit(config);
	*config = read;
	return KD_OK;
}

/* Whether a line can carry the value so that reading gives it back. */
static const char *why_not_carried(const char *name, const char *value)
{
	size_t length = strlen(value);

	if (strlen(name) + strlen(" = ") + length > LINE_BYTES_MAX)
		return "too long for a line of the configuration";
	for (size_t i = 0; i < length; i++) {
		if ((unsigned char)value[i] < 0x20 || value[i] == 0x7f)
			return "holds a control character";
		if (value[i] == ';' && (!i || isspace((unsigned char)value[i - 1])))
			return "holds a semicolon, which starts a comment, after a space";
	}
	if (length && (isspace((unsigned char)*value) || isspace((unsigned char)value[length - 1])))
		return "starts or ends with a space";
	return NULL;
}

enum kd_status kd_config_format(const struct kd_config *config, char **text, struct kd_err *err)
{
	const char *section = "";
	KD_CLEANUP_FREE char *buffer = NULL;
	size_t bytes;
	FILE *stream = open_memstream(&buffer, &bytes);
	enum kd_status status = KD_OK;

	if (!stream)
		return kd_fail(err, KD_NOMEM, "configuration: no memory");
	for (size_t i = 0; i < kd_config_key_count && !status; i++) {
		const struct kd_config_key *key = &kd_config_keys[i];
		char number[16];
		const char *value = kd_config_value_text(key, config, number, sizeof(number));
		const char *why = why_not_carried(key->name, value);

		if (strcmp(section, key->section))
			fprintf(stream, "%s[%s]\n", *section ? "\n" : "", key->section);
		section = key->section;
		fprintf(stream, "%s =%s%s\n", key->name, *value ? " " : "", value);
		if (why)
			status = kd_fail(err, KD_INVALID, "%s: %s", key->name, why);
	}
	if (fclose(stream) && !status)
		status = kd_fail(err, KD_NOMEM, "configuration: no memory");
	if (status)
		return status;
	*text = buffer;
	buffer = NULL;
	return KD_OK;
}
