/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The other programs of ours. */
#ifndef KD_CMD_BESIDE_H
#define KD_CMD_BESIDE_H

#include <limits.h>

/*
 * Where a program is: `name` beside this one, `built` from the folder in which this one was built, else `installed`.
 * What is returned is that one or `path`.
 */
const char *kd_find_beside(const char *name, const char *built, const char *installed,
			   char path[PATH_MAX]);

#endif
