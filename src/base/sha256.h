/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SHA-256 (FIPS 180-4). Freestanding: the purgatory computes it with nothing else in memory. */
#ifndef KD_BASE_SHA256_H
#define KD_BASE_SHA256_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { KD_SHA256_BYTES = 32, KD_SHA256_TEXT_BYTES = 2 * KD_SHA256_BYTES + 1 };

struct kd_sha256 {
	uint32_t state[8];
	uint64_t length; /* bytes so far */
	bool accelerated;
	uint8_t block[64];
};

void kd_sha256_init(struct kd_sha256 *hash);
void kd_sha256_update(struct kd_sha256 *hash, const void *data, size_t bytes);
void kd_sha256_final(struct kd_sha256 *hash, uint8_t digest[KD_SHA256_BYTES]);

/* Whether this processor has instructions for it: gigabytes a second rather than hundreds of MB. */
bool kd_sha256_is_fast(void);

/* The digest as 64 lower-case hexadecimal digits and a NUL. */
void kd_sha256_text(const uint8_t digest[KD_SHA256_BYTES], char text[KD_SHA256_TEXT_BYTES]);

#endif
