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
};

/*
 * Tells of the crashes that it has not told of; news[i] gets whether items[i] was one. KD_SYSTEM, KD_NOMEM: they were
 * told of, and it could not be kept that they were.
 */
enum kd_status kd_announce(const struct kd_announcing *announcing, const char *folder,
			   const struct kd_crashes *crashes, bool news[], struct kd_err *err);

#endif
