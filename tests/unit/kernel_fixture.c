/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel_fixture.h"

#include "test.h"

#include <string.h>

void blob_init(struct blob *blob, const struct blob *base)
{
	memset(blob, 0, sizeof(*blob));
	blob->string_bytes = 1;
	if (base) {
		blob->string_base = base->string_base + base->string_bytes;
		blob->string_bytes = 0;
	}
}

uint32_t blob_text(struct blob *blob, const char *string)
{
	uint32_t at = blob->string_bytes;

	if (!*string)
		return 0;
	assert_true(at + strlen(string) < BLOB_ROOM);
	strcpy(blob->strings + at, string);
	blob->string_bytes += (uint32_t)strlen(string) + 1;
	return blob->string_base + at;
}

void blob_word(struct blob *blob, uint32_t value)
{
	assert_true(blob->type_bytes + sizeof(value) <= BLOB_ROOM);
	memcpy(blob->types + blob->type_bytes, &value, sizeof(value));
	blob->type_bytes += sizeof(value);
}

void blob_type(struct blob *blob, enum kd_btf_kind kind, const char *name, uint32_t count,
	       bool flag, uint32_t third)
{
	blob_word(blob, blob_text(blob, name));
	blob_word(blob, (uint32_t)flag << 31 | (uint32_t)kind << 24 | count);
	blob_word(blob, third);
}

void blob_member(struct blob *blob, const char *name, uint32_t type_id, uint32_t offset)
{
	blob_word(blob, blob_text(blob, name));
	blob_word(blob, type_id);
	blob_word(blob, offset);
}

void blob_finish(struct blob *blob)
{
	const uint32_t header[6] = {0x0001eb9f,       BLOB_HEADER,      0,
				    blob->type_bytes, blob->type_bytes, blob->string_bytes};

	memcpy(blob->bytes, header, sizeof(header));
	memcpy(blob->bytes + BLOB_HEADER, blob->types, blob->type_bytes);
	memcpy(blob->bytes + BLOB_HEADER + blob->type_bytes, blob->strings, blob->string_bytes);
	blob->size = BLOB_HEADER + blob->type_bytes + blob->string_bytes;
}

/* Each character is a token of its own, and 1 and 2 are longer ones. */
static void put_tokens(struct fixture *fixture)
{
	uint16_t index[256];
	size_t at = 0;

	for (int i = 0; i < 256; i++) {
		const char token[2] = {(char)(i < 3 ? '?' : i), 0};
		const char *string = i == 1 ? "st" : i == 2 ? "BTF" : token;

		index[i] = (uint16_t)at;
		fixture_poke(fixture, MADE_TOKENS + at, string, strlen(string) + 1);
		at += strlen(string) + 1;
	}
	fixture_poke(fixture, MADE_INDEX, index, sizeof(index));
}

static void put_symbols(struct fixture *fixture, const struct made_symbol *symbols, size_t count,
			enum made_addresses addresses)
{
	size_t at = 0;

	put_tokens(fixture);
	for (size_t i = 0; i < count; i++) {
		uint8_t length = (uint8_t)strlen(symbols[i].name);
		uint8_t bytes[2] = {(uint8_t)(length | 0x80), 0};
		int64_t offset = symbols[i].offset;

		if (!symbols[i].long_length)
			bytes[0] = length;
		fixture_poke(fixture, MADE_NAMES + at, bytes, symbols[i].long_length ? 2 : 1);
		at += symbols[i].long_length ? 2 : 1;
		fixture_poke(fixture, MADE_NAMES + at, symbols[i].name, length);
		at += length;
		if (addresses == MADE_PERCPU && i > 0)
			offset = -1 - offset;
		if (addresses == MADE_ABSOLUTE)
			fixture_poke_number(fixture, MADE_OFFSETS + 8 * i,
					    MADE_TEXT + (uint64_t)offset, 8);
		else
			fixture_poke_number(fixture, MADE_OFFSETS + 4 * i, (uint64_t)offset, 4);
	}
	fixture_poke_number(fixture, MADE_COUNT, count, 4);
	fixture_poke_number(fixture, MADE_BASE, MADE_TEXT, 8);
}

void made_kernel_init(struct fixture *fixture, const struct made_symbol *symbols, size_t count,
		      enum made_addresses addresses, const struct blob *types)
{
	static const struct {
		const char *name;
		uint64_t paddr;
	} tables[] = {
		{"kallsyms_names", MADE_NAMES},        {"kallsyms_num_syms", MADE_COUNT},
		{"kallsyms_token_table", MADE_TOKENS}, {"kallsyms_token_index", MADE_INDEX},
		{"kallsyms_offsets", MADE_OFFSETS},    {"kallsyms_relative_base", MADE_BASE},
	};

	size_t table_count;

	fixture_init(fixture, 4);
	fixture_memory(fixture, MADE_RAM, MADE_BYTES, MADE_BYTES);
	for (unsigned int at = 0; at < MADE_BYTES; at += 0x1000)
		fixture_map(fixture, MADE_TEXT + at, MADE_RAM + at, 12);
	put_symbols(fixture, symbols, count, addresses);
	assert_true(types->size <= MADE_FREE - MADE_TYPES);
	fixture_poke(fixture, MADE_TYPES, types->bytes, types->size);
	fixture_info(fixture, "OSRELEASE=6.1.0-test");
	for (size_t i = 0; i < count; i++)
		if (!strcmp(symbols[i].name, "T_\1ext"))
			fixture_info(fixture, "SYMBOL(_stext)=%llx",
				     (unsigned long long)(MADE_TEXT + (uint64_t)symbols[i].offset));
	if (addresses == MADE_ABSOLUTE)
		fixture_info(fixture, "SYMBOL(kallsyms_addresses)=%llx",
			     (unsigned long long)MADE_VADDR(MADE_OFFSETS));
	table_count = addresses == MADE_UNTOLD ? 0 : sizeof(tables) / sizeof(*tables);
	for (size_t i = 0; i < table_count - (addresses == MADE_ABSOLUTE ? 2 : 0); i++)
		fixture_info(fixture, "SYMBOL(%s)=%llx", tables[i].name,
			     (unsigned long long)MADE_VADDR(tables[i].paddr));
}

void open_machine(struct machine *machine)
{
	struct kd_err err = {KD_OK, ""};

	fixture_build(&machine->fixture);
	assert_int_equal(kd_dump_open(machine->fixture.path, NULL, &machine->dump, NULL), KD_OK);
	assert_int_equal(kd_kernel_open(machine->dump, &machine->kernel, NULL), KD_OK);
	if (kd_system_open(machine->kernel, &machine->system, &err))
		fail_msg("%s", err.text);
}

void close_machine(struct machine *machine)
{
	kd_system_close(machine->system);
	kd_kernel_close(machine->kernel);
	kd_dump_close(machine->dump);
	fixture_deinit(&machine->fixture);
}
