/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pages of a window that are alike: poison patterns, buffers filled again and again, copies. They are compressed and written once,
 * and their descriptors share the data, as those of zero pages do. Private to this layer.
 *
 * A key of a page's bytes names one of a few places: pages that are alike lie near each other, and more places find next to
 * nothing more. A key that comes again has a copy of its page put there, and those that follow share that page's data: most
 * pages are like no other, and cost their key alone. Nothing is taken for alike by its key: all bytes are compared.
 * What is found depends on the window alone, so that the dump is the same for any number of workers.
 */
#ifndef KD_SAVE_REPEATS_H
#define KD_SAVE_REPEATS_H

#include <stddef.h>
#include <stdint.h>

enum { KD_REPEAT_PLACES = 16, KD_NOT_REPEATED = -1 };

struct kd_repeats {
	size_t page_bytes;
	uint8_t *copies; /* borrowed, kd_repeats_memory() bytes */
	uint64_t keys[KD_REPEAT_PLACES];
	int pages[KD_REPEAT_PLACES]; /* whose copy is there; KD_NOT_REPEATED: there is none */
};

/* Bytes that repeats->copies needs. */
size_t kd_repeats_memory(size_t page_bytes);

/* Another window begins. */
void kd_repeats_begin(struct kd_repeats *repeats);

/*
 * The page of the window that has just these bytes, of those before it, or KD_NOT_REPEATED: then this one, of number `page`,
 * is taken note of for those to come.
 */
int kd_repeats_find(struct kd_repeats *repeats, const uint8_t *data, unsigned int page);

#endif
