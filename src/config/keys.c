/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/keys.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "codec/codec.h"

/* A kind of value. Text kinds have `check`; the others a list of words, or a range of numbers. */
struct kd_config_kind {
	/* Why text is not such a value, or NULL when it is. */
	const char *(*check)(const char *text);
	bool empty_is_unset; /* text: an empty value is stored as NULL */
	const char *const *words;
	/* Text: words that may stand before its first colon, to name the nearest of; NULL: none. */
	const char *const *starts;
	const char *unit; /* numbers: what is counted, with a space before it */
	unsigned int least, most;
};

enum { LEVEL_MOST = 31 };

static const char *check_any(const char *text)
{
	return NULL;
}

static const char *check_device(const char *text)
{
	static const char *const starts[] = {"UUID=", "LABEL=", "PARTUUID=", "PARTLABEL=", "/dev/"};

	if (!*text)
		return NULL;
	for (size_t i = 0; i < sizeof(starts) / sizeof(*starts); i++)
		if (!strncmp(text, starts[i], strlen(starts[i])) && text[strlen(starts[i])])
			return NULL;
	return "a device is UUID=…, LABEL=…, PARTUUID=…, PARTLABEL=… or /dev/…";
}

/* The crash folder is made by a privileged program: a path that climbs out is a mistake. */
static const char *check_path(const char *text)
{
	if (*text != '/')
		return "a path starts with /";
	for (const char *at = text; (at = strstr(at, "/..")); at++)
		if (!at[3] || at[3] == '/')
			return "a path must not contain ..";
	return NULL;
}

/* What is run is copied into the image, to the same place. */
static const char *check_program(const char *text)
{
	if (!*text)
		return NULL;
	if (*text != '/')
		return "a program is named by its whole path";
	return check_path(text);
}

static const char *check_host(const char *text)
{
	static const char allowed[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_";

	if (strlen(text) > 64)
		return "a host name has at most 64 characters";
	if (*text == '.' || text[strspn(text, allowed)])
		return "a host name is made of letters, digits, dots, hyphens and underscores";
	return NULL;
}

unsigned int kd_config_levels(const char *text, unsigned int levels[KD_CONFIG_LEVELS])
{
	unsigned int count = 0;

	for (;; text++) {
		size_t digits = strspn(text, "0123456789");
		unsigned long level;

		if (!digits || digits > 2 || count == KD_CONFIG_LEVELS)
			return 0;
		level = strtoul(text, NULL, 10);
		text += digits;
		if (level > LEVEL_MOST || (*text && *text != ','))
			return 0;
		levels[count++] = (unsigned int)level;
		if (!*text)
			return count;
	}
}

static const char *check_levels(const char *text)
{
	unsigned int levels[KD_CONFIG_LEVELS];

	return kd_config_levels(text, levels)
		       ? NULL
		       : "a level is a number from 0 to 31, or several with commas between them";
}

bool kd_config_bytes(const char *text, uint64_t *bytes)
{
	const char *end;

	return kd_text_bytes(text, 10, bytes, &end) && !*end;
}

static const char *check_bytes(const char *text)
{
	uint64_t bytes;

	if (kd_config_bytes(text, &bytes))
		return NULL;
	return strchr(text, '%')
		       ? "a size is a number of bytes, or one with K, M, G or T behind, such as "
			 "10G, and no share of the file system"
		       : "a size is a number of bytes, or one with K, M, G or T behind, such as "
			 "10G";
}

static const char *check_codec(const char *text)
{
	const struct kd_codec *codec;
	struct kd_err err;
	int level;

	if (kd_codec_parse(text, &codec, &level, &err))
		return err.status == KD_INVALID ? "no such level"
						: "a codec is zstd, zlib, lzo or none";
	return codec->is_static ? NULL : "the capture program has zstd, zlib, lzo and none only";
}

static const char *const type_words[] = {
	[KD_TARGET_AUTO] = "auto",
	[KD_TARGET_EXT4] = "ext4",
	[KD_TARGET_XFS] = "xfs",
	[KD_TARGET_BTRFS] = "btrfs",
	[KD_TARGET_VFAT] = "vfat",
	[KD_TARGET_RAW] = "raw",
	NULL,
};
static const char *const action_words[] = {
	[KD_FINAL_REBOOT] = "reboot",
	[KD_FINAL_POWEROFF] = "poweroff",
	[KD_FINAL_HALT] = "halt",
	[KD_FINAL_SHELL] = "shell",
	NULL,
};

static const char *const answer_words[] = {"no", "yes", NULL};

static const char *const fallback_words[] = {
	[KD_FALLBACK_BOOT] = "boot",
	[KD_FALLBACK_NONE] = "none",
	NULL,
};

static const char *const format_words[] = {
	[KD_DUMP_KDUMP] = "kdump",
	[KD_DUMP_ELF] = "elf",
	NULL,
};

static const char *const codec_words[] = {"zstd", "zlib", "lzo", "none", NULL};

static const struct kd_config_kind device = {.check = check_device, .empty_is_unset = true};
static const struct kd_config_kind path = {.check = check_path};
static const struct kd_config_kind text_line = {.check = check_any};
static const struct kd_config_kind host = {.check = check_host, .empty_is_unset = true};
static const struct kd_config_kind type = {.words = type_words};
static const struct kd_config_kind action = {.words = action_words};
/* At least a second: nothing in the second kernel may wait for ever. At most a day. */
static const struct kd_config_kind seconds = {.unit = " seconds", .least = 1, .most = 86400};
static const struct kd_config_kind pause = {.unit = " seconds", .least = 0, .most = 3600};
static const struct kd_config_kind cpus = {.unit = "", .least = 1, .most = 64};
static const struct kd_config_kind levels = {.check = check_levels};
static const struct kd_config_kind codec = {.check = check_codec, .starts = codec_words};
static const struct kd_config_kind optional = {.check = check_any, .empty_is_unset = true};
static const struct kd_config_kind program = {.check = check_program, .empty_is_unset = true};
static const struct kd_config_kind fallback = {.words = fallback_words};
static const struct kd_config_kind answer = {.words = answer_words};
static const struct kd_config_kind size = {.check = check_bytes};
static const struct kd_config_kind crashes = {.unit = "", .least = 0, .most = 100000};
static const struct kd_config_kind days = {.unit = " days", .least = 0, .most = 36500};
static const struct kd_config_kind format = {.words = format_words};

#define KEY(section, name, member, kind, initial)                                                  \
	{                                                                                          \
		section, name, KD_OF_CONFIG, offsetof(struct kd_config, member), &(kind), initial  \
	}
#define TARGET_KEY(name, member, kind, initial)                                                    \
	{                                                                                          \
		"target", name, KD_OF_TARGET, offsetof(struct kd_config_target, member), &(kind),  \
			initial                                                                    \
	}

const struct kd_config_key kd_config_keys[] = {
	TARGET_KEY("device", device, device, ""),
	TARGET_KEY("type", type, type, "auto"),
	TARGET_KEY("path", path, path, "/var/crash"),
	TARGET_KEY("options", options, text_line, ""),
	KEY("capture", "fallback", fallback, fallback, "boot"),
	KEY("capture", "host", host, host, ""),
	KEY("capture", "final_action", final_action, action, "reboot"),
	KEY("capture", "failure_action", failure_action, action, "reboot"),
	KEY("capture", "device_timeout", device_timeout_s, seconds, "60"),
	KEY("capture", "step_timeout", step_timeout_s, seconds, "60"),
	KEY("capture", "dump_timeout", dump_timeout_s, seconds, "3600"),
	KEY("capture", "rescue_timeout", rescue_timeout_s, pause, "0"),
	KEY("capture", "cpus", cpus, cpus, "1"),
	KEY("kernel", "append", append, optional, ""),
	KEY("kernel", "append_remove", append_remove, optional, ""),
	KEY("hooks", "before", hook_before, program, ""),
	KEY("hooks", "after", hook_after, program, ""),
	KEY("hooks", "hook_timeout", hook_timeout_s, seconds, "60"),
	KEY("dump", "level", dump_levels, levels, "31"),
	KEY("dump", "format", dump_format, format, "kdump"),
	KEY("dump", "compress", dump_codec, codec, "zstd"),
	KEY("keep", "count", keep_count, crashes, "0"),
	KEY("keep", "days", keep_days, days, "0"),
	KEY("keep", "free", keep_free, size, "0"),
	KEY("collect", "motd", collect_motd, answer, "no"),
};
const size_t kd_config_key_count = sizeof(kd_config_keys) / sizeof(*kd_config_keys);
_Static_assert(sizeof(kd_config_keys) / sizeof(*kd_config_keys) < KD_CONFIG_KEYS_MAX,
	       "room for a mark by key");

const char *kd_target_type_name(enum kd_target_type value)
{
	return (unsigned int)value <= KD_TARGET_RAW ? type_words[value] : NULL;
}

const char *kd_final_action_name(enum kd_final_action value)
{
	return (unsigned int)value <= KD_FINAL_SHELL ? action_words[value] : NULL;
}

const char *kd_dump_format_name(enum kd_dump_format value)
{
	return (unsigned int)value <= KD_DUMP_ELF ? format_words[value] : NULL;
}

/* "; did you mean reboot?", or nothing. */
static const char *did_you_mean(const char *text, const char *const words[], char buffer[],
				size_t bytes)
{
	const char *nearest = words ? kd_config_nearest(text, words) : NULL;

	if (!nearest)
		return "";
	snprintf(buffer, bytes, "; did you mean %s?", nearest);
	return buffer;
}

static enum kd_status parse_word(const struct kd_config_key *key, const char *text, void *member,
				 struct kd_err *err)
{
	char known[128] = "", hint[64];

	for (unsigned int i = 0; key->kind->words[i]; i++) {
		size_t used = strlen(known);

		if (!strcmp(text, key->kind->words[i])) {
			/* Both enums start at 0 and have the size of an int (the System V ABI). */
			*(unsigned int *)member = i;
			return KD_OK;
		}
		snprintf(known + used, sizeof(known) - used, "%s%s", used ? ", " : "",
			 key->kind->words[i]);
	}
	return kd_fail(err, KD_INVALID, "%s = %s: must be one of %s%s", key->name, text, known,
		       did_you_mean(text, key->kind->words, hint, sizeof(hint)));
}

/* "; 2h is 7200" for a number with a unit of time behind it, where no unit is to be; or what is to be instead. */
static const char *unit_hint(const struct kd_config_key *key, const char *text, char buffer[],
			     size_t bytes)
{
	static const struct {
		const char *counted, *unit;
		unsigned int factor;
	} units[] = {
		{" seconds", "s", 1},    {" seconds", "sec", 1},  {" seconds", "m", 60},
		{" seconds", "min", 60}, {" seconds", "h", 3600}, {" seconds", "d", 86400},
		{" days", "d", 1},       {" days", "w", 7},       {" days", "y", 365},
	};
	size_t digits = strspn(text, "0123456789");
	const char *unit = text + digits + strspn(text + digits, " ");

	if (!digits || digits > 6)
		return "";
	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++)
		if (!strcmp(units[i].counted, key->kind->unit) && !strcmp(units[i].unit, unit)) {
			snprintf(buffer, bytes, "; %s is %lu", text,
				 strtoul(text, NULL, 10) * units[i].factor);
			return buffer;
		}
	return *unit ? ", with nothing behind it" : "";
}

static enum kd_status parse_number(const struct kd_config_key *key, const char *text, void *member,
				   struct kd_err *err)
{
	size_t digits = strspn(text, "0123456789");
	unsigned long value;
	char hint[64];

	if (!digits || text[digits])
		return kd_fail(err, KD_INVALID, "%s = %s: must be a number%s%s%s", key->name, text,
			       *key->kind->unit ? " of" : "", key->kind->unit,
			       unit_hint(key, text, hint, sizeof(hint)));
	value = digits > 9 ? UINT32_MAX : strtoul(text, NULL, 10);
	if (value < key->kind->least || value > key->kind->most)
		return kd_fail(err, KD_INVALID, "%s = %s: must be from %u to %u%s", key->name, text,
			       key->kind->least, key->kind->most, key->kind->unit);
	*(unsigned int *)member = (unsigned int)value;
	return KD_OK;
}

static enum kd_status parse_text(const struct kd_config_key *key, const char *text, void *member,
				 struct kd_err *err)
{
	const char *why = key->kind->check(text);
	char **string = member, *copy = NULL, start[32], hint[64];

	if (why) {
		snprintf(start, sizeof(start), "%.*s", (int)strcspn(text, ":"), text);
		return kd_fail(err, KD_INVALID, "%s = %s: %s%s", key->name, text, why,
			       did_you_mean(start, key->kind->starts, hint, sizeof(hint)));
	}
	if (*text || !key->kind->empty_is_unset) {
		copy = strdup(text);
		if (!copy)
			return kd_fail(err, KD_NOMEM, "%s: no memory", key->name);
	}
	free(*string);
	*string = copy;
	return KD_OK;
}

enum kd_status kd_config_parse_value(const struct kd_config_key *key, const char *text, void *owner,
				     struct kd_err *err)
{
	void *member = (char *)owner + key->offset;

	if (key->kind->words)
		return parse_word(key, text, member, err);
	if (key->kind->check)
		return parse_text(key, text, member, err);
	return parse_number(key, text, member, err);
}

const char *kd_config_value_text(const struct kd_config_key *key, const void *owner, char buffer[],
				 size_t bytes)
{
	const void *member = (const char *)owner + key->offset;
	const char *string;

	if (key->kind->words)
		return key->kind->words[*(const unsigned int *)member];
	if (key->kind->check) {
		string = *(char *const *)member;
		return string ? string : "";
	}
	snprintf(buffer, bytes, "%u", *(const unsigned int *)member);
	return buffer;
}

bool kd_config_is_text(const struct kd_config_key *key)
{
	return key->kind->check != NULL;
}
