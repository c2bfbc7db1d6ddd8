/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "save/zero.h"

#include <stdint.h>
#include <string.h>

/* A vector of what every x86_64 has; the compiler makes two SSE2 registers of it. */
typedef uint64_t vector __attribute__((vector_size(32)));

bool kd_is_zero(const void *data, size_t bytes)
{
	const uint8_t *at = data, *end = at + bytes;

	/* pages that are not zero mostly show it in their first line */
	for (; at < end; at += 64) {
		vector a, b;

		memcpy(&a, at, sizeof(a));
		memcpy(&b, at + sizeof(a), sizeof(b));
		a |= b;
		if (a[0] | a[1] | a[2] | a[3])
			return false;
	}
	return true;
}
