/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * manifest.json: what is in a crash folder, whether it is whole, and how the capture went.
 *
 *     {"version": 2, "complete": true, "reason": null or why not, "host", "release",
 *      "crash_time": seconds or null, "capture_time": seconds, "format": "kdump", "codec": "zstd", "level": 31,
 *      "pages": {"classified", "kinds": {"kernel": n, "cache": n, …}, "kept", "saved", "zero", "unknown"},
 *      "files": {"vmcore": {"bytes", "complete", "sha256": hex or null}, …},
 *      "unreadable": {"pages": n, "addresses": ["0x…"]},
 *      "targets": [{"name", "device", "path", "error": null or why it does not hold the dump}], in the order of trying,
 *      "seconds": {"plan", "data", "sync", "threads": {"judge", "read", "pack", "write"}},
 *      "steps": [{"name", "target": number, "seconds", "peak_kib", "error": null or text}],
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
