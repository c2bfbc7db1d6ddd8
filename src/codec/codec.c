/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "codec/codec.h"

#include <string.h>

#include "base/format.h"

const struct kd_codec *kd_codec_named(const char *name)
{
	for (const struct kd_codec *const *row = kd_codecs; *row; row++)
		if (!strcmp((*row)->name, name))
			return *row;
	return NULL;
}

const struct kd_codec *kd_codec_of_flag(uint32_t flag)
{
	for (const struct kd_codec *const *row = kd_codecs; *row; row++)
		if ((*row)->flag == flag)
			return *row;
	return NULL;
}

const char *kd_codec_flag_name(uint32_t flag)
{
	switch (flag) {
	case KD_CODEC_STORED:
		return "none";
	case KD_CODEC_ZLIB:
		return "zlib";
	case KD_CODEC_LZO:
		return "lzo";
	case KD_CODEC_SNAPPY:
		return "snappy";
	case KD_CODEC_ZSTD:
		return "zstd";
	default:
		return NULL;
	}
}

static enum kd_status no_such_codec(const char *text, struct kd_err *err)
{
	char names[128] = "";
	size_t length = 0;

	for (const struct kd_codec *const *row = kd_codecs; *row; row++)
		if (length < sizeof(names))
			length += kd_format(names + length, sizeof(names) - length, "%s%s",
					    length ? ", " : "", (*row)->name);
	return kd_fail(err, KD_NOTFOUND, "'%s' is no way to compress: %s", text, names);
}

/* A decimal number with a sign, the whole text. */
static bool parse_level(const char *text, int *level)
{
	bool negative = *text == '-';
	int value = 0;

	text += negative;
	if (!*text)
		return false;
	for (; *text; text++) {
		if (*text < '0' || *text > '9' || value > 1000000)
			return false;
		value = value * 10 + (*text - '0');
	}
	*level = negative ? -value : value;
	return true;
}

enum kd_status kd_codec_parse(const char *text, const struct kd_codec **codec, int *level,
			      struct kd_err *err)
{
	const char *colon = strchr(text, ':');
	size_t length = colon ? (size_t)(colon - text) : strlen(text);
	const struct kd_codec *found;
	char name[32];
	int chosen;

	if (length >= sizeof(name))
		return no_such_codec(text, err);
	memcpy(name, text, length);
	name[length] = '\0';
	found = kd_codec_named(name);
	if (!found)
		return no_such_codec(text, err);
	chosen = found->default_level;
	if (colon && (!parse_level(colon + 1, &chosen) || chosen < found->least_level ||
		      chosen > found->most_level))
		return kd_fail(err, KD_INVALID, "'%s': %s has the levels %d to %d", text, name,
			       found->least_level, found->most_level);
	*codec = found;
	*level = chosen;
	return KD_OK;
}
