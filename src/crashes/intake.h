/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A crash folder that is being made from what lay elsewhere. It grows under a name that nothing takes for a crash, and
 * gets its own when everything in it is on stable storage: whatever ends the making leaves either nothing or all of
 * it, and the next making begins by clearing away what was left.
 */
#ifndef KD_CRASHES_INTAKE_H
#define KD_CRASHES_INTAKE_H

#include <jansson.h>
#include <stdint.h>

#include "base/err.h"
#include "base/log.h"
#include "base/sha256.h"
#include "crashes/crash.h"

struct kd_intake {
	int parent, fd;   /* the folder of crashes, locked; the one that grows. -1: none */
	const char *path; /* of the folder of crashes, borrowed */
};

/* Makes path when it is not there (mode 0755), and locks it. KD_SYSTEM, also when another process is at it. */
enum kd_status kd_intake_begin(struct kd_intake *intake, const char *path, struct kd_err *err);
/* Unlocks; what was not finished is cleared away. Fine on one that did not begin. */
void kd_intake_end(struct kd_intake *intake);

enum kd_status kd_intake_put(struct kd_intake *intake, const char *name, const void *data,
			     size_t bytes, struct kd_err *err);
/* Copies from `fd`, with holes for zeros; the digest is of what was read. KD_TRUNCATED when fd ends before. */
enum kd_status kd_intake_copy(struct kd_intake *intake, const char *name, int from, uint64_t offset,
			      uint64_t bytes, const struct kd_progress *progress,
			      uint8_t digest[KD_SHA256_BYTES], struct kd_err *err);
enum kd_status kd_intake_put_json(struct kd_intake *intake, const char *name, const json_t *root,
				  struct kd_err *err);

/* Syncs it and gives it the first name that is free; text gets it. */
enum kd_status kd_intake_finish(struct kd_intake *intake, struct kd_crash_name *name,
				char text[KD_CRASH_NAME_BYTES], struct kd_err *err);

/*
 * The folder of a crash of this host and time that an earlier intake made from the same origin: its manifest has
 * {"collected": {"id": ID}}. False: there is none.
 */
bool kd_intake_find(const struct kd_intake *intake, const struct kd_crash_name *name,
		    const char *id, char text[KD_CRASH_NAME_BYTES]);

#endif
