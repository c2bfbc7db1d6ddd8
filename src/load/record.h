/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What was loaded, remembered: STATE/loaded.json, so that `status` can say what a panic would
 * start, `arm` can load it again (after a reboot too), and a refused load can be undone.
 *
 *     { "version": 1, "armed": true,
 *       "request": { what the person asked for; absent keys are defaults },
 *       "loaded": { time, boot_id, release, method, backup, command_line, layout,
 *                   "files": [{"role", "path", "sha256", "bytes"}],
 *                   "segments": [{"name", "address", "bytes"}] } }
 *
 * The reader believes nothing: every key is checked for type and range, and a damaged record is
 * KD_CORRUPT with the key's name.
 */
#ifndef KD_LOAD_RECORD_H
#define KD_LOAD_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/sha256.h"
#include "host/paths.h"
#include "load/load.h"

/*
 * What a person asked for, before defaults are filled in: a kernel that is NULL follows the running
 * release, so that `arm` after a reboot into a newer kernel takes that one's.
 */
struct kd_load_arguments {
	char *kernel; /* NULL: BOOT/vmlinuz-RELEASE */
	char *initrd; /* NULL: STATE/initrd-RELEASE */
	bool no_initrd;
	char *command_line; /* NULL: none */
	bool reuse_command_line;
	char *append; /* NULL: nothing */
	enum kd_load_method method;
	enum kd_backup backup;
};

enum kd_load_role { KD_ROLE_KERNEL, KD_ROLE_INITRD, KD_ROLE_CONFIG };
enum { KD_ROLE_COUNT = KD_ROLE_CONFIG + 1, KD_RECORD_SEGMENTS = 16 };

/* "kernel", "initrd", "configuration". */
const char *kd_load_role_name(enum kd_load_role role);

struct kd_load_file {
	char *path; /* NULL: there was none */
	char sha256[KD_SHA256_TEXT_BYTES];
	uint64_t bytes;
};

struct kd_load_placed {
	char name[32];
	uint64_t paddr;
	uint64_t bytes;
};

struct kd_load_record {
	bool armed;
	struct kd_load_arguments arguments;
	/* the rest says what the last load did */
	uint64_t time_s; /* since the epoch */
	char boot_id[64];
	char release[65];
	enum kd_load_method method;
	bool backup;
	char *command_line;
	char layout[KD_SHA256_TEXT_BYTES];
	struct kd_load_file files[KD_ROLE_COUNT];
	struct kd_load_placed segments[KD_RECORD_SEGMENTS];
	size_t segment_count; /* 0 with method file: the kernel does not tell */
};

void kd_load_arguments_deinit(struct kd_load_arguments *arguments);
/* Copies deeply. KD_NOMEM. */
enum kd_status kd_load_arguments_copy(const struct kd_load_arguments *from,
				      struct kd_load_arguments *to, struct kd_err *err);

void kd_load_record_deinit(struct kd_load_record *record);

/* KD_NOTFOUND when nothing is remembered; KD_CORRUPT, KD_UNSUPPORTED (a later version), KD_SYSTEM. */
enum kd_status kd_load_record_read(const struct kd_paths *paths, struct kd_load_record *record,
				   struct kd_err *err);
/* Whether this record could be written: KD_INVALID for text that JSON cannot hold. To be asked early. */
enum kd_status kd_load_record_check(const struct kd_load_record *record, struct kd_err *err);
/* Replaces it as a whole, making the folder when it is missing. */
enum kd_status kd_load_record_write(const struct kd_paths *paths,
				    const struct kd_load_record *record, struct kd_err *err);
/* No record is fine. */
enum kd_status kd_load_record_remove(const struct kd_paths *paths, struct kd_err *err);

#endif
