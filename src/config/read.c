/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading the configuration. inih splits the lines; the table in keys.c knows what may stand on them.
 *
 * inih is lenient where we are not: it cuts long lines and lets an indented line continue the
 * value before it, and a section without keys escapes it. So we hand it the lines ourselves, which also
 * tells us their numbers.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <ini.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/keys.h"
#include "config/sections.h"
#include "host/file.h"
#include "host/paths.h"
#include "host/system.h"

enum {
	FILE_BYTES_MAX = 64 << 10,
	/* What fits into inih's buffer with line end and NUL. */
	LINE_BYTES_MAX = INI_MAX_LINE - 3,
};
_Static_assert((int)LINE_BYTES_MAX == (int)KD_CONFIG_LINE_BYTES, "what the writer checks against");

/* One reading: where we are, and the first mistake. */
struct reading {
	const char *at; /* what is left of the text, NUL-terminated */
	unsigned int line;
	struct kd_config *config;
	/* by target, the others first, and by key: line that set it, 0 none */
	unsigned int seen_on[KD_CONFIG_TARGETS + 1][KD_CONFIG_KEYS_MAX];
	unsigned int failed_line; /* 0: no mistake yet */
	struct kd_err failed;
};

static void fail_here(struct reading *reading, const struct kd_err *err)
{
	if (reading->failed_line)
		return;
	reading->failed_line = reading->line;
	reading->failed = *err;
}

/* A line that starts a section, looked at before inih cuts it: there must be such a section. */
static bool check_section(struct reading *reading, const char *line, size_t length)
{
	const char *end = memchr(line, ']', length);
	char section[LINE_BYTES_MAX + 1];
	struct kd_section found;
	struct kd_err why;

	if (*line != '[' || !end)
		return true;
	snprintf(section, sizeof(section), "%.*s", (int)(end - line - 1), line + 1);
	if (!kd_section_find(reading->config, section, &found, &why))
		return true;
	fail_here(reading, &why);
	return false;
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
	if (!check_section(reading, reading->at, length))
		return NULL;
	memcpy(buffer, reading->at, length);
	buffer[length] = '\n';
	buffer[length + 1] = '\0';
	reading->at += length + (reading->at[length] == '\n');
	return buffer;
}

static enum kd_status take_key(struct reading *reading, const char *section, const char *name,
			       const char *value, struct kd_err *err)
{
	const struct kd_config_key *key;
	struct kd_section found = {0};
	enum kd_status status;
	unsigned int *seen_on;

	status = *section ? kd_section_find(reading->config, section, &found, err) : KD_OK;
	if (status)
		return status;
	key = kd_config_find_key(*section ? found.kind : "", name, err);
	if (!key)
		return KD_INVALID;
	seen_on = &reading->seen_on[found.number][key - kd_config_keys];
	if (*seen_on)
		return kd_fail(err, KD_INVALID, "%s: already set on line %u", name, *seen_on);
	*seen_on = reading->line;
	return kd_config_parse_value(key, value, found.owner, err);
}

/* inih's handler: nonzero when the line is fine. */
static int set_key(void *opaque, const char *section, const char *name, const char *value)
{
	struct reading *reading = opaque;
	struct kd_err why;

	if (!take_key(reading, section, name, value, &why))
		return 1;
	fail_here(reading, &why);
	return 0;
}

static enum kd_status read_text(struct kd_config *config, const char *text, const char *path,
				struct kd_err *err)
{
	struct reading reading = {.at = text, .config = config};
	int syntax_line = ini_parse_stream(next_line, &reading, set_key, &reading);

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

/* Over what config holds, and perhaps not all of it. */
static enum kd_status read_file(void *opaque, const char *path, struct kd_err *err)
{
	KD_CLEANUP_FREE char *text = NULL;
	enum kd_status status;
	size_t bytes;

	status = kd_file_read(path, FILE_BYTES_MAX, &text, &bytes, err);
	if (status)
		return status;
	if (strlen(text) != bytes)
		return kd_fail(err, KD_INVALID, "%s: holds a NUL byte: not a text file", path);
	return read_text(opaque, text, path, err);
}

static int is_drop_in(const struct dirent *entry)
{
	const char *dot = strrchr(entry->d_name, '.');

	return dot && dot != entry->d_name && *entry->d_name != '.' && !strcmp(dot, ".conf");
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

enum kd_status kd_config_files(const char *path,
			       enum kd_status (*take)(void *opaque, const char *file,
						      struct kd_err *err),
			       void *opaque, struct kd_err *err)
{
	char folder[PATH_MAX], file[PATH_MAX];
	struct dirent **entries = NULL;
	enum kd_status status = take(opaque, path, err);
	bool missing = status == KD_NOTFOUND;
	int count;

	if (status && !missing)
		return status;
	snprintf(folder, sizeof(folder), "%s.d", path);
	count = scandir(folder, &entries, is_drop_in, by_name);
	if (count < 0)
		return errno == ENOENT || errno == ENOTDIR
			       ? status
			       : kd_fail_errno(err, errno, "%s", folder);
	if (count)
		status = KD_OK;
	for (int i = 0; i < count; i++) {
		if (!status)
			status = take(opaque, kd_path(file, folder, "%s", entries[i]->d_name), err);
		free(entries[i]);
	}
	free(entries);
	return status;
}

/* Without `kept`, the targets that config holds are forgotten first. A text is read in place of the files. */
static enum kd_status read_over(struct kd_config *config, bool kept, const char *text,
				const char *path, struct kd_err *err)
{
	struct kd_config read;
	enum kd_status status = kd_config_copy(config, &read, err);

	if (status)
		return status;
	while (!kept && read.target_count)
		kd_config_target_deinit(&read.targets[--read.target_count]);
	status = text ? read_text(&read, text, path, err)
		      : kd_config_files(path, read_file, &read, err);
	if (!status && !read.target_count && !kd_config_add_target(&read, "", err))
		status = KD_NOMEM;
	if (status) {
		kd_config_deinit(&read);
		return status;
	}
	kd_config_deinit(config);
	*config = read;
	return KD_OK;
}

enum kd_status kd_config_read(struct kd_config *config, const char *path, struct kd_err *err)
{
	return read_over(config, true, NULL, path, err);
}

enum kd_status kd_config_read_image(struct kd_config *config, const char *path, struct kd_err *err)
{
	return read_over(config, false, NULL, path, err);
}

enum kd_status kd_config_parse_image(struct kd_config *config, const char *text, const char *name,
				     struct kd_err *err)
{
	return read_over(config, false, text, name, err);
}
