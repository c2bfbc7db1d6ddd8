/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/text.h"

#include <limits.h>
#include <stdint.h>

enum { CONTINUATION_BITS = 6 };

/* How many bytes at the beginning are a character that may be shown; 0: it is none. RFC 3629. */
static size_t character_bytes(const uint8_t *text, size_t bytes)
{
	/* by how many bytes follow the first: its mark, and the least that needs so many */
	static const struct {
		uint8_t mask, mark;
		uint32_t least;
	} forms[] = {
		{0x80, 0x00, ' '}, {0xe0, 0xc0, 0xa0}, {0xf0, 0xe0, 0x800}, {0xf8, 0xf0, 0x10000}};

	for (size_t more = 0; more < sizeof(forms) / sizeof(*forms) && more < bytes; more++) {
		uint32_t character = text[0] & (uint8_t)~forms[more].mask;

		if ((text[0] & forms[more].mask) != forms[more].mark)
			continue;
		for (size_t i = 1; i <= more; i++) {
			if ((text[i] & 0xc0) != 0x80)
				return 0;
			character = character << CONTINUATION_BITS | (text[i] & 0x3f);
		}
		if (character < forms[more].least || character == 0x7f || character > 0x10ffff ||
		    (character >= 0xd800 && character < 0xe000))
			return 0;
		return more + 1;
	}
	return 0;
}

static uint64_t load_word(const char *text)
{
	uint64_t word;

	__builtin_memcpy(&word, text, sizeof(word));
	return word;
}

/* True when all bytes are NUL or what may be shown of ASCII. With the upper bits clear, no sum reaches the next byte. */
static bool is_plain(uint64_t word)
{
	const uint64_t each = 0x0101010101010101, upper = 0x80 * each;
	const uint64_t from_space = word + (0x80 - ' ') * each, from_one = word + 0x7f * each;
	const uint64_t deleted = word + each;

	return !((word | (from_one & ~from_space) | deleted) & upper);
}

bool kd_text_clean(char *text, size_t bytes)
{
	bool is_changed = false;

	for (size_t at = 0; at < bytes;) {
		size_t length;

		if (bytes - at >= sizeof(uint64_t) && is_plain(load_word(text + at))) {
			at += sizeof(uint64_t);
			continue;
		}
		length = character_bytes((const uint8_t *)text + at, bytes - at);
		if (!length && text[at]) {
			text[at] = '?';
			is_changed = true;
		}
		at += length ? length : 1;
	}
	return is_changed;
}

/* One step of a multiplicative hash: the product's upper half has something of every bit. */
static uint64_t stir(uint64_t hash, uint64_t word)
{
	hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
	return hash ^ hash >> 32;
}

uint32_t kd_text_hash(const char *text, size_t bytes)
{
	uint64_t hash = bytes, rest = 0;
	size_t at = 0;

	for (; bytes - at >= sizeof(uint64_t); at += sizeof(uint64_t))
		hash = stir(hash, load_word(text + at));
	for (; at < bytes; at++)
		rest = rest << 8 | (uint8_t)text[at];
	return (uint32_t)stir(hash, rest);
}

/* The value of a digit; of none, more than any base. */
static unsigned int digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return (unsigned int)(c - '0');
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? (unsigned int)(c - 'a') + 10 : UINT_MAX;
}

bool kd_text_bytes(const char *text, int base, uint64_t *bytes, const char **end)
{
	static const char units[] = "KkMmGgTt";
	unsigned int radix = base ? (unsigned int)base : 10, shift = 0;
	uint64_t number = 0;

	if (*text < '0' || *text > '9')
		return false;
	if (!base && *text == '0') {
		bool is_hexadecimal = (text[1] | 0x20) == 'x' && digit_of(text[2]) < 16;

		radix = is_hexadecimal ? 16 : 8;
		text += is_hexadecimal ? 2 : 0;
	}
	for (; digit_of(*text) < radix; text++)
		if (__builtin_mul_overflow(number, radix, &number) ||
		    __builtin_add_overflow(number, digit_of(*text), &number))
			return false;
	for (unsigned int i = 0; units[i]; i++)
		if (*text == units[i])
			shift = 10 * (i / 2 + 1);
	if (number > UINT64_MAX >> shift)
		return false;
	*bytes = number << shift;
	*end = text + (shift ? 1 : 0);
	return true;
}
