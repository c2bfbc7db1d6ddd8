/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "load/compress.h"

#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

/*
 * The second kernel allocates the whole window to unpack (lib/decompress_unzstd.c), in a reservation
 * of few megabytes: at 2 MiB of window the image grows by little.
 */
enum { ZSTD_LEVEL = 19, ZSTD_WINDOW_LOG = 21, GZIP_WINDOW_BITS = 15 + 16 };

static enum kd_status compress_zstd(const void *from, size_t from_bytes, void **to,
				    size_t *to_bytes, struct kd_err *err)
{
	size_t room = ZSTD_compressBound(from_bytes), size;
	ZSTD_CCtx *context = ZSTD_createCCtx();
	void *buffer = malloc(room);

	if (!context || !buffer) {
		ZSTD_freeCCtx(context);
		free(buffer);
		return kd_fail(err, KD_NOMEM, "zstd: no memory");
	}
	ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, ZSTD_LEVEL);
	ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, ZSTD_WINDOW_LOG);
	size = ZSTD_compress2(context, buffer, room, from, from_bytes);
	ZSTD_freeCCtx(context);
	if (ZSTD_isError(size)) {
		free(buffer);
		return kd_fail(err, KD_SYSTEM, "zstd: %s", ZSTD_getErrorName(size));
	}
	*to = buffer;
	*to_bytes = size;
	return KD_OK;
}

static enum kd_status compress_gzip(const void *from, size_t from_bytes, void **to,
				    size_t *to_bytes, struct kd_err *err)
{
	z_stream stream = {0};
	void *buffer;
	size_t room;
	int result;

	if (from_bytes > UINT_MAX / 2)
		return kd_fail(err, KD_UNSUPPORTED, "gzip: %zu bytes are too many", from_bytes);
	/* The default gzip header has no name and time 0. */
	if (deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, GZIP_WINDOW_BITS, 9,
			 Z_DEFAULT_STRATEGY) != Z_OK)
		return kd_fail(err, KD_NOMEM, "gzip: no memory");
	room = deflateBound(&stream, from_bytes);
	buffer = malloc(room);
	if (!buffer) {
		deflateEnd(&stream);
		return kd_fail(err, KD_NOMEM, "gzip: no memory");
	}
	stream.next_in = (z_const Bytef *)(uintptr_t)from;
	stream.avail_in = (uInt)from_bytes;
	stream.next_out = buffer;
	stream.avail_out = (uInt)room;
	result = deflate(&stream, Z_FINISH);
	deflateEnd(&stream);
	if (result != Z_STREAM_END) {
		free(buffer);
		return kd_fail(err, KD_SYSTEM, "gzip: cannot compress (%d)", result);
	}
	*to = buffer;
	*to_bytes = stream.total_out;
	return KD_OK;
}

static enum kd_status compress_none(const void *from, size_t from_bytes, void **to,
				    size_t *to_bytes, struct kd_err *err)
{
	void *buffer = malloc(from_bytes + 1);

	if (!buffer)
		return kd_fail(err, KD_NOMEM, "initramfs: no memory");
	memcpy(buffer, from, from_bytes);
	*to = buffer;
	*to_bytes = from_bytes;
	return KD_OK;
}

/* The best first. */
static const struct kd_compressor compressors[] = {
	{"zstd", "CONFIG_RD_ZSTD", compress_zstd},
	{"gzip", "CONFIG_RD_GZIP", compress_gzip},
	{"none", NULL, compress_none},
};

const struct kd_compressor *kd_compressor_for(const struct kd_kconfig *kconfig)
{
	const struct kd_compressor *at = compressors;
	char value[8];

	while (at->option &&
	       !(kd_kconfig_get(kconfig, at->option, value, sizeof(value)) && !strcmp(value, "y")))
		at++;
	return at;
}
