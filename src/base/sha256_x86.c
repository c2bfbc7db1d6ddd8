/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SHA-256 by the instructions that x86 has for it (Intel SDM volume 2, SHA256RNDS2, SHA256MSG1,
 * SHA256MSG2), more than ten times as fast as arithmetic. They keep the state as two halves, ABEF and
 * CDGH, and do two rounds at a time; four rounds share one vector of message words, and each new
 * vector of the schedule is made of the four before it.
 */
#include "base/sha256_compress.h"

#if defined(__x86_64__)

#include <cpuid.h>
#include <immintrin.h>

bool kd_sha256_has_instructions(void)
{
	unsigned int a, b, c, d;

	if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_SSSE3) || !(c & bit_SSE4_1))
		return false;
	return __get_cpuid_count(7, 0, &a, &b, &c, &d) && b & bit_SHA;
}

__attribute__((target("sha,sse4.1,ssse3"))) void
kd_sha256_compress_x86(uint32_t state[8], const uint8_t *blocks, size_t count)
{
	const __m128i swap = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
	__m128i low = _mm_loadu_si128((const __m128i_u *)&state[0]);  /* d c b a */
	__m128i high = _mm_loadu_si128((const __m128i_u *)&state[4]); /* h g f e */
	__m128i abef, cdgh;

	low = _mm_shuffle_epi32(low, 0xb1);
	high = _mm_shuffle_epi32(high, 0x1b);
	abef = _mm_alignr_epi8(low, high, 8);
	cdgh = _mm_blend_epi16(high, low, 0xf0);

	for (; count; count--, blocks += 64) {
		const __m128i abef_before = abef, cdgh_before = cdgh;
		__m128i w[4];

		for (unsigned int i = 0; i < 4; i++)
			w[i] = _mm_shuffle_epi8(
				_mm_loadu_si128((const __m128i_u *)(blocks + 16 * i)), swap);
		for (unsigned int i = 0; i < 16; i++) {
			__m128i sum;

			if (i >= 4) {
				__m128i next = _mm_sha256msg1_epu32(w[i % 4], w[(i + 1) % 4]);

				next = _mm_add_epi32(
					next, _mm_alignr_epi8(w[(i + 3) % 4], w[(i + 2) % 4], 4));
				w[i % 4] = _mm_sha256msg2_epu32(next, w[(i + 3) % 4]);
			}
			sum = _mm_add_epi32(
				w[i % 4],
				_mm_loadu_si128((const __m128i_u *)&kd_sha256_constants[4 * i]));
			cdgh = _mm_sha256rnds2_epu32(cdgh, abef, sum);
			sum = _mm_shuffle_epi32(sum, 0x0e);
			abef = _mm_sha256rnds2_epu32(abef, cdgh, sum);
		}
		abef = _mm_add_epi32(abef, abef_before);
		cdgh = _mm_add_epi32(cdgh, cdgh_before);
	}

	low = _mm_shuffle_epi32(abef, 0x1b);
	high = _mm_shuffle_epi32(cdgh, 0xb1);
	_mm_storeu_si128((__m128i_u *)&state[0], _mm_blend_epi16(low, high, 0xf0));
	_mm_storeu_si128((__m128i_u *)&state[4], _mm_alignr_epi8(high, low, 8));
}

#else

bool kd_sha256_has_instructions(void)
{
	return false;
}

void kd_sha256_compress_x86(uint32_t state[8], const uint8_t *blocks, size_t count)
{
}

#endif
