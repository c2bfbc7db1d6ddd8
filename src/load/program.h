/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Programs of the capture image. */
#ifndef KD_LOAD_PROGRAM_H
#define KD_LOAD_PROGRAM_H

#include "base/err.h"
#include "load/cpio.h"

/*
 * Puts the program at `source` into the archive at `path`; *bytes (may be NULL) is its size. There is no dynamic linker in the
 * image: KD_INVALID for one that asks for it, or is no x86_64 program; KD_TRUNCATED; else as kd_file_read().
 */
enum kd_status kd_program_add(struct kd_cpio *cpio, const char *path, const char *source,
			      uint64_t *bytes, struct kd_err *err);

#endif
