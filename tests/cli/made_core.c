/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * made_core PATH: writes the core of a made-up kernel there, for tests of commands: symbols and types with names and
 * sizes that no kernel has, an object, a command line and a configuration.
 */
#include "test.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <unistd.h>
#include <zlib.h>

#include "kernel_fixture.h"

enum {
	OBJECT = MADE_FREE,
	LINE = MADE_FREE + 0x1000,
	CONFIG = MADE_FREE + 0x2000,
	FUNCTION = 0x100,
	/* ids of types */
	INT = 1,
	CHAR,
	POINTER,
	BOMB,
	SMALL,
	SHADE,
	NUMBER,
	TEXT16,
};

static void make_types(struct blob *blob)
{
	char name[8] = "m0";

	blob_init(blob, NULL);
	blob_type(blob, KD_BTF_INT, "int", 0, false, 4);
	blob_word(blob, 1 << 24 | 32);
	blob_type(blob, KD_BTF_INT, "char", 0, false, 1);
	blob_word(blob, 8);
	blob_type(blob, KD_BTF_POINTER, "", 0, false, 0);
	/* holds itself, eight times */
	blob_type(blob, KD_BTF_STRUCT, "bomb", 8, false, 64);
	for (; name[1] < '8'; name[1]++)
		blob_member(blob, name, BOMB, 0);
	blob_type(blob, KD_BTF_STRUCT, "small", 1, false, 4);
	blob_member(blob, "large", BOMB, 0);
	blob_type(blob, KD_BTF_ENUM, "shade", 2, false, 4);
	blob_word(blob, blob_text(blob, "DARK"));
	blob_word(blob, 1);
	blob_word(blob, blob_text(blob, "LIGHT"));
	blob_word(blob, 2);
	blob_type(blob, KD_BTF_TYPEDEF, "number_t", 0, false, INT);
	blob_type(blob, KD_BTF_ARRAY, "", 0, false, 0);
	blob_word(blob, CHAR);
	blob_word(blob, INT);
	blob_word(blob, 16);
	blob_type(blob, KD_BTF_STRUCT, "thing", 5, false, 40);
	blob_member(blob, "number", NUMBER, 0);
	blob_member(blob, "shade", SHADE, 32);
	blob_member(blob, "callback", POINTER, 64);
	blob_member(blob, "text", TEXT16, 128);
	blob_member(blob, "\xff\033[7m", POINTER, 256);
	blob_finish(blob);
}

static void put_configuration(struct fixture *fixture, size_t *bytes)
{
	static const char text[] =
		"# a comment\nCONFIG_A=y\nCONFIG_B=\"b b\"\n# CONFIG_C is not set\n";
	uint8_t packed[512];
	z_stream stream = {.next_in = (Bytef *)(uintptr_t)text,
			   .avail_in = sizeof(text) - 1,
			   .next_out = packed,
			   .avail_out = sizeof(packed)};

	assert_int_equal(deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY),
			 Z_OK);
	assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
	*bytes = stream.total_out;
	deflateEnd(&stream);
	if (fixture)
		fixture_poke(fixture, CONFIG, packed, *bytes);
}

static void put_object(struct fixture *fixture)
{
	static const char line[] = "quiet panic=5 x=\"a b\"";

	fixture_poke_number(fixture, OBJECT, (uint32_t)-5, 4);
	fixture_poke_number(fixture, OBJECT + 4, 2, 4);
	fixture_poke_number(fixture, OBJECT + 8, MADE_TEXT + FUNCTION, 8);
	fixture_poke(fixture, OBJECT + 16, "a \"text\"", 9);
	fixture_poke_number(fixture, OBJECT + 32, MADE_TEXT + FUNCTION + 4, 8);
	fixture_poke_number(fixture, LINE, MADE_VADDR(LINE) + 8, 8);
	fixture_poke(fixture, LINE + 8, line, sizeof(line));
}

int main(int argc, char **argv)
{
	size_t config_bytes;
	struct fixture fixture;
	struct blob types;
	off_t bytes;
	int out;

	put_configuration(NULL, &config_bytes);
	const struct made_symbol symbols[] = {
		{"T_text", 0, false},
		{"T_\1ext", 0x40, false},
		{"Tadd", 0x60, false},
		{"T\033[31m", 0x70, false},
		{"Tna\xffme", 0x80, false},
		{"\xffno_type", 0x90, false},
		{"Tcallback", FUNCTION, false},
		{"D__\1art_\2", MADE_TYPES - MADE_RAM, false},
		{"D__\1op_\2", MADE_FREE - MADE_RAM, false},
		{"Dobject", OBJECT - MADE_RAM, false},
		{"Dsaved_command_line", LINE - MADE_RAM, false},
		{"Dkernel_config_data", CONFIG - MADE_RAM, false},
		{"Dkernel_config_data_end", CONFIG - MADE_RAM + (int64_t)config_bytes, false},
		{"B_end", MADE_BYTES, false},
	};
	if (argc != 2)
		return 2;
	make_types(&types);
	made_kernel_init(&fixture, symbols, sizeof(symbols) / sizeof(*symbols), MADE_RELATIVE,
			 &types);
	put_object(&fixture);
	put_configuration(&fixture, &config_bytes);
	fixture_build(&fixture);
	out = open(argv[1], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	bytes = lseek(fixture.fd, 0, SEEK_END);
	for (off_t at = 0; out >= 0 && at < bytes;)
		if (sendfile(out, fixture.fd, &at, (size_t)(bytes - at)) <= 0)
			return 1;
	fixture_deinit(&fixture);
	return out < 0 || close(out);
}
