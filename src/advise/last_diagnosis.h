/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The last diagnosis, remembered in STATE/doctor.json, so that only what changed is told again:
 *
 *     { "version": 1, "time": SECONDS, "findings": { CHECK: { "result": …, "sentence": … } } }
 */
#ifndef KD_ADVISE_LAST_DIAGNOSIS_H
#define KD_ADVISE_LAST_DIAGNOSIS_H

#include "advise/doctor.h"
#include "host/paths.h"

struct kd_last_finding {
	bool known;
	enum kd_result result;
	char sentence[KD_SENTENCE_BYTES]; /* "" when it was left out */
};

struct kd_last_diagnosis {
	struct kd_last_finding findings[KD_FINDINGS]; /* as kd_checks[] is sorted */
};

/*
 * Whether there is something to tell: another result, or another sentence that is more than other numbers, which
 * change from day to day. What is not known was as it should be.
 */
bool kd_finding_is_news(const struct kd_last_finding *last, const struct kd_finding *finding);

/* KD_NOTFOUND: there is none; KD_CORRUPT, KD_SYSTEM. What it has of other checks is ignored. */
enum kd_status kd_last_diagnosis_read(const struct kd_paths *paths, struct kd_last_diagnosis *last,
				      struct kd_err *err);
/* Replaces it as a whole, making the folder when it is missing. */
enum kd_status kd_last_diagnosis_write(const struct kd_paths *paths,
				       const struct kd_diagnosis *diagnosis, struct kd_err *err);

#endif
