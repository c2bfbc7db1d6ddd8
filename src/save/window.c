/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "save/window.h"

unsigned int kd_set_next(const struct kd_page_set *set, unsigned int page, unsigned int pages,
			 bool in)
{
	while (page < pages) {
		uint64_t word = set->words[page / 64];

		word = (in ? word : ~word) >> page % 64;
		if (word) {
			page += (unsigned int)__builtin_ctzll(word);
			return page < pages ? page : pages;
		}
		page = (page / 64 + 1) * 64;
	}
	return pages;
}
