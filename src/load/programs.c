/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "load/programs.h"

#include <errno.h>
#include <glob.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/file.h"
#include "host/system.h"
#include "load/elf_needs.h"

enum { PROGRAM_BYTES_MAX = 64 << 20, LIST_BYTES_MAX = 64 << 10 };

/* Where ld.so(8) looks when nothing else says: Debian's folders, and everybody else's. */
static const char usual_folders[] = "/lib/x86_64-linux-gnu:/usr/lib/x86_64-linux-gnu:/lib64:"
				    "/usr/lib64:/lib:/usr/lib:/usr/local/lib";

static enum kd_status add(struct kd_programs *programs, const struct kd_paths *paths,
			  const char *path, struct kd_err *err);
static enum kd_status add_needs(struct kd_programs *programs, const struct kd_paths *paths,
				const char *path, const char *data, size_t bytes,
				struct kd_err *err);

/* The place of an absolute path, which may be in another root. */
static const char *source_of(const struct kd_paths *paths, const char *path, char source[PATH_MAX])
{
	snprintf(source, PATH_MAX, "%s%s", paths->root ? paths->root : "", path);
	return source;
}

static bool has(const struct kd_programs *programs, const char *path)
{
	for (size_t i = 0; i < programs->count; i++)
		if (!strcmp(programs->files[i].path, path))
			return true;
	return false;
}

static enum kd_status record(struct kd_programs *programs, const char *source, const char *path,
			     struct kd_err *err)
{
	struct kd_program_file *grown =
		realloc(programs->files, (programs->count + 1) * sizeof(*grown));
	struct kd_program_file file = {strdup(source), strdup(path)};

	if (grown)
		programs->files = grown;
	if (!grown || !file.source || !file.path) {
		free(file.source);
		free(file.path);
		return kd_fail_errno(err, ENOMEM, "%s", path);
	}
	grown[programs->count++] = file;
	return KD_OK;
}

/* Looks for a library in folders with colons between them; $ORIGIN is the folder of who asks. */
static bool look_in(const struct kd_paths *paths, const char *folders, const char *asking,
		    const char *name, char path[PATH_MAX])
{
	char source[PATH_MAX];

	while (*folders) {
		size_t length = strcspn(folders, ":");
		const char *rest = NULL;

		if (!strncmp(folders, "$ORIGIN", 7))
			rest = folders + 7;
		else if (!strncmp(folders, "${ORIGIN}", 9))
			rest = folders + 9;
		if (rest)
			snprintf(path, PATH_MAX, "%.*s%.*s/%s",
				 (int)(strrchr(asking, '/') - asking), asking,
				 (int)(folders + length - rest), rest, name);
		else
			snprintf(path, PATH_MAX, "%.*s/%s", (int)length, folders, name);
		if (length && !access(source_of(paths, path, source), R_OK))
			return true;
		folders += length + (folders[length] == ':');
	}
	return false;
}

/* The folders of /etc/ld.so.conf.d, which is where packages name theirs. */
static bool look_where_configured(const struct kd_paths *paths, const char *name,
				  char path[PATH_MAX])
{
	char pattern[PATH_MAX], source[PATH_MAX];
	bool found = false;
	glob_t files;

	if (glob(source_of(paths, "/etc/ld.so.conf.d/*.conf", pattern), 0, NULL, &files))
		return false;
	for (size_t i = 0; i < files.gl_pathc && !found; i++) {
		KD_CLEANUP_FREE char *text = NULL;
		char *line, *rest;
		size_t bytes;

		if (kd_file_read(files.gl_pathv[i], LIST_BYTES_MAX, &text, &bytes, NULL))
			continue;
		for (line = strtok_r(text, "\n", &rest); line && !found;
		     line = strtok_r(NULL, "\n", &rest)) {
			if (*line != '/')
				continue;
			snprintf(path, PATH_MAX, "%s/%s", line, name);
			found = !access(source_of(paths, path, source), R_OK);
		}
	}
	globfree(&files);
	return found;
}

static enum kd_status add_library(struct kd_programs *programs, const struct kd_paths *paths,
				  const struct kd_elf_needs *needs, const char *asking,
				  const char *name, struct kd_err *err)
{
	char path[PATH_MAX], source[PATH_MAX], place[PATH_MAX];
	KD_CLEANUP_FREE char *data = NULL;
	enum kd_status status;
	size_t bytes;

	if (has(programs, kd_path(place, KD_LIBRARY_FOLDER, "%s", name)))
		return KD_OK;
	if (!look_in(paths, needs->folders, asking, name, path) &&
	    !look_where_configured(paths, name, path) &&
	    !look_in(paths, usual_folders, asking, name, path))
		return kd_fail(err, KD_NOTFOUND, "%s: library %s: not found", asking, name);
	source_of(paths, path, source);
	status = kd_file_read(source, PROGRAM_BYTES_MAX, &data, &bytes, err);
	if (!status)
		status = record(programs, source, place, err);
	return status ? status : add_needs(programs, paths, path, data, bytes, err);
}

/* "#!/bin/sh -e": the interpreter comes along. */
static enum kd_status add_interpreter(struct kd_programs *programs, const struct kd_paths *paths,
				      const char *path, const char *line, struct kd_err *err)
{
	char interpreter[PATH_MAX];
	size_t length;
	const char *base;

	line += strspn(line, " \t");
	length = strcspn(line, " \t\n");
	snprintf(interpreter, sizeof(interpreter), "%.*s", (int)length, line);
	base = strrchr(interpreter, '/');
	if (*interpreter != '/')
		return kd_fail(err, KD_UNSUPPORTED, "%s: its first line names no interpreter",
			       path);
	if (!strcmp(base, "/env"))
		return kd_fail(err, KD_UNSUPPORTED,
			       "%s: env(1) looks for its interpreter: name that by its whole path",
			       path);
	return kd_context(err, add(programs, paths, interpreter, err), "%s", path);
}

static enum kd_status add_needs(struct kd_programs *programs, const struct kd_paths *paths,
				const char *path, const char *data, size_t bytes,
				struct kd_err *err)
{
	struct kd_elf_needs needs = {0};
	enum kd_status status;

	if (bytes > 2 && !memcmp(data, "#!", 2))
		return add_interpreter(programs, paths, path, data + 2, err);
	status = kd_elf_needs_read(path, data, bytes, &needs, err);
	if (status)
		return status;
	if (*needs.interpreter)
		status = add(programs, paths, needs.interpreter, err);
	for (size_t i = 0; i < needs.libraries.count && !status; i++)
		status = add_library(programs, paths, &needs, path, needs.libraries.items[i], err);
	kd_elf_needs_deinit(&needs);
	return status;
}

static enum kd_status add(struct kd_programs *programs, const struct kd_paths *paths,
			  const char *path, struct kd_err *err)
{
	KD_CLEANUP_FREE char *data = NULL;
	char source[PATH_MAX];
	enum kd_status status;
	size_t bytes;

	if (has(programs, path))
		return KD_OK;
	status =
		kd_file_read(source_of(paths, path, source), PROGRAM_BYTES_MAX, &data, &bytes, err);
	if (!status && access(source, X_OK))
		status = kd_fail(err, KD_INVALID, "%s: not executable: chmod +x", path);
	if (!status)
		status = record(programs, source, path, err);
	return status ? status : add_needs(programs, paths, path, data, bytes, err);
}

enum kd_status kd_programs_add(struct kd_programs *programs, const struct kd_paths *paths,
			       const char *path, struct kd_err *err)
{
	return add(programs, paths, path, err);
}

void kd_programs_deinit(struct kd_programs *programs)
{
	for (size_t i = 0; i < programs->count; i++) {
		free(programs->files[i].source);
		free(programs->files[i].path);
	}
	free(programs->files);
	*programs = (struct kd_programs){0};
}
