/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where the running system shows itself. Everything that reads /proc, /sys or our own state takes
 * these, so that a test can point it at a folder of fixtures.
 */
#ifndef KD_HOST_PATHS_H
#define KD_HOST_PATHS_H

#include <stddef.h>

#include "base/err.h"

struct kd_paths {
	const char *root;    /* what precedes absolute paths that files tell of; NULL: nothing */
	const char *proc;    /* "/proc" */
	const char *sys;     /* "/sys" */
	const char *dev;     /* "/dev" */
	const char *boot;    /* "/boot" */
	const char *modules; /* "/lib/modules" */
	const char *state;   /* "/var/lib/kdump" */
	const char *config;  /* "/etc/kdump.conf" */
};

extern const struct kd_paths kd_system_paths;

/* Writes "ROOT/REST" into path (of PATH_MAX bytes). Cut paths are impossible names, not errors. */
const char *kd_path(char path[], const char *root, const char *rest, ...)
	__attribute__((format(printf, 3, 4)));

#endif
