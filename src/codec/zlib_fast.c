/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The zlib format again, by ISA-L's igzip at its level 0: one pass with a Huffman code that is fixed
 * beforehand. The code is made from how often literals, lengths and distances occur in pages of
 * kernels (zlib_fast_table.h), so that it fits without being sent more than once a page; several times as fast
 * as what looks at each page, and some larger.
 */
#include <string.h>

#include <isa-l/igzip_lib.h>

#include "codec/codec.h"
#include "codec/zlib_fast_table.h"

struct encoder {
	struct isal_zstream stream;
	struct isal_hufftables code;
};

static size_t encoder_bytes(int level, size_t page_bytes)
{
	return sizeof(struct encoder);
}

static enum kd_status encoder_init(void *memory, int level, size_t page_bytes, struct kd_err *err)
{
	struct encoder *encoder = memory;
	struct isal_huff_histogram histogram = {0};

	memset(encoder, 0, sizeof(*encoder));
	for (int i = 0; i < ISAL_DEF_LIT_LEN_SYMBOLS; i++)
		histogram.lit_len_histogram[i] = kd_zlib_fast_literals[i];
	for (int i = 0; i < ISAL_DEF_DIST_SYMBOLS; i++)
		histogram.dist_histogram[i] = kd_zlib_fast_distances[i];
	if (isal_create_hufftables(&encoder->code, &histogram) != COMP_OK)
		return kd_fail(err, KD_UNSUPPORTED, "zlib-fast: the library refuses its code");
	return KD_OK;
}

static void deinit(void *memory)
{
}

/* A stored block more than the page, and the format's own 6 bytes. */
static size_t bound(size_t page_bytes)
{
	return page_bytes + page_bytes / 8 + 256;
}

static size_t compress_page(void *memory, const void *page, size_t page_bytes, void *out,
			    size_t room)
{
	struct encoder *encoder = memory;
	struct isal_zstream *stream = &encoder->stream;

	/* sets some fields only, and so costs next to nothing */
	isal_deflate_stateless_init(stream);
	stream->hufftables = &encoder->code;
	stream->gzip_flag = IGZIP_ZLIB;
	stream->end_of_stream = 1;
	stream->flush = NO_FLUSH;
	/* the library only reads there; its type does not say so */
	memcpy(&stream->next_in, &page, sizeof(page));
	stream->avail_in = (uint32_t)page_bytes;
	stream->next_out = out;
	stream->avail_out = (uint32_t)room;
	if (isal_deflate_stateless(stream) != COMP_OK || stream->avail_in)
		return 0;
	return stream->total_out;
}

static size_t decoder_bytes(void)
{
	return kd_codec_zlib.decoder_bytes();
}

static enum kd_status decoder_init(void *memory, struct kd_err *err)
{
	return kd_codec_zlib.decoder_init(memory, err);
}

static void decoder_deinit(void *memory)
{
	kd_codec_zlib.decoder_deinit(memory);
}

static bool decompress_page(void *memory, const void *data, size_t bytes, void *page,
			    size_t page_bytes)
{
	return kd_codec_zlib.decompress(memory, data, bytes, page, page_bytes);
}

const struct kd_codec kd_codec_zlib_fast = {
	.name = "zlib-fast",
	.flag = KD_CODEC_ZLIB,
	.encoder_bytes = encoder_bytes,
	.encoder_init = encoder_init,
	.encoder_deinit = deinit,
	.decoder_bytes = decoder_bytes,
	.decoder_init = decoder_init,
	.decoder_deinit = decoder_deinit,
	.bound = bound,
	.compress = compress_page,
	.decompress = decompress_page,
};
