/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "crashes/keep.h"

#include <errno.h>
#include <stdio.h>
#include <sys/statvfs.h>

#include "host/system.h"

#define DAY_S UINT64_C(86400)

/* What is never removed: the newest, the newest whole one, and what holds a stranger's file. */
static bool is_safe(const struct kd_crashes *crashes, size_t index)
{
	bool newest_whole = crashes->items[index].complete;

	for (size_t i = index + 1; i < crashes->count; i++)
		newest_whole &= !crashes->items[i].complete;
	return index + 1 == crashes->count || newest_whole || crashes->items[index].strange;
}

/* A clock that runs behind the newest crash tells nobody's age. */
static bool is_too_old(const struct kd_keep *keep, const struct kd_keep_state *state,
		       const struct kd_crashes *crashes, size_t index)
{
	uint64_t newest = crashes->items[crashes->count - 1].name.time_s;
	uint64_t age = state->now_s - crashes->items[index].name.time_s;

	return keep->days && state->now_s >= newest && age > keep->days * DAY_S;
}

uint64_t kd_keep_choose(const struct kd_keep *keep, const struct kd_keep_state *state,
			const struct kd_crashes *crashes, struct kd_keep_choice choices[])
{
	uint64_t left = crashes->count + state->coming, free_bytes = state->free_bytes;

	for (size_t i = 0; i < crashes->count; i++) {
		struct kd_keep_choice *choice = &choices[i];

		*choice = (struct kd_keep_choice){0};
		if (is_safe(crashes, i))
			continue;
		if (keep->count && left > keep->count)
			snprintf(choice->why, sizeof(choice->why), "only %u are kept", keep->count);
		else if (is_too_old(keep, state, crashes, i))
			snprintf(choice->why, sizeof(choice->why), "older than %u days",
				 keep->days);
		else if (free_bytes < keep->free_bytes)
			snprintf(choice->why, sizeof(choice->why),
				 "%llu MiB are free, and %llu MiB are to be",
				 (unsigned long long)free_bytes >> 20,
				 (unsigned long long)keep->free_bytes >> 20);
		else
			continue;
		choice->remove = true;
		left--;
		free_bytes += crashes->items[i].disk_bytes;
	}
	return free_bytes;
}

enum kd_status kd_keep_free_bytes(const char *path, uint64_t *bytes, struct kd_err *err)
{
	struct statvfs st;

	if (statvfs(path, &st))
		return kd_fail_errno(err, errno, "%s", path);
	*bytes = (uint64_t)st.f_bfree * st.f_frsize;
	return KD_OK;
}
