/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/err.h"
#include "base/format.h"
#include "base/sha256.h"
#include "base/text.h"

/* Our formatter against the C library's, conversion by conversion. */
#define SAME(...)                                                                                  \
	do {                                                                                       \
		char ours[64], theirs[64];                                                         \
		size_t length = kd_format(ours, sizeof(ours), __VA_ARGS__);                        \
		assert_int_equal(length, snprintf(theirs, sizeof(theirs), __VA_ARGS__));           \
		assert_string_equal(ours, theirs);                                                 \
	} while (0)

static void test_format(void **state)
{
	/* volatile: gcc would warn of the truncation that is meant here */
	const char *volatile too_long =
		"a text that is a good deal longer than the sixty-four bytes of the buffer here";

	SAME("plain");
	SAME("%d %i %u", -1, INT_MIN, UINT_MAX);
	SAME("%lld %llu %llx", LLONG_MIN, ULLONG_MAX, ULLONG_MAX);
	SAME("%ld %zu %jd", LONG_MIN, SIZE_MAX, (intmax_t)-7);
	SAME("%hhu %hu", (unsigned char)200, (unsigned short)65535);
	SAME("[%5d] [%-5d] [%05d] [%+d] [% d]", 42, 42, 42, 42, 42);
	SAME("[%#x] [%#010x] [%X] [%o]", 0xabc, 0xabc, 0xabc, 8);
	SAME("[%.3d] [%8.3d] [%-8.3d]", 7, 7, 7);
	SAME("[%*d] [%-*d] [%.*s]", 6, 1, 6, 2, 3, "abcdef");
	SAME("[%s] [%10s] [%-10s] [%.2s]", "abc", "abc", "abc", "abc");
	SAME("%c%c%%", 'a', 'b');
	SAME("%s", too_long);
	SAME("%d%d", 0, 0);
}

static void test_error_text(void **state)
{
	struct kd_err err;
	char path[2 * KD_ERR_TEXT_BYTES];

	assert_int_equal(kd_fail(&err, KD_CORRUPT, "note %d", 3), KD_CORRUPT);
	assert_int_equal(kd_context(&err, KD_CORRUPT, "%s", "vmcore"), KD_CORRUPT);
	assert_string_equal(err.text, "vmcore: note 3");
	assert_int_equal(kd_fail(NULL, KD_NOMEM, "x"), KD_NOMEM);
	assert_int_equal(kd_context(NULL, KD_NOMEM, "x"), KD_NOMEM);

	memset(path, 'x', sizeof(path));
	path[sizeof(path) - 1] = '\0';
	kd_context(&err, KD_CORRUPT, "%s", path);
	assert_int_equal(strlen(err.text), KD_ERR_TEXT_BYTES - 1);
	assert_string_equal(err.text + strlen(err.text) - 3, "…");
}

static void test_bytes(void **state)
{
	static const uint8_t data[] = {1, 2, 3, 4, 5, 6, 7, 8, 9};
	struct kd_bytes bytes = kd_bytes(data, sizeof(data));

	assert_int_equal(kd_bytes_u8(&bytes), 1);
	assert_int_equal(kd_bytes_u16(&bytes), 0x0302);
	bytes.big_endian = true;
	assert_int_equal(kd_bytes_u32(&bytes), 0x04050607);
	assert_false(bytes.overrun);
	assert_int_equal(kd_bytes_u32(&bytes), 0);
	assert_true(bytes.overrun);
	assert_int_equal(kd_bytes_u8(&bytes), 0);

	bytes = kd_bytes(data, sizeof(data));
	kd_bytes_seek(&bytes, UINT64_MAX);
	assert_true(bytes.overrun);
}

/* The examples of FIPS 180-4's test vectors, whole and cut at every place. */
static void test_sha256(void **state)
{
	static const char message[] = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
	static const char expected[] =
		"248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1";
	uint8_t digest[KD_SHA256_BYTES];
	char text[KD_SHA256_TEXT_BYTES];
	struct kd_sha256 hash;

	kd_sha256_init(&hash);
	kd_sha256_final(&hash, digest);
	kd_sha256_text(digest, text);
	assert_string_equal(text,
			    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	for (size_t cut = 0; cut < sizeof(message); cut++) {
		kd_sha256_init(&hash);
		kd_sha256_update(&hash, message, cut);
		kd_sha256_update(&hash, message + cut, sizeof(message) - 1 - cut);
		kd_sha256_final(&hash, digest);
		kd_sha256_text(digest, text);
		assert_string_equal(text, expected);
	}
	kd_sha256_init(&hash);
	for (int i = 0; i < 1000000; i++)
		kd_sha256_update(&hash, "a", 1);
	kd_sha256_final(&hash, digest);
	kd_sha256_text(digest, text);
	assert_string_equal(text,
			    "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

/* The processor's instructions, where there are any, and plain arithmetic agree on every length. */
static void test_sha256_both_ways(void **state)
{
	uint8_t data[1000], digests[2][KD_SHA256_BYTES];

	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 7 + i / 256);
	for (size_t bytes = 0; bytes <= sizeof(data); bytes++) {
		for (int way = 0; way < 2; way++) {
			struct kd_sha256 hash;

			kd_sha256_init(&hash);
			hash.accelerated = hash.accelerated && way;
			kd_sha256_update(&hash, data, bytes);
			kd_sha256_final(&hash, digests[way]);
		}
		assert_memory_equal(digests[0], digests[1], KD_SHA256_BYTES);
	}
}

/* Bytes, and what of them may be shown. */
static void test_clean_texts(void **state)
{
	static const struct {
		const char *text, *clean;
	} cases[] = {
		{"plain ~", "plain ~"},
		{"a\tb\n\033[31m\x7f", "a?b??[31m?"},
		{"\u00e4\u20ac\U0001f600", "\u00e4\u20ac\U0001f600"},
		{"\xc2\x9b"
		 "2J \xc2\xa0",
		 "??2J \xc2\xa0"}, /* U+009B is what begins a command, too */
		{"\xff\x80 \xc3", "?? ?"},
		{"\xe2\x82 \xe2\x28\xa1", "?? ?(?"},
		{"\xc0\xaf \xe0\x80\xaf \xed\xa0\x80 \xf4\x90\x80\x80", "?? ??? ??? ????"},
	};
	char nul[] = "a\0\1";

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char text[32];

		strcpy(text, cases[i].text);
		assert_int_equal(kd_text_clean(text, strlen(text)),
				 strcmp(cases[i].text, cases[i].clean) != 0);
		assert_string_equal(text, cases[i].clean);
	}
	assert_true(kd_text_clean(nul, 3));
	assert_memory_equal(nul, "a\0?", 4);
}

/* Texts are looked at eight bytes at a time: any byte, at any place among ones that may be shown. */
static void test_clean_every_byte(void **state)
{
	static const char plain[] =
		" ~AZ09az\0~ }{|/."; /* what bounds the bytes that may be shown */
	enum { BYTES = sizeof(plain) - 1 };

	for (unsigned int byte = 0; byte < 256; byte++) {
		for (size_t at = 0; at < BYTES; at++) {
			bool shown = !byte || (byte >= ' ' && byte < 0x7f);
			char text[BYTES], clean[BYTES];

			memcpy(text, plain, BYTES);
			text[at] = (char)byte;
			memcpy(clean, text, BYTES);
			clean[at] = shown ? (char)byte : '?';
			assert_int_equal(kd_text_clean(text, BYTES), !shown);
			assert_memory_equal(text, clean, BYTES);
		}
	}
}

/* The same wherever the text lies, of its bytes alone; and names that differ little are spread over a table. */
static void test_hash_of_texts(void **state)
{
	enum { NAMES = 20000, SLOTS = 1 << 16 };
	static uint8_t used[SLOTS];
	char text[64];
	unsigned int taken = 0;

	for (size_t bytes = 0; bytes < 20; bytes++) {
		uint32_t hash = kd_text_hash("__do_sys_something_or_other", bytes);

		for (size_t shift = 0; shift < 9; shift++) {
			memset(text, (int)shift, sizeof(text));
			memcpy(text + shift, "__do_sys_something_or_other", bytes);
			assert_int_equal(kd_text_hash(text + shift, bytes), hash);
			text[shift] ^= 1;
			if (bytes)
				assert_int_not_equal(kd_text_hash(text + shift, bytes), hash);
		}
	}
	for (unsigned int i = 0; i < NAMES; i++) {
		int bytes = snprintf(text, sizeof(text), "__tracepoint_%u", i);
		uint8_t *slot = &used[kd_text_hash(text, (size_t)bytes) % SLOTS];

		taken += !*slot;
		*slot = 1;
	}
	/* chance alone would leave SLOTS * (1 - exp(-NAMES / SLOTS)), 17,235 of them */
	assert_in_range(taken, 17000, NAMES);
}

static void test_bytes_of_texts(void **state)
{
	static const struct {
		const char *text;
		int base;
		uint64_t bytes;
		const char *rest; /* NULL: it is none */
	} cases[] = {
		{"0", 10, 0, ""},
		{"4096", 10, 4096, ""},
		{"64K", 10, 64 << 10, ""},
		{"64k@16M", 10, 64 << 10, "@16M"},
		{"3G,high", 0, UINT64_C(3) << 30, ",high"},
		{"2T ", 10, UINT64_C(2) << 40, " "},
		{"2 T", 10, 2, " T"},
		{"7MB", 10, 7 << 20, "B"},
		{"0x10M", 0, 16 << 20, ""},
		{"0x10M", 10, 0, "x10M"},
		{"0xfgb", 0, UINT64_C(15) << 30, "b"},
		{"0x", 0, 0, "x"},
		{"010K", 0, 8 << 10, ""},
		{"08", 0, 0, "8"},
		{"18446744073709551615", 10, UINT64_MAX, ""},
		{"16777215T", 10, UINT64_C(16777215) << 40, ""},
		{"16777216T", 10, 0, NULL},
		{"18446744073709551616", 10, 0, NULL},
		{"", 10, 0, NULL},
		{"K", 10, 0, NULL},
		{"-1", 10, 0, NULL},
		{"+1", 10, 0, NULL},
		{" 1", 10, 0, NULL},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const char *end = NULL;
		uint64_t bytes = 0;

		assert_int_equal(kd_text_bytes(cases[i].text, cases[i].base, &bytes, &end),
				 cases[i].rest != NULL);
		if (!cases[i].rest)
			continue;
		assert_int_equal(bytes, cases[i].bytes);
		assert_string_equal(end, cases[i].rest);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bytes_of_texts),   cmocka_unit_test(test_format),
		cmocka_unit_test(test_error_text),       cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_clean_texts),      cmocka_unit_test(test_clean_every_byte),
		cmocka_unit_test(test_hash_of_texts),    cmocka_unit_test(test_sha256),
		cmocka_unit_test(test_sha256_both_ways),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
