/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Texts that were made, by node: those that are open, and of the others those that were used last, as far as a bound
 * allows. Not for several threads at once. Private to this layer.
 */
#ifndef KD_VIEW_TEXTS_H
#define KD_VIEW_TEXTS_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct kd_text {
	char *data;
	size_t bytes;
	unsigned int users; /* the cache is not one */
	uint64_t node;      /* 0: not in the cache */
	uint64_t used;      /* clock of the last use */
};

enum { KD_TEXTS = 1024 };

struct kd_texts {
	size_t limit_bytes, bytes; /* of those in the cache, in use or not */
	uint64_t clock;
	struct kd_text *slots[KD_TEXTS]; /* NULL: free */
};

void kd_texts_deinit(struct kd_texts *texts);

/* The text of a node, with one user more; NULL: it is not there. */
struct kd_text *kd_texts_find(struct kd_texts *texts, uint64_t node);
/* Takes over `data`, also on failure; *text has one user. KD_NOMEM. */
enum kd_status kd_texts_add(struct kd_texts *texts, uint64_t node, char *data, size_t bytes,
			    struct kd_text **text, struct kd_err *err);
/* One user less. */
void kd_texts_put(struct kd_texts *texts, struct kd_text *text);

#endif
