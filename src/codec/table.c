/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which codecs this program has. Built twice: for kdump, and with KD_CODEC_STATIC for the capture
 * program, which is linked statically and lacks those whose libraries are not to be had so (snappy
 * needs C++, ISA-L is shared only in Debian 12).
 */
#include "codec/codec.h"

const struct kd_codec *const kd_codecs[] = {
	&kd_codec_zstd,      &kd_codec_zlib,
#ifndef KD_CODEC_STATIC
	&kd_codec_zlib_fast,
#endif
	&kd_codec_lzo,
#ifndef KD_CODEC_STATIC
	&kd_codec_snappy,
#endif
	&kd_codec_none,      NULL,
};
