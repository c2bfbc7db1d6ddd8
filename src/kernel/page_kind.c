/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/page_kind.h"

#include <stddef.h>
#include <string.h>

#define ALL_CACHE (KD_KIND(KD_PAGE_CACHE) | KD_KIND(KD_PAGE_CACHE_PRIVATE))
#define ALL_USER  (KD_KIND(KD_PAGE_USER) | KD_KIND(KD_PAGE_HUGE))

static const char *const names[KD_PAGE_KINDS] = {
	[KD_PAGE_KERNEL] = "kernel",
	[KD_PAGE_ZERO] = "zero",
	[KD_PAGE_CACHE] = "cache",
	[KD_PAGE_CACHE_PRIVATE] = "cache_private",
	[KD_PAGE_USER] = "user",
	[KD_PAGE_HUGE] = "huge",
	[KD_PAGE_FREE] = "free",
	[KD_PAGE_STRUCTS] = "structs",
	[KD_PAGE_POISONED] = "poisoned",
	[KD_PAGE_OFFLINE] = "offline",
	[KD_PAGE_UNACCEPTED] = "unaccepted",
	[KD_PAGE_ABSENT] = "absent",
};

/* What each bit of a level leaves out. */
static const uint32_t level_bits[] = {
	KD_KIND(KD_PAGE_ZERO), KD_KIND(KD_PAGE_CACHE), ALL_CACHE, ALL_USER, KD_KIND(KD_PAGE_FREE),
};

static const struct {
	const char *name;
	uint32_t kinds;
} choices[] = {
	{"zero", KD_KIND(KD_PAGE_ZERO)},
	{"cache", KD_KIND(KD_PAGE_CACHE)},
	{"cache-all", ALL_CACHE},
	{"user", ALL_USER},
	{"huge", KD_KIND(KD_PAGE_HUGE)},
	{"free", KD_KIND(KD_PAGE_FREE)},
	{"structs", KD_KIND(KD_PAGE_STRUCTS)},
};

enum {
	LEVEL_BITS = sizeof(level_bits) / sizeof(*level_bits),
	CHOICES = sizeof(choices) / sizeof(*choices),
};

const char *kd_page_kind_name(enum kd_page_kind kind)
{
	return names[kind];
}

uint32_t kd_level_kinds(unsigned int level)
{
	uint32_t kinds = 0;

	for (unsigned int bit = 0; bit < LEVEL_BITS; bit++)
		if (level >> bit & 1)
			kinds |= level_bits[bit];
	return kinds;
}

unsigned int kd_kinds_level(uint32_t kinds)
{
	unsigned int level = 0;

	for (unsigned int bit = 0; bit < LEVEL_BITS; bit++)
		if ((level_bits[bit] & ~kinds) == 0)
			level |= 1u << bit;
	return level;
}

enum kd_status kd_kinds_parse(const char *text, uint32_t *kinds, struct kd_err *err)
{
	uint32_t parsed = 0;

	for (;;) {
		size_t length = strcspn(text, ",");
		size_t i = 0;

		while (i < CHOICES &&
		       (strlen(choices[i].name) != length || memcmp(choices[i].name, text, length)))
			i++;
		if (i == CHOICES)
			return kd_fail(err, KD_NOTFOUND,
				       "'%.*s' is no kind of page: zero, cache, cache-all, user, "
				       "huge, free, structs",
				       (int)length, text);
		parsed |= choices[i].kinds;
		if (!text[length])
			break;
		text += length + 1;
	}
	*kinds = parsed;
	return KD_OK;
}
