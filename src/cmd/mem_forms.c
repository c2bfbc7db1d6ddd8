/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/mem_forms.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/bytes.h"
#include "cmd/dump_input.h"

enum { ROW_BYTES = 16, WORD_BYTES = 8, STRING_LEAST = 4 };

static void print_hex(const struct kd_memory_piece *piece)
{
	for (size_t row = 0; row < piece->bytes; row += ROW_BYTES) {
		size_t count = piece->bytes - row < ROW_BYTES ? piece->bytes - row : ROW_BYTES;

		printf("%016" PRIx64 " ", piece->address + row);
		for (size_t i = 0; i < ROW_BYTES; i++)
			i < count ? printf(" %02x", piece->data[row + i]) : printf("   ");
		printf("  |");
		for (size_t i = 0; i < count; i++) {
			uint8_t c = piece->data[row + i];

			putchar(c >= ' ' && c <= '~' ? c : '.');
		}
		puts("|");
	}
}

static json_t *hex_json(const struct kd_memory_piece *piece)
{
	char *digits = malloc(2 * piece->bytes + 1);
	json_t *value;

	if (!digits)
		return NULL;
	digits[0] = '\0';
	for (size_t i = 0; i < piece->bytes; i++)
		snprintf(digits + 2 * i, 3, "%02x", piece->data[i]);
	value = json_string(digits);
	free(digits);
	return value;
}

static void print_words(const struct kd_memory_piece *piece)
{
	struct kd_bytes reader = kd_bytes(piece->data, piece->bytes);

	while (kd_bytes_left(&reader) >= WORD_BYTES) {
		if (reader.at % ROW_BYTES == 0)
			printf("%016" PRIx64 " ", piece->address + reader.at);
		printf(" %016" PRIx64, kd_bytes_u64(&reader));
		if (reader.at % ROW_BYTES == 0 || kd_bytes_left(&reader) < WORD_BYTES)
			putchar('\n');
	}
	if (kd_bytes_left(&reader))
		print_hex(&(struct kd_memory_piece){.address = piece->address + reader.at,
						    .data = piece->data + reader.at,
						    .bytes = kd_bytes_left(&reader)});
}

/* A word, and what of the kernel it points to: how one reads a stack or a table of functions. */
static void print_symbols(const struct kd_memory_piece *piece)
{
	struct kd_symbols *symbols = kd_system_symbols(piece->system);
	struct kd_bytes reader = kd_bytes(piece->data, piece->bytes);

	while (kd_bytes_left(&reader) >= WORD_BYTES) {
		uint64_t at = piece->address + reader.at, word = kd_bytes_u64(&reader);
		const struct kd_symbol *symbol = kd_symbols_at(symbols, word);

		printf("%016" PRIx64 "  %016" PRIx64, at, word);
		if (symbol)
			printf("  %s+0x%" PRIx64, kd_symbol_name(symbols, symbol),
			       word - symbol->vaddr);
		putchar('\n');
	}
}

static json_t *words_json(const struct kd_memory_piece *piece)
{
	struct kd_symbols *symbols = piece->system ? kd_system_symbols(piece->system) : NULL;
	struct kd_bytes reader = kd_bytes(piece->data, piece->bytes);
	json_t *list = json_array();

	while (kd_bytes_left(&reader) >= WORD_BYTES) {
		uint64_t word = kd_bytes_u64(&reader);
		const struct kd_symbol *symbol = symbols ? kd_symbols_at(symbols, word) : NULL;

		if (!symbols)
			kd_json_append(list, kd_json_address(word));
		else
			kd_json_append(
				list,
				json_pack("{s:o, s:o, s:o}", "word", kd_json_address(word),
					  "symbol",
					  kd_json_string(symbol ? kd_symbol_name(symbols, symbol)
								: NULL),
					  "offset",
					  symbol ? kd_json_address(word - symbol->vaddr)
						 : json_null()));
	}
	return list;
}

/* Runs of printable bytes, as strings(1) finds them. */
static size_t next_string(const struct kd_memory_piece *piece, size_t from, size_t *length)
{
	for (size_t i = from; i < piece->bytes; i += *length + 1) {
		for (*length = 0; i + *length < piece->bytes; ++*length) {
			uint8_t c = piece->data[i + *length];

			if ((c < ' ' || c > '~') && c != '\t')
				break;
		}
		if (*length >= STRING_LEAST)
			return i;
	}
	return piece->bytes;
}

static void print_strings(const struct kd_memory_piece *piece)
{
	size_t length = 0;

	for (size_t at = 0; (at = next_string(piece, at, &length)) < piece->bytes; at += length)
		printf("%016" PRIx64 "  %.*s\n", piece->address + at, (int)length,
		       (const char *)piece->data + at);
}

static json_t *strings_json(const struct kd_memory_piece *piece)
{
	json_t *list = json_array();
	size_t length = 0;

	for (size_t at = 0; (at = next_string(piece, at, &length)) < piece->bytes; at += length)
		kd_json_append(list,
			       json_pack("{s:o, s:o}", "address",
					 kd_json_address(piece->address + at), "text",
					 kd_json_text((const char *)piece->data + at, length)));
	return list;
}

static void print_raw(const struct kd_memory_piece *piece)
{
	fwrite(piece->data, 1, piece->bytes, stdout);
}

/* The first is what is shown when nothing is said. */
const struct kd_memory_form kd_memory_forms[] = {
	{"hex", false, false, print_hex, hex_json, "bytes"},
	{"words", false, false, print_words, words_json, "words"},
	{"symbols", true, false, print_symbols, words_json, "words"},
	{"strings", false, true, print_strings, strings_json, "strings"},
	{"disassemble", true, true, kd_print_instructions, kd_instructions_json, "instructions",
	 kd_instructions_prepare},
	{"raw", false, false, print_raw, hex_json, "bytes"},
};
const unsigned int kd_memory_form_count = sizeof(kd_memory_forms) / sizeof(*kd_memory_forms);
