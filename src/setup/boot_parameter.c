/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "setup/boot_parameter.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "host/file.h"

#define WORD_START "crashkernel="
#define REMEMBERED KD_SETUP_STATE "/boot-parameter"

static const struct kd_boot_loader *const loaders[] = {&kd_boot_grub, &kd_boot_entries};
enum { LOADER_COUNT = sizeof(loaders) / sizeof(*loaders) };

char *kd_boot_parameter_ours(struct kd_setup_plan *plan)
{
	char *text = kd_setup_read(plan, REMEMBERED);
	size_t length = strlen(WORD_START);

	if (!text)
		return NULL;
	text[strcspn(text, "\n")] = '\0';
	/* It goes into the files of boot loaders: what is no such word was not written by us. */
	if (!strncmp(text, WORD_START, length) && text[length] && !strpbrk(text, " \t\"'`$\\"))
		return text;
	free(text);
	return NULL;
}

const char *kd_boot_parameter_set(struct kd_setup_plan *plan, const char *word)
{
	KD_CLEANUP_FREE char *old = kd_boot_parameter_ours(plan);
	const char *name = NULL;
	char line[256];

	for (int i = 0; i < LOADER_COUNT; i++)
		if (loaders[i]->is_there(plan))
			name = name ? "GRUB and systemd-boot" : loaders[i]->name;
	if (!name)
		return NULL;
	/* First, so that what follows can be taken away again even when it is interrupted. */
	snprintf(line, sizeof(line), "%s\n", word);
	kd_setup_write_text(plan, REMEMBERED, line, "remembers the boot parameter for --remove");
	for (int i = 0; i < LOADER_COUNT; i++)
		if (loaders[i]->is_there(plan))
			loaders[i]->set(plan, word, old && strcmp(old, word) ? old : NULL);
	return name;
}

void kd_boot_parameter_unset(struct kd_setup_plan *plan)
{
	KD_CLEANUP_FREE char *old = kd_boot_parameter_ours(plan);
	size_t first = plan->count;

	for (int i = 0; i < LOADER_COUNT; i++)
		loaders[i]->unset(plan, old);
	/* Last, and only after the others, so that a removal that is interrupted or fails is completed by the next. */
	kd_setup_remove_after(plan, first, REMEMBERED, "nothing is left to take away");
}

uint64_t kd_boot_parameter_bytes(const char *word)
{
	uint64_t bytes;
	const char *end;

	if (strncmp(word, WORD_START, strlen(WORD_START)) != 0 ||
	    !kd_text_bytes(word + strlen(WORD_START), 0, &bytes, &end))
		return 0;
	/* An offset, a limit, ",high" change the place and not the size; ranges have a size each. */
	return *end && *end != '@' && *end != ',' ? 0 : bytes;
}

char *kd_boot_parameter_edit(const char *line, const char *word, const char *old)
{
	bool has_word = false, has_any = false;
	char *edited = NULL;
	size_t bytes;
	FILE *stream = open_memstream(&edited, &bytes);

	if (!stream)
		return NULL;
	for (const char *at = line; *at;) {
		size_t blanks = strspn(at, " \t"), length = strcspn(at + blanks, " \t");
		const char *start = at + blanks;
		bool is_old = old && length == strlen(old) && !strncmp(start, old, length);

		has_any |= !is_old;
		has_word |= word && length == strlen(word) && !strncmp(start, word, length);
		if (!is_old)
			fprintf(stream, "%.*s", (int)(blanks + length), at);
		at = start + length;
	}
	if (word && !has_word)
		fprintf(stream, "%s%s", has_any ? " " : "", word);
	if (fclose(stream)) {
		free(edited);
		return NULL;
	}
	return edited;
}
