/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "save/sample.h"

#include "base/bytes.h"
#include "dump/kdump_file.h"

/*
 * Of few windows everything is packed; of more, one of so many pieces of each: neighbours are alike, and windows further apart tell more
 * for the same work.
 */
enum { PIECES = 4, PIECE_PAGES = 16, FEW_WINDOWS = 32, ALL_KINDS = -1 };

/* Forgets every second window. */
static void thin_out(struct kd_sample *sample)
{
	for (unsigned int i = 0; i < KD_SAMPLE_WINDOWS / 2; i++) {
		sample->first_pfn[i] = sample->first_pfn[2 * i];
		sample->pages[i] = sample->pages[2 * i];
	}
	sample->count = KD_SAMPLE_WINDOWS / 2;
	sample->stride_shift++;
}

void kd_sample_add(struct kd_sample *sample, const struct kd_window *window)
{
	const uint64_t stride = UINT64_C(1) << sample->stride_shift;

	if (!kd_set_count(&window->kept) || sample->seen++ & (stride - 1))
		return;
	/* when it is full, this one's number is a multiple of the next stride, too */
	if (sample->count == KD_SAMPLE_WINDOWS)
		thin_out(sample);
	sample->first_pfn[sample->count] = window->first_pfn;
	sample->pages[sample->count++] = (uint16_t)window->pages;
}

/* Leaves of the pages in `now` those of every fourth piece, each window beginning at another one. */
static void choose(struct kd_window *window, unsigned int number)
{
	struct kd_page_set chosen = {{0}};

	for (unsigned int i = 0; i < window->pages; i++)
		if (i / PIECE_PAGES % PIECES == number % PIECES && kd_set_has(&window->now, i))
			kd_set_add(&chosen, i);
	window->now = chosen;
}

struct counts {
	uint64_t pages, zero_pages; /* that were read; of them those of zeros */
	uint64_t data_bytes;
};

static void count_pages(const struct kd_window *window, struct counts *counts)
{
	for (unsigned int i = 0; i < window->pages; i++) {
		const struct kd_packed *packed = &window->packed[i];

		if (!kd_set_has(&window->now, i) || packed->state == KD_PACKED_UNREADABLE)
			continue;
		counts->pages++;
		if (packed->state == KD_PACKED_ZERO)
			counts->zero_pages++;
		else if (packed->state == KD_PACKED_DATA)
			counts->data_bytes += packed->bytes;
	}
}

/* What the format adds to page data; of an ELF core not the header of each run of pages, which are few bytes. */
static uint64_t frame_bytes(const struct kd_plan *plan, bool elf,
			    const struct kd_save_result *result)
{
	const uint64_t page_bytes = plan->page_bytes;
	size_t note_bytes;

	kd_dump_note_bytes(plan->dump, &note_bytes);
	if (elf)
		return kd_round_up(page_bytes + note_bytes, page_bytes) +
		       result->zero_pages * page_bytes;
	/* headers with notes, two bitmaps, descriptors, and the page that all pages of zeros share */
	return page_bytes +
	       kd_round_up(sizeof(struct kd_kdump_sub_header) + note_bytes, page_bytes) +
	       2 * kd_round_up(kd_plan_max_pfn(plan) / 8, page_bytes) +
	       result->kept_pages * sizeof(struct kd_kdump_desc) +
	       (result->zero_pages ? page_bytes : 0);
}

void kd_sample_expect(const struct kd_sample *sample, struct kd_judge *judge,
		      struct kd_packer *packer, struct kd_window *window,
		      struct kd_save_result *result)
{
	struct counts counts = {0};
	double scale;

	for (unsigned int i = 0; i < sample->count; i++) {
		window->first_pfn = sample->first_pfn[i];
		window->pages = sample->pages[i];
		window->ahead = 0;
		kd_judge_window(judge, window, (uint32_t)ALL_KINDS);
		if (sample->count >= FEW_WINDOWS)
			choose(window, i);
		kd_pack_window(packer, window);
		count_pages(window, &counts);
	}
	if (counts.pages) {
		scale = (double)result->kept_pages / (double)counts.pages;
		result->zero_pages = (uint64_t)((double)counts.zero_pages * scale);
		result->data_bytes = (uint64_t)((double)counts.data_bytes * scale);
	}
	result->file_bytes = result->data_bytes +
			     frame_bytes(judge->plan, packer->packing == KD_PACK_IN_PLACES, result);
}
