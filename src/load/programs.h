/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Programs of this system for the image: each with what interprets it (the first line of a script, the dynamic loader)
 * at the same place, and its libraries in one folder, KD_LIBRARY_FOLDER, which the second kernel's programs
 * get as LD_LIBRARY_PATH. What a program opens by itself (dlopen, modules of a language) is not found.
 */
#ifndef KD_LOAD_PROGRAMS_H
#define KD_LOAD_PROGRAMS_H

#include <stddef.h>

#include "base/err.h"
#include "config/image.h"
#include "host/paths.h"

struct kd_program_file {
	char *source; /* on this system */
	char *path;   /* in the image */
};

struct kd_programs {
	struct kd_program_file *files;
	size_t count;
};

/*
 * Adds the program at an absolute path and what it takes, what is there already only once. KD_NOTFOUND: the program
 * or a library; KD_UNSUPPORTED: a script by way of env(1), a foreign program; KD_CORRUPT, KD_SYSTEM, KD_NOMEM.
 */
enum kd_status kd_programs_add(struct kd_programs *programs, const struct kd_paths *paths,
			       const char *path, struct kd_err *err);
void kd_programs_deinit(struct kd_programs *programs);

#endif
