/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * manifest.json: what is in a crash folder, whether it is whole, and how the capture went.
 *
 *     {"version": 1, "complete": true, "reason": null or why not, "host", "release",
 *      "crash_time": seconds or null, "capture_time": seconds, "format": "elf", "level": 0,
 *      "files": {"vmcore": {"bytes", "written_bytes", "zero_bytes", "sha256": hex or null}, …},
 *      "unreadable": {"pages": n, "file_offsets": ["0x…"]},
 *      "steps": [{"name", "seconds", "error": null or text}],
 *      "memory_kib": {"total", "lowest_available", "largest_step"}}
 */
#ifndef KD_CAPTURE_MANIFEST_H
#define KD_CAPTURE_MANIFEST_H

#include <stdio.h>

#include "capture/capture.h"

/* KD_NOMEM, KD_SYSTEM. */
enum kd_status kd_manifest_write(const struct kd_capture *capture, FILE *stream,
				 struct kd_err *err);

#endif
