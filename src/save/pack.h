/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading a window's pages, finding zeros, compressing: what a worker does. Private to this layer. */
#ifndef KD_SAVE_PACK_H
#define KD_SAVE_PACK_H

#include "codec/codec.h"
#include "save/erase.h"
#include "save/plan.h"
#include "save/repeats.h"

/* How page data stands in window->out. */
enum kd_packing {
	KD_PACK_TIGHT,     /* one after the other, compressed where that is smaller */
	KD_PACK_IN_PLACES, /* as they are, at multiples of the page size: zero pages leave gaps */
};

struct kd_packer {
	struct kd_reader *reader; /* borrowed */
	const struct kd_codec *codec;
	void *encoder;             /* borrowed, set up; NULL for KD_PACK_IN_PLACES */
	uint8_t *input;            /* borrowed, kd_pack_input() bytes: what is not read in place */
	struct kd_repeats repeats; /* set up where there is an encoder */
	uint64_t page_bytes;
	enum kd_packing packing;
	const struct kd_erasures *erasures; /* borrowed; NULL: none */
	uint64_t read_ns, pack_ns;          /* counted */
};

/* Bytes that packer->input needs: pages that are read, and a copy in which something is erased. */
size_t kd_pack_input(size_t page_bytes);

/* Bytes that window->out needs for so many pages, at least one. */
size_t kd_pack_room(const struct kd_codec *codec, uint64_t page_bytes, unsigned int pages);

/* Fills window->packed and window->out for the pages in window->now. */
void kd_pack_window(struct kd_packer *packer, struct kd_window *window);

#endif
