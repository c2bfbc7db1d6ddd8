/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Zstandard (RFC 8878). The default: on pages of kernels it is both the smallest and, at its negative
 * levels, among the fastest. One frame a page, with its size and without a checksum, as makedumpfile
 * writes them.
 *
 * Contexts live in the caller's memory. The parameters are those for inputs of a page: without that
 * hint the tables would be made for megabytes, and clearing them would cost more than the page.
 */
#define ZSTD_STATIC_LINKING_ONLY
#include <zstd.h>

#include "codec/codec.h"

enum { LEAST_LEVEL = -20, DEFAULT_LEVEL = -1, MOST_LEVEL = 19 };

/*
 * For a page the library chooses a table with twice as many entries as the page has bytes. It is cleared for each
 * page, and one with as many finds nearly as much.
 */
static ZSTD_compressionParameters parameters(int level, size_t page_bytes)
{
	ZSTD_compressionParameters chosen = ZSTD_getCParams(level, page_bytes, 0);

	if (chosen.hashLog > chosen.windowLog && chosen.strategy == ZSTD_fast)
		chosen.hashLog = chosen.windowLog;
	return chosen;
}

static size_t encoder_bytes(int level, size_t page_bytes)
{
	return ZSTD_estimateCCtxSize_usingCParams(parameters(level, page_bytes));
}

static enum kd_status encoder_init(void *encoder, int level, size_t page_bytes, struct kd_err *err)
{
	const ZSTD_compressionParameters chosen = parameters(level, page_bytes);
	const struct {
		ZSTD_cParameter parameter;
		unsigned int value;
	} settings[] = {
		{ZSTD_c_windowLog, chosen.windowLog}, {ZSTD_c_hashLog, chosen.hashLog},
		{ZSTD_c_chainLog, chosen.chainLog},   {ZSTD_c_searchLog, chosen.searchLog},
		{ZSTD_c_minMatch, chosen.minMatch},   {ZSTD_c_targetLength, chosen.targetLength},
		{ZSTD_c_strategy, chosen.strategy},
	};
	/* ZSTD_initStaticCCtx() gives the context at the beginning of the memory */
	ZSTD_CCtx *context = ZSTD_initStaticCCtx(encoder, encoder_bytes(level, page_bytes));
	size_t failed = 0;

	if (!context)
		return kd_fail(err, KD_NOMEM, "zstd: level %d does not fit its memory", level);
	/* set once, so that no page has them worked out again */
	failed |= ZSTD_isError(ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, level));
	for (size_t i = 0; i < sizeof(settings) / sizeof(*settings); i++)
		failed |= ZSTD_isError(ZSTD_CCtx_setParameter(context, settings[i].parameter,
							      (int)settings[i].value));
	return failed ? kd_fail(err, KD_UNSUPPORTED, "zstd: the library refuses level %d", level)
		      : KD_OK;
}

static size_t compress_page(void *encoder, const void *page, size_t page_bytes, void *out,
			    size_t room)
{
	size_t bytes = ZSTD_compress2(encoder, out, room, page, page_bytes);

	return ZSTD_isError(bytes) ? 0 : bytes;
}

static size_t decoder_bytes(void)
{
	return ZSTD_estimateDCtxSize();
}

static enum kd_status decoder_init(void *decoder, struct kd_err *err)
{
	if (!ZSTD_initStaticDCtx(decoder, decoder_bytes()))
		return kd_fail(err, KD_NOMEM, "zstd: a decoder does not fit its memory");
	return KD_OK;
}

static bool decompress_page(void *decoder, const void *data, size_t bytes, void *page,
			    size_t page_bytes)
{
	/* ZSTD_initStaticDCtx() gives the context at the beginning of the memory */
	return ZSTD_decompressDCtx(decoder, page, page_bytes, data, bytes) == page_bytes;
}

static void deinit(void *memory)
{
}

const struct kd_codec kd_codec_zstd = {
	.name = "zstd",
	.flag = KD_CODEC_ZSTD,
	.is_static = true,
	.least_level = LEAST_LEVEL,
	.default_level = DEFAULT_LEVEL,
	.most_level = MOST_LEVEL,
	.encoder_bytes = encoder_bytes,
	.encoder_init = encoder_init,
	.encoder_deinit = deinit,
	.decoder_bytes = decoder_bytes,
	.decoder_init = decoder_init,
	.decoder_deinit = deinit,
	.bound = ZSTD_compressBound,
	.compress = compress_page,
	.decompress = decompress_page,
};
