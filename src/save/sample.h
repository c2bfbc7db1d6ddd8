/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How large a dump will be, told by some of its pages: windows spread evenly over those that have pages to be saved, and
 * of each a part. Which ones depends on the dump alone; how many, hardly on its size. Private to this layer.
 */
#ifndef KD_SAVE_SAMPLE_H
#define KD_SAVE_SAMPLE_H

#include "save/pack.h"
#include "save/plan.h"
#include "save/save.h"

enum { KD_SAMPLE_WINDOWS = 256 };

struct kd_sample {
	uint64_t first_pfn[KD_SAMPLE_WINDOWS];
	uint16_t pages[KD_SAMPLE_WINDOWS];
	unsigned int count;
	uint64_t stride_shift,
		seen; /* of 2^stride_shift windows that have such pages one is taken */
};

/* Takes note of a window that was judged; they come in order. */
void kd_sample_add(struct kd_sample *sample, const struct kd_window *window);

/*
 * Packs what was taken note of, and sets the zero_pages, data_bytes and file_bytes that are to be expected with
 * result->kept_pages. The window is for its use, with room for page data.
 */
void kd_sample_expect(const struct kd_sample *sample, struct kd_judge *judge,
		      struct kd_packer *packer, struct kd_window *window,
		      struct kd_save_result *result);

#endif
