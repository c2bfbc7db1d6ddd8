/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Filling in the purgatory's parameters. */
#ifndef KD_LOAD_DIGEST_H
#define KD_LOAD_DIGEST_H

#include "base/err.h"
#include "load/image.h"
#include "purgatory/params.h"

/*
 * The purgatory as it will be loaded: a copy of the built image in *data, the caller's to free, and the
 * block of parameters in it. *memory_bytes is what it takes when it runs. KD_NOMEM.
 */
enum kd_status kd_purgatory_copy(void **data, size_t *data_bytes, uint64_t *memory_bytes,
				 struct kd_purgatory_params **params, struct kd_err *err);

/* Enters the digest of every segment of the image that is to be verified. */
void kd_purgatory_digest(const struct kd_load_image *image, struct kd_purgatory_params *params);

#endif
