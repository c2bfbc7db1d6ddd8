/* SPDX-License-Identifier: GPL-2.0-or-later */
/* LZO1X-1, as makedumpfile -l writes it. */
#include <lzo/lzo1x.h>

#include "codec/codec.h"

static size_t encoder_bytes(int level, size_t page_bytes)
{
	return LZO1X_1_MEM_COMPRESS;
}

static enum kd_status init_library(struct kd_err *err)
{
	/* checks that the library was built for the same types; keeps no state */
	if (lzo_init() != LZO_E_OK)
		return kd_fail(err, KD_UNSUPPORTED, "lzo: the library does not fit this program");
	return KD_OK;
}

static enum kd_status encoder_init(void *memory, int level, size_t page_bytes, struct kd_err *err)
{
	return init_library(err);
}

static size_t decoder_bytes(void)
{
	return 1; /* no state */
}

static enum kd_status decoder_init(void *memory, struct kd_err *err)
{
	return init_library(err);
}

static void deinit(void *memory)
{
}

/* From the LZO FAQ: how much data that cannot be compressed may grow. */
static size_t bound(size_t page_bytes)
{
	return page_bytes + page_bytes / 16 + 64 + 3;
}

static size_t compress_page(void *memory, const void *page, size_t page_bytes, void *out,
			    size_t room)
{
	lzo_uint bytes = room;

	if (room < bound(page_bytes))
		return 0;
	return lzo1x_1_compress(page, page_bytes, out, &bytes, memory) == LZO_E_OK ? bytes : 0;
}

static bool decompress_page(void *memory, const void *data, size_t bytes, void *page,
			    size_t page_bytes)
{
	lzo_uint got = page_bytes;

	return lzo1x_decompress_safe(data, bytes, page, &got, NULL) == LZO_E_OK &&
	       got == page_bytes;
}

const struct kd_codec kd_codec_lzo = {
	.name = "lzo",
	.flag = KD_CODEC_LZO,
	.is_static = true,
	.encoder_bytes = encoder_bytes,
	.encoder_init = encoder_init,
	.encoder_deinit = deinit,
	.decoder_bytes = decoder_bytes,
	.decoder_init = decoder_init,
	.decoder_deinit = deinit,
	.bound = bound,
	.compress = compress_page,
	.decompress = decompress_page,
};
