/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a program or library says that it cannot start without: its loader and its libraries. */
#ifndef KD_LOAD_ELF_NEEDS_H
#define KD_LOAD_ELF_NEEDS_H

#include <limits.h>
#include <stddef.h>

#include "base/err.h"
#include "load/names.h"

struct kd_elf_needs {
	char interpreter[PATH_MAX]; /* PT_INTERP; "" for a static program or a library */
	char folders
		[PATH_MAX]; /* DT_RUNPATH, else DT_RPATH: with colons between them, perhaps $ORIGIN */
	struct kd_names libraries; /* DT_NEEDED */
};

/* KD_UNSUPPORTED: not of 64 bits and little endian; KD_CORRUPT, KD_TRUNCATED, KD_NOMEM. */
enum kd_status kd_elf_needs_read(const char *path, const void *data, size_t size,
				 struct kd_elf_needs *needs, struct kd_err *err);
void kd_elf_needs_deinit(struct kd_elf_needs *needs);

#endif
