/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the dump will need is not known before it was written, so the rule does not guess: `count` makes room for
 * one more, and `free` is what is to be free when writing begins. A crash that is larger takes of that, too, since it is
 * worth more, and `kdump prune` makes room again after the boot; one that is larger still finds a full target, and
 * kd_save() has its ways with that.
 */
#include "capture/retain.h"

#include <stdlib.h>
#include <time.h>

#include "capture/console.h"
#include "capture/store.h"
#include "host/file.h"

static void remove_chosen(struct kd_capture *capture, const char *base,
			  const struct kd_crashes *crashes, const struct kd_keep_choice choices[])
{
	struct kd_err why;

	for (size_t i = 0; i < crashes->count; i++) {
		if (!choices[i].remove)
			continue;
		if (kd_crash_remove(base, &crashes->items[i], &why))
			kd_say(capture, "%s", why.text);
		else
			kd_say(capture, "removed %s: %s", crashes->items[i].folder, choices[i].why);
	}
}

enum kd_status kd_capture_retain(struct kd_capture *capture, struct kd_err *err)
{
	const struct kd_keep *keep = &capture->keep;
	struct kd_keep_state state = {.now_s = (uint64_t)time(NULL), .coming = 1};
	KD_CLEANUP_FREE struct kd_keep_choice *choices = NULL;
	struct kd_crashes crashes;
	enum kd_status status;
	char base[PATH_MAX];
	uint64_t left;

	if (capture->target_type == KD_TARGET_RAW ||
	    (!keep->count && !keep->days && !keep->free_bytes))
		return KD_OK;
	kd_store_base(capture, base);
	status = kd_crashes_read(base, false, &crashes, err);
	if (status)
		return status == KD_NOTFOUND ? KD_OK : status;
	status = kd_keep_free_bytes(base, &state.free_bytes, err);
	choices = calloc(crashes.count + 1, sizeof(*choices));
	if (!status && !choices)
		status = kd_fail(err, KD_NOMEM, "%s: no memory", base);
	if (!status) {
		left = kd_keep_choose(keep, &state, &crashes, choices);
		remove_chosen(capture, base, &crashes, choices);
		if (left < keep->free_bytes)
			kd_say(capture, "warning: %llu MiB are free, and [keep] free asks for %llu",
			       (unsigned long long)left >> 20,
			       (unsigned long long)keep->free_bytes >> 20);
	}
	kd_crashes_deinit(&crashes);
	return status;
}
