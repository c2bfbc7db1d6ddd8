/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Compressing an initramfs the way that a given kernel can unpack. */
#ifndef KD_LOAD_COMPRESS_H
#define KD_LOAD_COMPRESS_H

#include <stddef.h>

#include "base/err.h"
#include "load/kconfig.h"

struct kd_compressor {
	const char *name;
	const char *option; /* of the kernel configuration; NULL: every kernel has it */
	enum kd_status (*compress)(const void *from, size_t from_bytes, void **to, size_t *to_bytes,
				   struct kd_err *err);
};

/* The best that the kernel has; without a configuration, none: that always works. Never NULL. */
const struct kd_compressor *kd_compressor_for(const struct kd_kconfig *kconfig);

#endif
