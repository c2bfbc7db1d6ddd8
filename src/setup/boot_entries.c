/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * systemd-boot, and whatever else reads entries of the Boot Loader Specification: a file for each kernel, in
 * whose lines `options` the command line is; kernel-install takes that of the next kernel from
 * /etc/kernel/cmdline, and where that is missing from the running kernel.
 */
#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/file.h"
#include "setup/boot_parameter.h"

#define COMMAND_LINE "/etc/kernel/cmdline"

static const char *const folders[] = {"/boot/loader/entries", "/efi/loader/entries",
				      "/boot/efi/loader/entries"};
enum { FOLDER_COUNT = sizeof(folders) / sizeof(*folders) };

static bool has_key(const char *line, const char *key)
{
	size_t length = strlen(key);

	return !strncmp(line, key, length) && strchr(" \t\n", line[length]);
}

/* The start of the last line with that key, or NULL. */
static const char *last_line(const char *text, const char *key)
{
	const char *found = NULL;

	for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n')
		if (has_key(line, key))
			found = line;
	return found;
}

/* The entry with the words changed in its last line of options; NULL when there is nothing to change. */
static char *edit_entry(const char *text, const char *word, const char *old)
{
	const char *line = last_line(text, "options"), *rest;
	KD_CLEANUP_FREE char *now = NULL, *edited = NULL;
	char *whole;

	if (!last_line(text, "linux"))
		return NULL;
	if (!line) {
		const char *end = *text && text[strlen(text) - 1] == '\n' ? "" : "\n";

		return word && asprintf(&whole, "%s%soptions %s\n", text, end, word) >= 0 ? whole
											  : NULL;
	}
	rest = line + strcspn(line, "\n");
	now = strndup(line, (size_t)(rest - line));
	edited = now ? kd_boot_parameter_edit(now, word, old) : NULL;
	if (!edited || !strcmp(now, edited) ||
	    asprintf(&whole, "%.*s%s%s", (int)(line - text), text, edited, rest) < 0)
		return NULL;
	return whole;
}

static int is_entry(const struct dirent *item)
{
	const char *dot = strrchr(item->d_name, '.');

	return dot && !strcmp(dot, ".conf");
}

/* Calls change() for each entry in the folder, in the order of their names. */
static unsigned int each_entry(const struct kd_setup_plan *plan, const char *folder,
			       void (*change)(struct kd_setup_plan *plan, const char *path,
					      const char *word, const char *old),
			       struct kd_setup_plan *changed, const char *word, const char *old)
{
	char whole[PATH_MAX], path[PATH_MAX];
	struct dirent **items;
	int count = scandir(
		kd_path(whole, plan->paths->root ? plan->paths->root : "", "%s", folder + 1),
		&items, is_entry, alphasort);

	for (int i = 0; i < count; i++) {
		if (change)
			change(changed, kd_path(path, folder, "%s", items[i]->d_name), word, old);
		free(items[i]);
	}
	if (count >= 0)
		free(items);
	return count > 0 ? (unsigned int)count : 0;
}

static bool is_there(const struct kd_setup_plan *plan)
{
	for (int i = 0; i < FOLDER_COUNT; i++)
		if (each_entry(plan, folders[i], NULL, NULL, NULL, NULL))
			return true;
	return false;
}

static void change_entry(struct kd_setup_plan *plan, const char *path, const char *word,
			 const char *old)
{
	KD_CLEANUP_FREE char *text = kd_setup_read(plan, path), *edited = NULL;

	edited = text ? edit_entry(text, word, old) : NULL;
	if (edited && word)
		kd_setup_write_text(plan, path, edited, "%s when it boots", word);
	else if (edited)
		kd_setup_write_text(plan, path, edited, "no longer %s", old);
}

/* The first line of /etc/kernel/cmdline, when there is such a file: kernels to come take theirs from it. */
static void change_command_line(struct kd_setup_plan *plan, const char *word, const char *old)
{
	KD_CLEANUP_FREE char *text = kd_setup_read(plan, COMMAND_LINE), *line = NULL,
			     *edited = NULL, *whole = NULL;
	size_t length;

	if (!text)
		return;
	length = strcspn(text, "\n");
	line = strndup(text, length);
	edited = line ? kd_boot_parameter_edit(line, word, old) : NULL;
	if (!edited || !strcmp(line, edited))
		return;
	if (asprintf(&whole, "%s%s", edited, text[length] ? text + length : "\n") < 0) {
		whole = NULL;
		return;
	}
	kd_setup_write_text(plan, COMMAND_LINE, whole, "for the entries of kernels to come");
}

static void change_all(struct kd_setup_plan *plan, const char *word, const char *old)
{
	for (int i = 0; i < FOLDER_COUNT; i++)
		each_entry(plan, folders[i], change_entry, plan, word, old);
	change_command_line(plan, word, old);
}

static void unset(struct kd_setup_plan *plan, const char *old)
{
	/* On a machine without entries, the words of /etc/kernel/cmdline are not ours. */
	if (old && is_there(plan))
		change_all(plan, NULL, old);
}

const struct kd_boot_loader kd_boot_entries = {"systemd-boot", is_there, change_all, unset};
