/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading a crash off a raw device, or off a file that is an image of one: docs/raw-target.md. */
#ifndef KD_CRASHES_RAW_H
#define KD_CRASHES_RAW_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/sha256.h"
#include "crashes/name.h"
#include "crashes/raw_format.h"

/* What a header says, believed only as far as it was checked. */
struct kd_raw_crash {
	enum kd_raw_state state;
	uint64_t capture_time_s;
	char host[KD_HOST_BYTES];               /* fit for a file name */
	struct kd_raw_part parts[KD_RAW_PARTS]; /* names are those of kd_crash_files, once each */
	unsigned int part_count;
	uint8_t digest[KD_SHA256_BYTES]; /* of the header: which crash this is */
};

/*
 * KD_NOTFOUND: there is no crash on it. KD_CORRUPT, KD_TRUNCATED: there is one whose header contradicts itself, or the
 * device. KD_UNSUPPORTED: of a later version. KD_SYSTEM.
 */
enum kd_status kd_raw_read(const char *device, struct kd_raw_crash *crash, struct kd_err *err);

/* Writes state 3 into the header, if it still is the one of this crash; KD_CORRUPT when it is not. */
enum kd_status kd_raw_mark_taken(const char *device, const struct kd_raw_crash *crash,
				 struct kd_err *err);

#endif
