/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which system call loads the second kernel, and why that one.
 *
 * `segments` is kexec_load(2): we lay out everything and bring our own purgatory. `file` is
 * kexec_file_load(2): the kernel does, and can check a signature. The first is preferred, since only
 * there the first 640 KiB are backed up and a damaged image is named before it is entered.
 */
#ifndef KD_LOAD_METHOD_H
#define KD_LOAD_METHOD_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "host/paths.h"
#include "load/load.h"

/* What the running kernel would say to each system call. */
struct kd_load_powers {
	int segments_errno;       /* 0: kexec_load may be used; else why not */
	int file_errno;           /* the same for kexec_file_load */
	char lockdown[32];        /* "none", "integrity", "confidentiality"; "" unknown */
	bool disabled_for_good;   /* kernel.kexec_load_disabled, which only a reboot clears */
	bool no_more_panic_loads; /* kernel.kexec_load_limit_panic has come down to 0 */
};

/* Asks the kernel without changing anything: see the essay in method.c. */
void kd_load_powers_probe(const struct kd_paths *paths, struct kd_load_powers *powers);
/* The part that files say, for the probe and for tests. */
void kd_load_powers_read(const struct kd_paths *paths, struct kd_load_powers *powers);

struct kd_load_choice {
	enum kd_load_method method; /* FILE or SEGMENTS */
	bool may_fall_back;         /* AUTO took SEGMENTS, and FILE would be allowed */
	char reason[160];           /* "", or why not the preferred one */
};

/*
 * Decides. KD_UNSUPPORTED when the asked method, or every method, is barred; the message says by
 * what and what lifts it.
 */
enum kd_status kd_load_choose_method(enum kd_load_method wanted,
				     const struct kd_load_powers *powers,
				     struct kd_load_choice *choice, struct kd_err *err);

/* "auto", "file", "segments"; NULL out of range. */
const char *kd_load_method_name(enum kd_load_method method);
bool kd_load_method_parse(const char *name, enum kd_load_method *method);
/* "auto", "always", "never". */
const char *kd_backup_name(enum kd_backup backup);
bool kd_backup_parse(const char *name, enum kd_backup *backup);

#endif
