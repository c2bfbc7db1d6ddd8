/* SPDX-License-Identifier: GPL-2.0-or-later */
/* All unwind tables of the kernel and its modules as .debug_frame. */
#ifndef KD_SYMFILE_FRAMES_H
#define KD_SYMFILE_FRAMES_H

#include "base/log.h"
#include "symfile/cfi.h"
#include "symfile/layout.h"

/*
 * Writes what the tables say, into an empty one. A module whose tables cannot be read is left out, and the log told. The kernel's
 * own: KD_NOTFOUND without, KD_CORRUPT, KD_NOMEM, or what reading says.
 */
enum kd_status kd_frames_write(const struct kd_layout *layout, const struct kd_log *log,
			       struct kd_cfi *cfi, struct kd_err *err);

#endif
