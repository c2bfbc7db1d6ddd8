/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What identifies the machine and the files of a load, so that it can be told later whether they
 * are still the same.
 */
#ifndef KD_LOAD_MARKS_H
#define KD_LOAD_MARKS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/sha256.h"
#include "host/paths.h"
#include "load/record.h"

/* One line of a file under PROC or SYS without its end. KD_NOTFOUND, KD_SYSTEM, KD_UNSUPPORTED. */
enum kd_status kd_marks_line(const char *root, const char *name, char *line, size_t bytes,
			     struct kd_err *err);

/* `uname -r` and this boot's random id, each from /proc. */
enum kd_status kd_marks_release(const struct kd_paths *paths, char release[65], struct kd_err *err);
enum kd_status kd_marks_boot_id(const struct kd_paths *paths, char boot_id[64], struct kd_err *err);

/*
 * A digest of what a core header describes: the RAM ranges of /proc/iomem and the CPUs present. A
 * CPU that goes offline and comes back changes nothing, since its notes stay where they are.
 */
enum kd_status kd_marks_layout(const struct kd_paths *paths, char layout[KD_SHA256_TEXT_BYTES],
			       struct kd_err *err);

/* True when the kernel itself brings the loaded core header up to date on CPU and memory hotplug. */
bool kd_marks_kernel_follows_hotplug(const struct kd_paths *paths);

/* Fills in file from the file at path, as it is now. */
enum kd_status kd_marks_file(const char *path, struct kd_load_file *file, struct kd_err *err);

/*
 * The same from the configuration with its drop-in files, as one: the digest is of all of them in the order in which
 * they are read. KD_NOTFOUND where there is none.
 */
enum kd_status kd_marks_config(const struct kd_paths *paths, struct kd_load_file *file,
			       struct kd_err *err);

#endif
