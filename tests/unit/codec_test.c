/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Every codec: pages of every kind come back whole, and damage is noticed. */
#include "codec/codec.h"

#include <stdlib.h>
#include <string.h>

#include "test.h"

enum { PAGE = 4096, ROOM = 2 * PAGE };

struct machine {
	const struct kd_codec *codec;
	void *encoder, *decoder;
	uint8_t page[PAGE], packed[ROOM], back[PAGE];
};

static void *memory(size_t bytes)
{
	void *at = aligned_alloc(64, (bytes + 63) / 64 * 64);

	assert_non_null(at);
	return at;
}

static void start(struct machine *machine, const struct kd_codec *codec, int level)
{
	struct kd_err err;

	machine->codec = codec;
	machine->encoder = memory(codec->encoder_bytes(level, PAGE));
	machine->decoder = memory(codec->decoder_bytes());
	assert_int_equal(codec->encoder_init(machine->encoder, level, PAGE, &err), KD_OK);
	assert_int_equal(codec->decoder_init(machine->decoder, &err), KD_OK);
	assert_true(codec->bound(PAGE) <= ROOM);
}

static void stop(struct machine *machine)
{
	machine->codec->encoder_deinit(machine->encoder);
	machine->codec->decoder_deinit(machine->decoder);
	free(machine->encoder);
	free(machine->decoder);
}

static uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

/* Pages from one byte repeated to noise. */
static void fill(uint8_t *page, unsigned int kind)
{
	uint64_t state = kind + 1;

	for (size_t i = 0; i < PAGE; i += 8) {
		uint64_t word = next_random(&state);

		if (kind < 16)
			word &= (UINT64_C(1) << (4 * kind)) - 1;
		memcpy(page + i, &word, sizeof(word));
	}
}

static void check_page(struct machine *machine)
{
	const struct kd_codec *codec = machine->codec;
	size_t bytes = codec->compress(machine->encoder, machine->page, PAGE, machine->packed,
				       codec->bound(PAGE));

	if (codec->flag == KD_CODEC_STORED) {
		assert_int_equal(bytes, 0);
		memcpy(machine->packed, machine->page, PAGE);
		bytes = PAGE;
	}
	assert_true(bytes > 0 && bytes <= codec->bound(PAGE));
	memset(machine->back, 0x5a, PAGE);
	assert_true(
		codec->decompress(machine->decoder, machine->packed, bytes, machine->back, PAGE));
	assert_memory_equal(machine->page, machine->back, PAGE);
	/* one byte short: never taken for the page */
	assert_false(codec->decompress(machine->decoder, machine->packed, bytes - 1, machine->back,
				       PAGE));
	assert_false(codec->decompress(machine->decoder, machine->packed, bytes, machine->back,
				       PAGE / 2));
}

static void test_pages_come_back(void **state)
{
	struct machine machine;

	for (const struct kd_codec *const *row = kd_codecs; *row; row++) {
		const int levels[] = {(*row)->least_level, (*row)->default_level,
				      (*row)->most_level};

		for (size_t i = 0; i < sizeof(levels) / sizeof(*levels); i++) {
			start(&machine, *row, levels[i]);
			for (unsigned int kind = 0; kind < 20; kind++) {
				fill(machine.page, kind);
				check_page(&machine);
			}
			stop(&machine);
		}
	}
}

/* Output must not depend on what was compressed before: dumps are equal for any number of workers. */
static void test_pages_do_not_depend_on_the_last(void **state)
{
	static uint8_t first[ROOM];
	struct machine machine;

	for (const struct kd_codec *const *row = kd_codecs; *row; row++) {
		const struct kd_codec *codec = *row;
		size_t bytes, again;

		start(&machine, codec, codec->default_level);
		fill(machine.page, 7);
		bytes = codec->compress(machine.encoder, machine.page, PAGE, first, ROOM);
		for (unsigned int kind = 0; kind < 20; kind++) {
			fill(machine.page, kind);
			codec->compress(machine.encoder, machine.page, PAGE, machine.packed, ROOM);
		}
		fill(machine.page, 7);
		again = codec->compress(machine.encoder, machine.page, PAGE, machine.packed, ROOM);
		assert_int_equal(bytes, again);
		assert_memory_equal(first, machine.packed, bytes);
		stop(&machine);
	}
}

/* Bits that flip give an error or a page, never a crash. */
static void test_damage(void **state)
{
	struct machine machine;
	uint64_t random = 1;

	for (const struct kd_codec *const *row = kd_codecs; *row; row++) {
		size_t bytes;

		if (!(*row)->flag)
			continue;
		start(&machine, *row, (*row)->default_level);
		fill(machine.page, 5);
		for (int round = 0; round < 2000; round++) {
			bytes = (*row)->compress(machine.encoder, machine.page, PAGE,
						 machine.packed, ROOM);
			for (int flips = 0; flips < 3; flips++) {
				uint64_t at = next_random(&random) % (bytes * 8);

				machine.packed[at / 8] ^= (uint8_t)(1 << at % 8);
			}
			(*row)->decompress(machine.decoder, machine.packed, bytes, machine.back,
					   PAGE);
		}
		/* and the decoder still works */
		check_page(&machine);
		stop(&machine);
	}
}

static void test_names(void **state)
{
	const struct kd_codec *codec = NULL;
	struct kd_err err;
	int level = 0;

	assert_int_equal(kd_codec_parse("zstd", &codec, &level, &err), KD_OK);
	assert_ptr_equal(codec, &kd_codec_zstd);
	assert_int_equal(level, codec->default_level);
	assert_int_equal(kd_codec_parse("zstd:-5", &codec, &level, &err), KD_OK);
	assert_int_equal(level, -5);
	assert_int_equal(kd_codec_parse("zlib:9", &codec, &level, &err), KD_OK);
	assert_ptr_equal(codec, &kd_codec_zlib);
	assert_int_equal(level, 9);
	assert_int_equal(kd_codec_parse("zlib:0", &codec, &level, &err), KD_INVALID);
	assert_int_equal(kd_codec_parse("zlib:", &codec, &level, &err), KD_INVALID);
	assert_int_equal(kd_codec_parse("zlib:1x", &codec, &level, &err), KD_INVALID);
	assert_int_equal(kd_codec_parse("lzo:1", &codec, &level, &err), KD_INVALID);
	assert_int_equal(kd_codec_parse("gzip", &codec, &level, &err), KD_NOTFOUND);
	assert_non_null(strstr(err.text, "zstd, zlib, zlib-fast, lzo, snappy, none"));
	assert_ptr_equal(kd_codec_of_flag(KD_CODEC_ZLIB), &kd_codec_zlib);
	assert_null(kd_codec_of_flag(0x40));
	assert_string_equal(kd_codec_flag_name(KD_CODEC_ZSTD), "zstd");
	assert_null(kd_codec_flag_name(0x40));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pages_come_back),
		cmocka_unit_test(test_pages_do_not_depend_on_the_last),
		cmocka_unit_test(test_damage),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
