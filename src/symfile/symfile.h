/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A symbol file for debuggers, made from a dump alone: an ELF64 executable, whose symbols, types and unwind
 * tables are where they were in the dead kernel (docs/symfile.md).
 */
#ifndef KD_SYMFILE_SYMFILE_H
#define KD_SYMFILE_SYMFILE_H

#include "base/log.h"
#include "symfile/buffer.h"
#include "inspect/system.h"

/*
 * Writes the whole file into an empty buffer, which is the caller's to deinit, on failure too. What the dump lacks is left out,
 * and the log (may be NULL) told: types, unwind tables, stacks. KD_NOMEM, KD_UNSUPPORTED for a machine of 32 bits.
 */
enum kd_status kd_symfile_make(struct kd_system *system, const struct kd_log *log,
			       struct kd_buffer *file, struct kd_err *err);

#endif
