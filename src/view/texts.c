/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "view/texts.h"

#include <errno.h>
#include <stdlib.h>

#include "host/system.h"

static size_t cost(const struct kd_text *text)
{
	return sizeof(*text) + text->bytes;
}

static void free_text(struct kd_text *text)
{
	free(text->data);
	free(text);
}

/* Whoever has it open still has it. */
static void drop(struct kd_texts *texts, size_t slot)
{
	struct kd_text *text = texts->slots[slot];

	texts->slots[slot] = NULL;
	texts->bytes -= cost(text);
	text->node = 0;
	if (!text->users)
		free_text(text);
}

void kd_texts_deinit(struct kd_texts *texts)
{
	for (size_t i = 0; i < KD_TEXTS; i++)
		if (texts->slots[i])
			drop(texts, i);
}

struct kd_text *kd_texts_find(struct kd_texts *texts, uint64_t node)
{
	for (size_t i = 0; i < KD_TEXTS; i++) {
		struct kd_text *text = texts->slots[i];

		if (text && text->node == node) {
			text->users++;
			text->used = ++texts->clock;
			return text;
		}
	}
	return NULL;
}

/* A slot for so many bytes, those that were used longest ago making room; KD_TEXTS when there is no room at all. */
static size_t make_room(struct kd_texts *texts, size_t bytes)
{
	if (bytes > texts->limit_bytes)
		return KD_TEXTS;
	for (;;) {
		size_t free_slot = KD_TEXTS, oldest = KD_TEXTS;

		for (size_t i = 0; i < KD_TEXTS; i++) {
			if (!texts->slots[i])
				free_slot = i;
			else if (oldest == KD_TEXTS ||
				 texts->slots[i]->used < texts->slots[oldest]->used)
				oldest = i;
		}
		if (free_slot < KD_TEXTS && bytes <= texts->limit_bytes - texts->bytes)
			return free_slot;
		drop(texts, oldest);
	}
}

enum kd_status kd_texts_add(struct kd_texts *texts, uint64_t node, char *data, size_t bytes,
			    struct kd_text **text, struct kd_err *err)
{
	struct kd_text *made = calloc(1, sizeof(*made));
	size_t slot;

	if (!made) {
		free(data);
		return kd_fail_errno(err, ENOMEM, "a text");
	}
	*made = (struct kd_text){.data = data, .bytes = bytes, .users = 1, .used = ++texts->clock};
	slot = make_room(texts, cost(made));
	if (slot < KD_TEXTS) {
		made->node = node;
		texts->slots[slot] = made;
		texts->bytes += cost(made);
	}
	*text = made;
	return KD_OK;
}

void kd_texts_put(struct kd_texts *texts, struct kd_text *text)
{
	if (!--text->users && !text->node)
		free_text(text);
}
