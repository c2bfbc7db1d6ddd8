/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which crashes are kept: the rule of [keep], the same after a boot (kdump prune) and in the second kernel before
 * it writes. The oldest go first. Never chosen are the newest crash, the newest one with a whole dump, and what
 * holds a file that is not ours: so a note put into a crash folder keeps it.
 */
#ifndef KD_CRASHES_KEEP_H
#define KD_CRASHES_KEEP_H

#include "crashes/crash.h"

struct kd_keep {
	unsigned int count;  /* at most so many crashes; 0: any number */
	unsigned int days;   /* none that is older; 0: of any age */
	uint64_t free_bytes; /* so much of the file system stays free; 0: it may be full */
};

/* What the rule is applied to. */
struct kd_keep_state {
	uint64_t now_s;
	uint64_t free_bytes; /* of the file system */
	unsigned int coming; /* crashes that are about to be added: 1 before a dump is written */
};

struct kd_keep_choice {
	bool remove;
	char why[80]; /* "only 5 are kept" */
};

/*
 * Fills choices, one for each crash. Returns the bytes that would then be free: fewer than asked for when what may
 * be removed is not enough.
 */
uint64_t kd_keep_choose(const struct kd_keep *keep, const struct kd_keep_state *state,
			const struct kd_crashes *crashes, struct kd_keep_choice choices[]);

/* Bytes free to root on the file system of path. KD_SYSTEM, KD_NOTFOUND. */
enum kd_status kd_keep_free_bytes(const char *path, uint64_t *bytes, struct kd_err *err);

#endif
