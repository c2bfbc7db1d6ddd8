/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the administrator wants: /etc/kdump.conf, an INI file, and /etc/kdump.conf.d/NAME.conf, which are read over it
 * in the order of their names; the capture image carries one file that says the same. Every key has a default; an
 * unknown key or a bad value is an error with file and line.
 *
 *     [target]                               the first target
 *     [target NAME]                          each a further one, tried in this order until one holds the dump
 *     device  = UUID=… | LABEL=… | PARTUUID=… | PARTLABEL=… | /dev/…    where the crash folder goes
 *     type    = auto | ext4 | xfs | btrfs | vfat | raw
 *     path    = /var/crash                   folder below the root of that file system
 *     options =                              extra mount options
 *     [capture]
 *     fallback        = boot | none          what is tried when no target holds the dump
 *     host            = NAME                 used when the dump does not name its host
 *     final_action    = reboot | poweroff | halt | shell
 *     failure_action  = reboot | poweroff | halt | shell    when no dump could be written
 *     device_timeout  = SECONDS              how long to wait for a target to appear
 *     step_timeout    = SECONDS              limit of each step that is not the dump itself
 *     dump_timeout    = SECONDS              limit of writing the dump
 *     rescue_timeout  = SECONDS              how long Enter on the console brings a shell at the end; 0: never
 *     cpus            = NUMBER               CPUs of the second kernel
 *     [kernel]
 *     append        = PARAMETERS             for the second kernel, where `kdump load` is not told others
 *     append_remove = NAMES                  parameters of the running kernel that it does not get
 *     [hooks]
 *     before       = PROGRAM [ARGUMENT…]     run before the first target is looked for
 *     after        = PROGRAM [ARGUMENT…]     run when the dump is written, or could not be
 *     hook_timeout = SECONDS                 limit of each
 *     [dump]
 *     level    = 0…31, or several with commas    what is left out; the next when space runs out
 *     format   = kdump | elf
 *     compress = zstd | zlib | lzo | none, with a level behind a colon
 *     [keep]
 *     count = NUMBER    crashes at most, the oldest go first; 0: any number
 *     days  = NUMBER    none that is older; 0: of any age
 *     free  = BYTES     of the file system that stay free, with K, M, G or T; 0: it may be full
 *     [collect]
 *     motd = yes | no    whether new crashes are told of in the message of the day after the boot, too
 */
#ifndef KD_CONFIG_CONFIG_H
#define KD_CONFIG_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
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

enum kd_fallback { KD_FALLBACK_BOOT, KD_FALLBACK_NONE };

enum { KD_CONFIG_TARGETS = 8, KD_TARGET_NAME_BYTES = 25 };

struct kd_config_target {
	char name[KD_TARGET_NAME_BYTES]; /* "" of [target], NAME of [target NAME] */
	char *device;                    /* NULL when not configured */
	enum kd_target_type type;
	char *path;
	char *options;
};

struct kd_config {
	struct kd_config_target targets[KD_CONFIG_TARGETS]; /* in order; [target] is the first */
	unsigned int target_count;                          /* at least 1 */
	enum kd_fallback fallback;
	char *host; /* NULL: not configured */
	enum kd_final_action final_action;
	enum kd_final_action failure_action;
	unsigned int device_timeout_s;
	unsigned int step_timeout_s;
	unsigned int dump_timeout_s;
	unsigned int rescue_timeout_s;
	unsigned int cpus;
	char *append, *append_remove; /* NULL: not configured */
	char *hook_before, *hook_after;
	unsigned int hook_timeout_s;
	char *dump_levels;
	enum kd_dump_format dump_format;
	char *dump_codec;
	unsigned int keep_count, keep_days; /* 0: no limit */
	char *keep_free;                    /* for kd_config_bytes() */
	unsigned int collect_motd;          /* 0: no, 1: yes */
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
 * Reads path, and then the files PATH.d/NAME.conf in the order of their names (as bytes), over what config holds.
 * KD_NOTFOUND where there is neither (callers for whom that is fine go on with the defaults); a mistake
 * is KD_INVALID with "PATH:LINE: …" and the nearest key. All of it is taken, or nothing.
 */
enum kd_status kd_config_read(struct kd_config *config, const char *path, struct kd_err *err);

/*
 * The same for the copy in a capture image: its targets are all that there are, under the names that they have. In the
 * system's own files [target] is there unmentioned, and is the first; one that was left out of the image must not
 * come back that way, nor the next take its name.
 */
enum kd_status kd_config_read_image(struct kd_config *config, const char *path, struct kd_err *err);

/* The same from its text, which `name` has in messages. */
enum kd_status kd_config_parse_image(struct kd_config *config, const char *text, const char *name,
				     struct kd_err *err);

/*
 * The files that kd_config_read(path) reads, if they are there: calls `take` for each until it fails. For whoever
 * wants to know whether they changed.
 */
enum kd_status kd_config_files(const char *path,
			       enum kd_status (*take)(void *opaque, const char *file,
						      struct kd_err *err),
			       void *opaque, struct kd_err *err);

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

/* Sets one key, as a line of the file would; "target NAME" makes that target. KD_INVALID with the reason. */
enum kd_status kd_config_set(struct kd_config *config, const char *section, const char *key,
			     const char *value, struct kd_err *err);

/* One target by itself: copied, freed, and as its section is called, "target" or "target NAME". */
enum kd_status kd_config_target_copy(const struct kd_config_target *from,
				     struct kd_config_target *to, struct kd_err *err);
void kd_config_target_deinit(struct kd_config_target *target);
const char *kd_config_target_section(const struct kd_config_target *target, char text[],
				     size_t bytes);
/* A target more, with the defaults: NULL with KD_INVALID where there are too many, or the name is bad. */
struct kd_config_target *kd_config_add_target(struct kd_config *config, const char *name,
					      struct kd_err *err);
/* Sets one key of a target, as a line below its section would. */
enum kd_status kd_config_target_set(struct kd_config_target *target, const char *key,
				    const char *value, struct kd_err *err);

/* The names as the file spells them; NULL for a value out of range. */
const char *kd_target_type_name(enum kd_target_type type);
const char *kd_final_action_name(enum kd_final_action action);
const char *kd_dump_format_name(enum kd_dump_format format);

#endif
