/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "save/repeats.h"

#include <string.h>

enum {
	KEY_STRIDE = 256
}; /* bytes: it need not find all that differ, and is to cost next to nothing */

size_t kd_repeats_memory(size_t page_bytes)
{
	return KD_REPEAT_PLACES * page_bytes;
}

void kd_repeats_begin(struct kd_repeats *repeats)
{
	for (int i = 0; i < KD_REPEAT_PLACES; i++) {
		repeats->keys[i] = 0;
		repeats->pages[i] = KD_NOT_REPEATED;
	}
}

/* Words at other places of each stride, since structures have the same ones at the same places. */
static uint64_t key_of(const uint8_t *data, size_t page_bytes)
{
	uint64_t key = page_bytes;

	for (size_t at = 0; at < page_bytes; at += KEY_STRIDE) {
		uint64_t word;

		memcpy(&word, data + at + (at / KEY_STRIDE * sizeof(word)) % KEY_STRIDE,
		       sizeof(word));
		key = (key ^ word) * UINT64_C(0x9e3779b97f4a7c15); /* 2^64 / golden ratio */
		key ^= key >> 32;
	}
	return key;
}

int kd_repeats_find(struct kd_repeats *repeats, const uint8_t *data, unsigned int page)
{
	uint64_t key = key_of(data, repeats->page_bytes);
	unsigned int place = (unsigned int)(key % KD_REPEAT_PLACES);
	uint8_t *copy = repeats->copies + place * repeats->page_bytes;

	if (repeats->keys[place] != key) {
		repeats->keys[place] = key;
		repeats->pages[place] = KD_NOT_REPEATED;
		return KD_NOT_REPEATED;
	}
	if (repeats->pages[place] != KD_NOT_REPEATED && !memcmp(copy, data, repeats->page_bytes))
		return repeats->pages[place];
	memcpy(copy, data, repeats->page_bytes);
	repeats->pages[place] = (int)page;
	return KD_NOT_REPEATED;
}
