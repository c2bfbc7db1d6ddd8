/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A growing list of strings of its own. */
#ifndef KD_LOAD_NAMES_H
#define KD_LOAD_NAMES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct kd_names {
	char **items;
	size_t count;
};

/* Appends a copy of text. KD_NOMEM. */
enum kd_status kd_names_add(struct kd_names *names, const char *text, struct kd_err *err);
bool kd_names_have(const struct kd_names *names, const char *text);
void kd_names_deinit(struct kd_names *names);

#endif
