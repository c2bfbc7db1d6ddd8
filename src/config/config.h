/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the administrator wants: /etc/kdump.conf, an INI file, of which the capture image carries a
 * copy. Every key has a default; an unknown key or a bad value is an error with file and line.
 *
 *     [target]
 *     device  = UUID=… | LABEL=… | /dev/…    where the crash folder goes (required to capture)
 *     type    = auto | ext4 | xfs | btrfs | vfat | raw
 *     path    = /var/crash                   folder below the root of that file system
 *     options =                              extra mount options
 *     [capture]
 *     host            = NAME                 used when the dump does not name its host
 *     final_action    = reboot | poweroff | halt | shell
 *     failure_action  = reboot | poweroff | halt | shell    when no dump could be written
 *     device_timeout  = SECONDS              how long to wait for the target to appear
 *     step_timeout    = SECONDS              limit of each step that is not the dump itself
 *     dump_timeout    = SECONDS              limit of writing the dump
 *     rescue_timeout  = SECONDS              how long Enter on the console brings a shell at the end; 0: never
 *     cpus            = NUMBER               CPUs of the second kernel
 *     [dump]
 *     level    = 0…31, or several with commas    what is left out; the next when space runs out
 *     format   = kdump | elf
 *     compress = zstd | zlib | lzo | none, with a level behind a colon
 *     [keep]
 *     count = NUMBER    crashes at most, the oldest go first; 0: any number
 *     days  = NUMBER    none that is older; 0: of any age
 *     free  = BYTES     of the file system that stay free, with K, M, G or T; 0: it may be full
 */
#ifndef KD_CONFIG_CONFIG_H
#define KD_CONFIG_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

enum kd_target_type {
	KD_TARGET_AUTO,
	KD_TARGET_EXT4,
	KD_TARGET_XFS,
	KD_TARGET_BTRFS,
	KD_TARGET_VFAT,
	KD_TARGET_RAW,
};

enum kd_dump_format { KD_DUMP_KDUMP, KD_DUMP_ELF };

enum kd_final_action { KD_FINAL_REBOOT, KD_FINAL_POWEROFF, KD_FINAL_HALT, KD_FINAL_SHELL };

struct kd_config {
	char *target_device; /* NULL when not configured */
	enum kd_target_type target_type;
	char *target_path;
	char *target_options;
	char *host; /* NULL: not configured */
	enum kd_final_action final_action;
	enum kd_final_action failure_action;
	unsigned int device_timeout_s;
	unsigned int step_timeout_s;
	unsigned int dump_timeout_s;
	unsigned int rescue_timeout_s;
	unsigned int cpus;
	char *dump_levels;
	enum kd_dump_format dump_format;
	char *dump_codec;
	unsigned int keep_count, keep_days; /* 0: no limit */
	char *keep_free;                    /* for kd_config_bytes() */
};

enum { KD_CONFIG_LEVELS = 8 };

/* Parses "0", "500M" or "2G" (K, M, G, T: powers of 1024); false when the text is no such size. */
bool kd_config_bytes(const char *text, uint64_t *bytes);

/*
 * Parses "31" or "1,31": 1 to KD_CONFIG_LEVELS dump levels, each 0 to 31. Returns how many; 0 when
 * the text is no such list.
 */
unsigned int kd_config_levels(const char *text, unsigned int levels[KD_CONFIG_LEVELS]);

/* Fills in the defaults. The strings are the config's own. KD_NOMEM. */
enum kd_status kd_config_init(struct kd_config *config, struct kd_err *err);
void kd_config_deinit(struct kd_config *config);

/*
 * Reads path over what config holds. A missing file is KD_NOTFOUND (callers for whom that is
 * fine go on with the defaults); a mistake is KD_INVALID with "PATH:LINE: …" and the nearest key.
 */
enum kd_status kd_config_read(struct kd_config *config, const char *path, struct kd_err *err);

/*
 * The configuration as the text of such a file, every key in it; reading it gives the same again.
 * *text is the caller's to free. KD_INVALID for a value that the file format cannot carry.
 */
enum kd_status kd_config_format(const struct kd_config *config, char **text, struct kd_err *err);

/* *copy becomes an independent configuration. KD_NOMEM. */
enum kd_status kd_config_copy(const struct kd_config *config, struct kd_config *copy,
			      struct kd_err *err);

/* Whether a shell may be asked for, so that the image has to carry it. */
bool kd_config_wants_shell(const struct kd_config *config);

/* Sets one key, as a line of the file would; KD_INVALID with the reason. */
enum kd_status kd_config_set(struct kd_config *config, const char *section, const char *key,
			     const char *value, struct kd_err *err);

/* The names as the file spells them; NULL for a value out of range. */
const char *kd_target_type_name(enum kd_target_type type);
const char *kd_final_action_name(enum kd_final_action action);
const char *kd_dump_format_name(enum kd_dump_format format);

#endif
