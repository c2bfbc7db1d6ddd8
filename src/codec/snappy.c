/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Snappy's raw format, as makedumpfile -p writes it. */
#include <snappy-c.h>

#include "codec/codec.h"

static size_t encoder_bytes(int level, size_t page_bytes)
{
	return 1; /* no state */
}

static enum kd_status encoder_init(void *memory, int level, size_t page_bytes, struct kd_err *err)
{
	return KD_OK;
}

static size_t decoder_bytes(void)
{
	return 1;
}

static enum kd_status decoder_init(void *memory, struct kd_err *err)
{
	return KD_OK;
}

static void deinit(void *memory)
{
}

static size_t compress_page(void *memory, const void *page, size_t page_bytes, void *out,
			    size_t room)
{
	size_t bytes = room;

	return snappy_compress(page, page_bytes, out, &bytes) == SNAPPY_OK ? bytes : 0;
}

static bool decompress_page(void *memory, const void *data, size_t bytes, void *page,
			    size_t page_bytes)
{
	size_t got = page_bytes, said;

	return snappy_uncompressed_length(data, bytes, &said) == SNAPPY_OK && said == page_bytes &&
	       snappy_uncompress(data, bytes, page, &got) == SNAPPY_OK && got == page_bytes;
}

const struct kd_codec kd_codec_snappy = {
	.name = "snappy",
	.flag = KD_CODEC_SNAPPY,
	.encoder_bytes = encoder_bytes,
	.encoder_init = encoder_init,
	.encoder_deinit = deinit,
	.decoder_bytes = decoder_bytes,
	.decoder_init = decoder_init,
	.decoder_deinit = deinit,
	.bound = snappy_max_compressed_length,
	.compress = compress_page,
	.decompress = decompress_page,
};
