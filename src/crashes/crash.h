/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A folder of crashes and what is in it. Whoever wrote a dump may have been a dying machine, and the
 * folder may be anybody's: what is broken is told as broken, what is not ours is told apart, links are
 * never followed, and nothing that was read reaches a terminal with control characters in it.
 */
#ifndef KD_CRASHES_CRASH_H
#define KD_CRASHES_CRASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "crashes/name.h"

struct kd_crash {
	char *folder; /* the name in the folder of crashes */
	struct kd_crash_name name;
	/* Of manifest.json, or report.json; NULL or 0: they do not tell. */
	uint64_t crash_time_s;
	char *host, *release;
	char *sentence, *kind, *signature, *signature_text;
	bool complete;
	char *reason;        /* why it is not complete; NULL when it is */
	char *strange;       /* a file in it that is not ours; NULL */
	uint64_t bytes;      /* of its files */
	uint64_t disk_bytes; /* that they take: dumps have holes */
};

/* An entry of the folder that is no crash of ours; those that begin with a dot are passed over. */
struct kd_crash_other {
	char *name;
	const char *why;
};

struct kd_crashes {
	struct kd_crash *items; /* the oldest first */
	size_t count;
	struct kd_crash_other *others; /* by name */
	size_t other_count;
};

/* The files of a crash folder; NULL ends the list. */
extern const char *const kd_crash_files[];

/*
 * Without `reports` their texts are not read, which saves a second kernel its memory. KD_NOTFOUND: there is no such
 * folder. KD_SYSTEM, KD_NOMEM.
 */
enum kd_status kd_crashes_read(const char *path, bool reports, struct kd_crashes *crashes,
			       struct kd_err *err);
void kd_crashes_deinit(struct kd_crashes *crashes);

/*
 * Removes a crash of the folder: its own files and then itself, the dump first and the manifest last, so that
 * what a power failure leaves of it is still known for what it is. KD_INVALID, and nothing is removed, when it
 * holds what is not ours.
 */
enum kd_status kd_crash_remove(const char *path, const struct kd_crash *crash, struct kd_err *err);

#endif
