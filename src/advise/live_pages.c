/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The order of the questions is that of kd_page_judge() (kernel/page_layout.c), which sees the same in struct
 * pages: a dump's filter and this must agree. Up to 6.9 flags that only the head of a compound page has, LRU
 * above all, are not shown for its tails (stable_page_flags(), fs/proc/page.c): these take the head's kind.
 */
#include "advise/live_pages.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#include "host/file.h"
#include "host/system.h"

enum { PAGE_BYTES = 4096 };

/* include/uapi/linux/kernel-page-flags.h; PRIVATE: include/linux/kernel-page-flags.h, shown since 2.6.31 */
enum {
	LRU = 5,
	SLAB = 7,
	BUDDY = 10,
	ANON = 12,
	SWAPCACHE = 13,
	COMPOUND_HEAD = 15,
	COMPOUND_TAIL = 16,
	HUGE = 17,
	HWPOISON = 19,
	NOPAGE = 20,
	OFFLINE = 23,
	PRIVATE = 35,
};

static bool has(uint64_t flags, unsigned int bit)
{
	return flags >> bit & 1;
}

enum kd_page_kind kd_live_kind(uint64_t flags, enum kd_page_kind head)
{
	if (has(flags, NOPAGE))
		return KD_PAGE_ABSENT;
	if (has(flags, HWPOISON))
		return KD_PAGE_POISONED;
	if (has(flags, COMPOUND_TAIL) && head != KD_PAGE_ABSENT)
		return head;
	if (has(flags, SLAB))
		return KD_PAGE_KERNEL;
	if (has(flags, BUDDY))
		return KD_PAGE_FREE;
	if ((has(flags, LRU) || has(flags, SWAPCACHE)) && !has(flags, ANON))
		return has(flags, PRIVATE) ? KD_PAGE_CACHE_PRIVATE : KD_PAGE_CACHE;
	if (has(flags, HUGE))
		return KD_PAGE_HUGE;
	if (has(flags, ANON))
		return KD_PAGE_USER;
	return has(flags, OFFLINE) ? KD_PAGE_OFFLINE : KD_PAGE_KERNEL;
}

struct walk {
	int fd;
	char path[PATH_MAX];
	uint64_t *flags;
	uint8_t *kinds;
	enum kd_page_kind head; /* ABSENT: not known */
	uint64_t next_pfn;      /* where the head still holds */
};

static enum kd_status read_flags(struct walk *walk, uint64_t pfn, unsigned int count,
				 unsigned int *got, struct kd_err *err)
{
	size_t wanted = count * sizeof(uint64_t), done = 0;

	while (done < wanted) {
		ssize_t bytes = pread(walk->fd, (char *)walk->flags + done, wanted - done,
				      (off_t)(pfn * sizeof(uint64_t) + done));

		if (bytes < 0 && errno == EINTR)
			continue;
		if (bytes < 0)
			return kd_fail_errno(err, errno, "%s", walk->path);
		if (!bytes)
			break; /* memory that was added since: not in it */
		done += (size_t)bytes;
	}
	*got = (unsigned int)(done / sizeof(uint64_t));
	return KD_OK;
}

static enum kd_status show_chunk(struct walk *walk, uint64_t pfn, unsigned int count,
				 kd_live_show *show, void *opaque, struct kd_err *err)
{
	enum kd_status status = read_flags(walk, pfn, count, &count, err);

	if (status)
		return status;
	if (pfn != walk->next_pfn)
		walk->head = KD_PAGE_ABSENT;
	for (unsigned int i = 0; i < count; i++) {
		enum kd_page_kind kind = kd_live_kind(walk->flags[i], walk->head);

		walk->kinds[i] = (uint8_t)kind;
		if (!has(walk->flags[i], COMPOUND_TAIL))
			walk->head = has(walk->flags[i], COMPOUND_HEAD) ? kind : KD_PAGE_ABSENT;
	}
	walk->next_pfn = pfn + count;
	show(opaque, pfn, count, walk->kinds);
	return KD_OK;
}

static enum kd_status show_all(struct walk *walk, const struct kd_memory_map *ram, uint64_t every,
			       kd_live_show *show, void *opaque, uint64_t *seen, struct kd_err *err)
{
	uint64_t chunk = 0;

	*seen = 0;
	for (size_t i = 0; i < ram->count; i++) {
		uint64_t pfn = ram->ranges[i].start / PAGE_BYTES;
		uint64_t end = (ram->ranges[i].start + ram->ranges[i].bytes) / PAGE_BYTES;

		for (; pfn < end; chunk++) {
			uint64_t count =
				end - pfn < KD_LIVE_CHUNK_PAGES ? end - pfn : KD_LIVE_CHUNK_PAGES;
			enum kd_status status = chunk % every
							? KD_OK
							: show_chunk(walk, pfn, (unsigned int)count,
								     show, opaque, err);

			if (status)
				return status;
			if (chunk % every == 0)
				*seen += count;
			pfn += count;
		}
	}
	return KD_OK;
}

enum kd_status kd_live_pages(const struct kd_paths *paths, const struct kd_memory_map *ram,
			     uint64_t most_pages, kd_live_show *show, void *opaque,
			     uint64_t *seen_pages, uint64_t *all_pages, struct kd_err *err)
{
	struct walk walk = {.head = KD_PAGE_ABSENT};
	uint64_t all = 0;
	enum kd_status status;

	kd_path(walk.path, paths->proc, "kpageflags");
	walk.fd = open(walk.path, O_RDONLY | O_CLOEXEC);
	if (walk.fd < 0)
		return kd_fail_errno(err, errno, "%s", walk.path);
	for (size_t i = 0; i < ram->count; i++)
		all += ram->ranges[i].bytes / PAGE_BYTES;
	walk.flags = malloc(KD_LIVE_CHUNK_PAGES * sizeof(*walk.flags));
	walk.kinds = malloc(KD_LIVE_CHUNK_PAGES);
	if (walk.flags && walk.kinds)
		status = show_all(&walk, ram, (all + most_pages - 1) / most_pages + !all, show,
				  opaque, seen_pages, err);
	else
		status = kd_fail_errno(err, ENOMEM, "%s", walk.path);
	*all_pages = all;
	free(walk.flags);
	free(walk.kinds);
	close(walk.fd);
	return status;
}
