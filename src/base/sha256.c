/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/sha256.h"

#include "base/sha256_compress.h"

#include <string.h>

const uint32_t kd_sha256_constants[64] = {
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4,
	0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe,
	0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f,
	0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7,
	0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc,
	0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b,
	0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116,
	0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
	0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7,
	0xc67178f2,
};

static const uint32_t initial_state[8] = {
	0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
	0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
};

static uint32_t rotate(uint32_t value, unsigned int bits)
{
	return value >> bits | value << (32 - bits);
}

static void compress(uint32_t state[8], const uint8_t block[64])
{
	uint32_t w[64], s[8];

	for (unsigned int i = 0; i < 16; i++)
		w[i] = (uint32_t)block[4 * i] << 24 | (uint32_t)block[4 * i + 1] << 16 |
		       (uint32_t)block[4 * i + 2] << 8 | block[4 * i + 3];
	for (unsigned int i = 16; i < 64; i++) {
		uint32_t a = w[i - 15], b = w[i - 2];

		w[i] = w[i - 16] + (rotate(a, 7) ^ rotate(a, 18) ^ a >> 3) + w[i - 7] +
		       (rotate(b, 17) ^ rotate(b, 19) ^ b >> 10);
	}
	memcpy(s, state, sizeof(s));
	for (unsigned int i = 0; i < 64; i++) {
		uint32_t t1 = s[7] + (rotate(s[4], 6) ^ rotate(s[4], 11) ^ rotate(s[4], 25)) +
			      ((s[4] & s[5]) ^ (~s[4] & s[6])) + kd_sha256_constants[i] + w[i];
		uint32_t t2 = (rotate(s[0], 2) ^ rotate(s[0], 13) ^ rotate(s[0], 22)) +
			      ((s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]));

		memmove(s + 1, s, 7 * sizeof(*s));
		s[4] += t1;
		s[0] = t1 + t2;
	}
	for (unsigned int i = 0; i < 8; i++)
		state[i] += s[i];
}

static void take(struct kd_sha256 *hash, const uint8_t *blocks, size_t count)
{
#ifndef KD_NO_VECTORS /* the purgatory has no vector registers to use */
	if (hash->accelerated) {
		kd_sha256_compress_x86(hash->state, blocks, count);
		return;
	}
#endif
	for (; count; count--, blocks += 64)
		compress(hash->state, blocks);
}

bool kd_sha256_is_fast(void)
{
#ifndef KD_NO_VECTORS
	return kd_sha256_has_instructions();
#else
	return false;
#endif
}

void kd_sha256_init(struct kd_sha256 *hash)
{
	hash->accelerated = kd_sha256_is_fast();
	memcpy(hash->state, initial_state, sizeof(initial_state));
	hash->length = 0;
}

void kd_sha256_update(struct kd_sha256 *hash, const void *data, size_t bytes)
{
	const uint8_t *at = data;
	size_t filled = hash->length % 64;

	hash->length += bytes;
	if (filled) {
		size_t part = bytes < 64 - filled ? bytes : 64 - filled;

		memcpy(hash->block + filled, at, part);
		at += part;
		bytes -= part;
		if (filled + part < 64)
			return;
		take(hash, hash->block, 1);
	}
	take(hash, at, bytes / 64);
	at += bytes - bytes % 64;
	bytes %= 64;
	if (bytes)
		memcpy(hash->block, at, bytes);
}

void kd_sha256_final(struct kd_sha256 *hash, uint8_t digest[KD_SHA256_BYTES])
{
	static const uint8_t padding[64] = {0x80};
	uint64_t bits = hash->length * 8;
	uint8_t length[8];

	for (unsigned int i = 0; i < 8; i++)
		length[i] = (uint8_t)(bits >> (56 - 8 * i));
	kd_sha256_update(hash, padding, 1 + (119 - hash->length % 64) % 64);
	kd_sha256_update(hash, length, sizeof(length));
	for (unsigned int i = 0; i < KD_SHA256_BYTES; i++)
		digest[i] = (uint8_t)(hash->state[i / 4] >> (24 - 8 * (i % 4)));
}

void kd_sha256_text(const uint8_t digest[KD_SHA256_BYTES], char text[KD_SHA256_TEXT_BYTES])
{
	static const char digits[] = "0123456789abcdef";

	for (unsigned int i = 0; i < KD_SHA256_BYTES; i++) {
		text[2 * i] = digits[digest[i] >> 4];
		text[2 * i + 1] = digits[digest[i] & 15];
	}
	text[2 * KD_SHA256_BYTES] = '\0';
}
