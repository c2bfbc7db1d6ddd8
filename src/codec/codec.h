/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How pages are compressed in a dump: rows of one table, one file each.
 *
 * A dump compresses page by page, so that any page can be had without the others; inputs of 4 KiB are
 * what each codec is set up for, and what is set up is kept: an encoder or a decoder is made once a
 * thread, in memory that the caller gives, and used for every page.
 *
 * Which codecs a program has depends on what it was linked with: the capture program is static and
 * does without those whose libraries are not (codec/table.c).
 */
#ifndef KD_CODEC_CODEC_H
#define KD_CODEC_CODEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/*
 * The flags of a page descriptor, and of the header of a kdump-compressed dump (makedumpfile's
 * diskdump_mod.h: DUMP_DH_COMPRESSED_*). Two encoders of one format share the flag.
 */
enum kd_codec_flag {
	KD_CODEC_STORED = 0,
	KD_CODEC_ZLIB = 0x1,
	KD_CODEC_LZO = 0x2,
	KD_CODEC_SNAPPY = 0x4,
	KD_CODEC_ZSTD = 0x20,
	KD_CODEC_FLAGS = 0x27, /* all of them */
};

struct kd_codec {
	const char *name; /* as a person writes it: "zstd" */
	uint32_t flag;    /* enum kd_codec_flag */
	bool is_static;   /* its library can be linked statically: the capture program has it */
	int least_level, default_level, most_level; /* all equal: there is nothing to choose */

	/* Bytes of memory for an encoder of pages of page_bytes, and for a decoder; aligned to 64. */
	size_t (*encoder_bytes)(int level, size_t page_bytes);
	size_t (*decoder_bytes)(void);

	/* Sets one up in that memory. KD_NOMEM when a library wants more. */
	enum kd_status (*encoder_init)(void *encoder, int level, size_t page_bytes,
				       struct kd_err *err);
	void (*encoder_deinit)(void *encoder);
	enum kd_status (*decoder_init)(void *decoder, struct kd_err *err);
	void (*decoder_deinit)(void *decoder);

	/* Room that compress() needs behind `out` for a page, however the page looks. */
	size_t (*bound)(size_t page_bytes);
	/* Returns the bytes written; 0 when it failed, and the page is stored as it is then. */
	size_t (*compress)(void *encoder, const void *page, size_t page_bytes, void *out,
			   size_t room);
	/* True when `data` gave exactly page_bytes bytes; the page is undefined otherwise. */
	bool (*decompress)(void *decoder, const void *data, size_t bytes, void *page,
			   size_t page_bytes);
};

/* The rows, NULL at their end, the default first. */
extern const struct kd_codec *const kd_codecs[];

/* By name, or NULL. */
const struct kd_codec *kd_codec_named(const char *name);
/* One that reads a format, or NULL: not known, or not in this program. */
const struct kd_codec *kd_codec_of_flag(uint32_t flag);
/* The format's name, also of those that this program cannot read: "zstd"; NULL for no format. */
const char *kd_codec_flag_name(uint32_t flag);

/*
 * Parses "NAME" or "NAME:LEVEL". KD_NOTFOUND for a name that is none (the message lists those that
 * are), KD_INVALID for a level out of range.
 */
enum kd_status kd_codec_parse(const char *text, const struct kd_codec **codec, int *level,
			      struct kd_err *err);

extern const struct kd_codec kd_codec_zstd, kd_codec_zlib, kd_codec_zlib_fast, kd_codec_lzo,
	kd_codec_snappy, kd_codec_none;

#endif
