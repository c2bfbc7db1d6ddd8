/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Another child, put together from words and run to its end. Private to this layer. */
#ifndef KD_REHEARSE_CHILD_H
#define KD_REHEARSE_CHILD_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

enum { KD_CHILD_WORDS = 64 };

struct kd_child {
	char *words[KD_CHILD_WORDS];
	size_t count;
	bool failed; /* for lack of memory, or of room */
};

__attribute__((format(printf, 2, 3))) void kd_child_add(struct kd_child *child, const char *format,
							...);
/* Several words, blanks between; `value` in place of a %s in one of them. */
void kd_child_add_words(struct kd_child *child, const char *words, const char *value);
void kd_child_deinit(struct kd_child *child);

/*
 * Runs it, with what it prints in the file `said`. *over: it ended within so many seconds, else it was killed. KD_NOTFOUND
 * where it is not installed, with the name of the package that has it; KD_SYSTEM with what it said when it failed.
 */
enum kd_status kd_child_run(const struct kd_child *child, const char *said, unsigned int seconds,
			    const char *package, bool *over, struct kd_err *err);

#endif
