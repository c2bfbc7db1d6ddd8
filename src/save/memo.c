/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "save/memo.h"

#include <string.h>

void kd_memo_clear(struct kd_memo *memo)
{
	for (unsigned int i = 0; i < KD_MEMO_WINDOWS; i++)
		memo->windows[i].known = false;
}

void kd_memo_keep(struct kd_memo *memo, const struct kd_window *window)
{
	struct kd_page_set *valuable;

	/* what could not be read may be there the next time */
	if (window->number >= KD_MEMO_WINDOWS || window->lost)
		return;
	valuable = &memo->windows[window->number].valuable;
	memset(valuable, 0, sizeof(*valuable));
	for (unsigned int i = 0; i < window->pages; i++)
		if (kd_set_has(&window->kept, i) && KD_KIND(window->kinds[i]) & KD_KINDS_VALUABLE)
			kd_set_add(valuable, i);
	memo->windows[window->number].kept = window->kept;
	memo->windows[window->number].known = true;
}

bool kd_memo_recall(const struct kd_memo *memo, struct kd_window *window, uint32_t wanted)
{
	const bool valuable = wanted & KD_KINDS_VALUABLE, others = wanted & ~KD_KINDS_VALUABLE;

	if (window->number >= KD_MEMO_WINDOWS || !memo->windows[window->number].known)
		return false;
	window->lost = false;
	window->kept = memo->windows[window->number].kept;
	for (int i = 0; i < KD_WINDOW_WORDS; i++) {
		uint64_t own = memo->windows[window->number].valuable.words[i];
		uint64_t kept = window->kept.words[i];

		window->now.words[i] = (valuable ? own : 0) | (others ? kept & ~own : 0);
	}
	return true;
}
