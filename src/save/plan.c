/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "save/plan.h"

#include <string.h>

#include "base/bytes.h"

void kd_cursor_init(struct kd_cursor *cursor, const struct kd_plan *plan)
{
	size_t count;

	cursor->segment = kd_dump_segments(plan->dump, &count);
	cursor->end = cursor->segment + count;
	cursor->next_pfn = 0;
	cursor->page_bytes = plan->page_bytes;
}

static uint64_t end_pfn(const struct kd_segment *segment, uint64_t page_bytes)
{
	return (segment->paddr + segment->memory_bytes - 1) / page_bytes + 1;
}

bool kd_cursor_next(struct kd_cursor *cursor, uint64_t *first_pfn, unsigned int *pages)
{
	uint64_t first, end, window_end;

	while (cursor->segment < cursor->end &&
	       end_pfn(cursor->segment, cursor->page_bytes) <= cursor->next_pfn)
		cursor->segment++;
	if (cursor->segment == cursor->end)
		return false;
	first = cursor->segment->paddr / cursor->page_bytes;
	if (first < cursor->next_pfn)
		first = cursor->next_pfn;
	end = end_pfn(cursor->segment, cursor->page_bytes);
	window_end = kd_round_down(first, KD_WINDOW_PAGES) + KD_WINDOW_PAGES;
	if (end > window_end)
		end = window_end;
	cursor->next_pfn = end;
	*first_pfn = first;
	*pages = (unsigned int)(end - first);
	return true;
}

uint64_t kd_plan_max_pfn(const struct kd_plan *plan)
{
	size_t count;
	const struct kd_segment *segments = kd_dump_segments(plan->dump, &count);

	return count ? end_pfn(&segments[count - 1], plan->page_bytes) : 0;
}

void kd_judge_init(struct kd_judge *judge, const struct kd_plan *plan, struct kd_reader *reader)
{
	judge->plan = plan;
	judge->reader = reader;
	if (!plan->pages)
		return;
	kd_space_init(&judge->space, reader, &kd_kernel_space(plan->kernel)->tables);
	kd_scan_init(&judge->scan, plan->pages, &judge->space);
}

void kd_judge_window(struct kd_judge *judge, struct kd_window *window, uint32_t wanted)
{
	const struct kd_plan *plan = judge->plan;
	struct kd_page_set present;

	window->unknown = 0;
	memset(&window->absent, 0, sizeof(window->absent));
	memset(&window->kept, 0, sizeof(window->kept));
	memset(&window->now, 0, sizeof(window->now));
	/* which pages are there is then not known, but that they are not is not either */
	window->lost = kd_reader_present(judge->reader, window->first_pfn, KD_WINDOW_PAGES,
					 present.words, NULL);
	if (window->lost)
		memset(&present, 0xff, sizeof(present));
	if (plan->pages)
		kd_scan_pages(&judge->scan, window->first_pfn, window->pages, window->ahead,
			      window->kinds, &window->unknown);
	else
		memset(window->kinds, KD_PAGE_KERNEL, window->pages);
	if (plan->memmap)
		kd_memmap_mark(plan->memmap, &judge->scan, plan->exclude, window->first_pfn,
			       window->pages, window->kinds);
	for (unsigned int i = 0; i < window->pages; i++) {
		uint32_t kind = KD_KIND(window->kinds[i]);

		if (!kd_set_has(&present, i)) {
			kd_set_add(&window->absent, i);
			continue;
		}
		if (kind & plan->exclude)
			continue;
		kd_set_add(&window->kept, i);
		if (kind & wanted)
			kd_set_add(&window->now, i);
	}
}
