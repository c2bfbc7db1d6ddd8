/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The modules of one kernel version: which file a name or alias means, and what has to be loaded
 * before it.
 */
#ifndef KD_LOAD_MODULES_H
#define KD_LOAD_MODULES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "host/paths.h"
#include "load/names.h"

struct kd_modules;

/* KD_NOTFOUND: no such version, or its indexes were never made; KD_NOMEM. */
enum kd_status kd_modules_open(const struct kd_paths *paths, const char *version,
			       struct kd_modules **modules, struct kd_err *err);
void kd_modules_close(struct kd_modules *modules);

/*
 * Puts what `name` (a module's name, or an alias as in a modalias file) means on the list of files,
 * after everything it depends on. *found: there is such a module, or it is built in. KD_NOTFOUND
 * only where a file is missing that the indexes name.
 */
enum kd_status kd_modules_want(struct kd_modules *modules, const char *name, bool *found,
			       struct kd_err *err);

/* The files wanted so far, in load order. */
const struct kd_names *kd_modules_files(const struct kd_modules *modules);

/*
 * Reads a module file, decompressing .xz, .zst and .gz. *stored_bytes: its size as stored. *data is the
 * caller's to free. KD_CORRUPT: damaged, or no ELF file; else as kd_file_read().
 */
enum kd_status kd_module_read(const char *path, char **data, size_t *bytes, size_t *stored_bytes,
			      struct kd_err *err);

#endif
