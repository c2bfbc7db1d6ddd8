/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A bounded reader over bytes that nobody vouches for.
 *
 * Reads past the end give zeros and set `overrun`, which stays set: a parser reads a whole record
 * and asks once. Freestanding.
 */
#ifndef KD_BASE_BYTES_H
#define KD_BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct kd_bytes {
	const uint8_t *data; /* borrowed */
	size_t size;
	size_t at;
	bool big_endian;
	bool overrun;
};

static inline struct kd_bytes kd_bytes(const void *data, size_t size)
{
	return (struct kd_bytes){.data = data, .size = size};
}

static inline size_t kd_bytes_left(const struct kd_bytes *bytes)
{
	return bytes->size - bytes->at;
}

/* The next `count` bytes in place, or NULL past the end. */
const void *kd_bytes_take(struct kd_bytes *bytes, size_t count);
/* Moves to an absolute offset; past the end is an overrun. */
void kd_bytes_seek(struct kd_bytes *bytes, uint64_t offset);

uint8_t kd_bytes_u8(struct kd_bytes *bytes);
uint16_t kd_bytes_u16(struct kd_bytes *bytes);
uint32_t kd_bytes_u32(struct kd_bytes *bytes);
uint64_t kd_bytes_u64(struct kd_bytes *bytes);

/* *sum = a + b; false when that does not fit. */
static inline bool kd_add(uint64_t a, uint64_t b, uint64_t *sum)
{
	return !__builtin_add_overflow(a, b, sum);
}

/* *product = a * b; false when that does not fit. */
static inline bool kd_multiply(uint64_t a, uint64_t b, uint64_t *product)
{
	return !__builtin_mul_overflow(a, b, product);
}

/* Rounds to a multiple of `unit`, a power of two. kd_round_up must not be near UINT64_MAX. */
static inline uint64_t kd_round_down(uint64_t value, uint64_t unit)
{
	return value & ~(unit - 1);
}

static inline uint64_t kd_round_up(uint64_t value, uint64_t unit)
{
	return kd_round_down(value + unit - 1, unit);
}

#endif
