/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the pages of the running system are used for, by /proc/kpageflags (Documentation/admin-guide/mm/
 * pagemap.rst): the same kinds that a dump's filter tells apart by struct pages.
 */
#ifndef KD_ADVISE_LIVE_PAGES_H
#define KD_ADVISE_LIVE_PAGES_H

#include <stdint.h>

#include "base/err.h"
#include "host/paths.h"
#include "kernel/page_kind.h"
#include "load/memory_map.h"

enum { KD_LIVE_CHUNK_PAGES = 32768 };

/*
 * The kind that a page's word of flags tells; `head` is that of the compound page to which it belongs when it is a
 * tail, else ignored. KD_PAGE_ABSENT: there is no page.
 */
enum kd_page_kind kd_live_kind(uint64_t flags, enum kd_page_kind head);

/* Gets `count` pages from pfn on; at most KD_LIVE_CHUNK_PAGES of them. */
typedef void kd_live_show(void *opaque, uint64_t pfn, unsigned int count, const uint8_t *kinds);

/*
 * Goes through the pages of `ram`, in chunks; where there are more than most_pages, only through some
 * chunks, evenly spread. *seen_pages of *all_pages were shown. KD_NOTFOUND (no such file), KD_SYSTEM.
 */
enum kd_status kd_live_pages(const struct kd_paths *paths, const struct kd_memory_map *ram,
			     uint64_t most_pages, kd_live_show *show, void *opaque,
			     uint64_t *seen_pages, uint64_t *all_pages, struct kd_err *err);

#endif
