/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "load/names.h"

#include <stdlib.h>
#include <string.h>

enum kd_status kd_names_add(struct kd_names *names, const char *text, struct kd_err *err)
{
	char **grown = realloc(names->items, (names->count + 1) * sizeof(*grown));
	char *copy;

	if (!grown)
		return kd_fail(err, KD_NOMEM, "%s: no memory", text);
	names->items = grown;
	copy = strdup(text);
	if (!copy)
		return kd_fail(err, KD_NOMEM, "%s: no memory", text);
	names->items[names->count++] = copy;
	return KD_OK;
}

bool kd_names_have(const struct kd_names *names, const char *text)
{
	for (size_t i = 0; i < names->count; i++)
		if (!strcmp(names->items[i], text))
			return true;
	return false;
}

void kd_names_deinit(struct kd_names *names)
{
	for (size_t i = 0; i < names->count; i++)
		free(names->items[i]);
	free(names->items);
	*names = (struct kd_names){0};
}
