/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Taking crashes in: from a raw device, where the second kernel put the whole of it, and from pstore, where it put its
 * last words when no target could be had. Both can be stopped and begun again at any point.
 */
#ifndef KD_CRASHES_COLLECT_H
#define KD_CRASHES_COLLECT_H

#include "base/err.h"
#include "base/log.h"
#include "crashes/name.h"

struct kd_collected {
	char folder[KD_CRASH_NAME_BYTES]; /* its name; "" when there was nothing */
	bool before;                      /* an earlier run had made it */
};

/*
 * Takes the crash off the device, or a file that is an image of one, into a folder below `into`. What a digest shows
 * to be damaged is taken in as not complete. Then the device is marked, unless `keep`. KD_NOTFOUND: there is no crash on
 * it, or it was taken already; the statuses of kd_raw_read(); KD_SYSTEM.
 */
enum kd_status kd_collect_raw(const char *device, const char *into, bool keep,
			      const struct kd_progress *progress, struct kd_collected *collected,
			      struct kd_err *err);

/*
 * Puts our records in these folders (NULL ends the list), and in the folders in them, together, each crash into a folder
 * below `into`; then they are removed, unless `keep`. `each` is called for every crash. KD_SYSTEM, KD_NOMEM.
 */
enum kd_status kd_collect_pstore(const char *const folders[], const char *into, bool keep,
				 void (*each)(void *opaque, const struct kd_collected *collected),
				 void *opaque, struct kd_err *err);

#endif
