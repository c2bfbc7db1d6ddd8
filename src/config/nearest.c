/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From the section and key of a line to the row of the table, or of a word; or to what was probably meant. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "config/keys.h"

/* Edits (insert, delete, replace a character) from a to b; words of the file are short. */
static unsigned int distance(const char *a, const char *b)
{
	enum { MOST = 31 };
	unsigned int row[MOST + 1];
	size_t length = strlen(b);

	if (strlen(a) > MOST || length > MOST)
		return UINT32_MAX;
	for (unsigned int i = 0; i <= length; i++)
		row[i] = i;
	for (unsigned int above = 1; *a; a++, above++) {
		unsigned int diagonal = row[0];

		row[0] = above;
		for (size_t i = 1; i <= length; i++) {
			unsigned int best = diagonal + (*a != b[i - 1]);

			diagonal = row[i];
			if (best > row[i] + 1)
				best = row[i] + 1;
			if (best > row[i - 1] + 1)
				best = row[i - 1] + 1;
			row[i] = best;
		}
	}
	return row[length];
}

const char *kd_config_nearest(const char *text, const char *const words[])
{
	unsigned int best = (unsigned int)strlen(text) / 2 + 1;
	const char *nearest = NULL;

	for (; *words; words++) {
		unsigned int edits = distance(text, *words);

		if (!edits)
			return NULL;
		if (edits < best) {
			best = edits;
			nearest = *words;
		}
	}
	return nearest;
}

/* "[target], [capture] and [dump]", from the table. */
static void list_sections(char text[], size_t bytes)
{
	const struct kd_config_key *last = kd_config_keys + kd_config_key_count - 1;
	const char *section = "";
	size_t used = 0;

	*text = '\0';
	for (const struct kd_config_key *key = kd_config_keys; key <= last; key++) {
		if (!strcmp(section, key->section))
			continue;
		section = key->section;
		used += (size_t)snprintf(text + used, used < bytes ? bytes - used : 0, "%s[%s]",
					 !used                                 ? ""
					 : strcmp(section, last->section) != 0 ? ", "
									       : " and ",
					 section);
	}
}

enum kd_status kd_config_check_section(const char *section, struct kd_err *err)
{
	unsigned int best = (unsigned int)strlen(section) / 2 + 1;
	const char *nearest = NULL;
	char all[160];

	for (size_t i = 0; i < kd_config_key_count; i++) {
		unsigned int edits = distance(section, kd_config_keys[i].section);

		if (!edits)
			return KD_OK;
		if (edits < best) {
			best = edits;
			nearest = kd_config_keys[i].section;
		}
	}
	if (nearest)
		return kd_fail(err, KD_INVALID, "[%s]: no such section; did you mean [%s]?",
			       section, nearest);
	list_sections(all, sizeof(all));
	return kd_fail(err, KD_INVALID, "[%s]: no such section; there are %s", section, all);
}

const struct kd_config_key *kd_config_find_key(const char *section, const char *name,
					       struct kd_err *err)
{
	/* Worse than half the word is not what was meant. */
	unsigned int best = (unsigned int)strlen(name) / 2 + 1;
	const struct kd_config_key *nearest = NULL, *elsewhere = NULL;

	for (const struct kd_config_key *key = kd_config_keys;
	     key < kd_config_keys + kd_config_key_count; key++) {
		bool here = !strcmp(key->section, section);
		unsigned int edits = distance(name, key->name);

		if (here && !edits)
			return key;
		if (!edits)
			elsewhere = key;
		if (here && edits < best) {
			best = edits;
			nearest = key;
		}
	}
	if (elsewhere)
		kd_fail(err, KD_INVALID, "%s belongs below [%s]", name, elsewhere->section);
	else if (!*section)
		kd_fail(err, KD_INVALID, "%s: stands before the first [section]", name);
	else if (kd_config_check_section(section, err))
		return NULL;
	else if (nearest)
		kd_fail(err, KD_INVALID, "%s: no such key in [%s]; did you mean %s?", name, section,
			nearest->name);
	else
		kd_fail(err, KD_INVALID, "%s: no such key in [%s]", name, section);
	return NULL;
}
