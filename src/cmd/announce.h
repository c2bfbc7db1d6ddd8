/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Telling of crashes once: an entry in the journal for each, and a message of the day. */
#ifndef KD_CMD_ANNOUNCE_H
#define KD_CMD_ANNOUNCE_H

#include <stdbool.h>

#include "crashes/crash.h"
#include "host/paths.h"

struct kd_announcing {
	const struct kd_paths *paths; /* which crashes were told of is kept below their `state` */
	bool journal, motd;
	bool partial; /* there may be more crashes: what was told of and is not here stays known */
};

struct kd_news {
	const char *folder; /* that the crash's own is in */
	const struct kd_crash *crash;
	bool is_new; /* filled in */
};

/*
 * Tells of the crashes that it has not told of. Two of one name are one crash that two targets have something of: the
 * whole dump is told of, or else the first. KD_SYSTEM, KD_NOMEM: they were told of, and it could not be kept that they were.
 */
enum kd_status kd_announce(const struct kd_announcing *announcing, struct kd_news *news,
			   size_t count, struct kd_err *err);

/* What came of a test crash, to the journal; `path`, of the crash, is "" where there is none. */
void kd_announce_test(const char *text, const char *path, bool complete);

#endif
