/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Inside of SHA-256: what its portable and its x86 half share. */
#ifndef KD_BASE_SHA256_COMPRESS_H
#define KD_BASE_SHA256_COMPRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The 64 round constants of FIPS 180-4, 4.2.2. */
extern const uint32_t kd_sha256_constants[64];

/* Whether this processor may run kd_sha256_compress_x86(). */
bool kd_sha256_has_instructions(void);

/* Takes `count` blocks of 64 bytes into the state. */
void kd_sha256_compress_x86(uint32_t state[8], const uint8_t *blocks, size_t count);

#endif
