/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pages as they are. */
#include <string.h>

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

static size_t bound(size_t page_bytes)
{
	return page_bytes;
}

/* Never smaller than the page, so that the page is stored. */
static size_t compress_page(void *memory, const void *page, size_t page_bytes, void *out,
			    size_t room)
{
	return 0;
}

static bool decompress_page(void *memory, const void *data, size_t bytes, void *page,
			    size_t page_bytes)
{
	if (bytes != page_bytes)
		return false;
	memcpy(page, data, bytes);
	return true;
}

const struct kd_codec kd_codec_none = {
	.name = "none",
	.flag = KD_CODEC_STORED,
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
