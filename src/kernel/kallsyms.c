/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How the tables look (scripts/kallsyms.c):
 *
 * names: for each symbol a length, in one byte or two; then so many bytes, each the number of a token. The tokens'
 * texts put together are the symbol's type, one letter, and its name.
 *
 * offsets: 32 bits for each symbol. Either unsigned, to relative_base; or signed (CONFIG_KALLSYMS_ABSOLUTE_PERCPU, 2213e9a66bb8,
 * 4.6): from 0 on an absolute value, below 0 counting down from relative_base - 1. Which of them is not told;
 * _stext, whose address VMCOREINFO has, tells.
 *
 * addresses: instead of both, 64 bits for each symbol (CONFIG_KALLSYMS_BASE_RELATIVE=n, up to 6.14).
 */
#include "kernel/kallsyms.h"

#include <string.h>

#include "base/bytes.h"
#include "kernel/kallsyms_search.h"

enum { SYMBOLS_MOST = 1 << 24, STREAM_BYTES = 4096, OFFSET_BYTES = 4, ADDRESS_BYTES = 8 };

/* Bytes of kernel memory one after the other. */
struct stream {
	struct kd_kernel *kernel;
	uint64_t vaddr; /* of what comes after the buffer */
	size_t at, bytes;
	uint8_t buffer[STREAM_BYTES];
};

static enum kd_status next_byte(struct stream *stream, uint8_t *byte, struct kd_err *err)
{
	if (stream->at == stream->bytes) {
		/* up to the end of a page: what lies behind need not be there */
		size_t bytes = STREAM_BYTES - stream->vaddr % STREAM_BYTES;
		enum kd_status status =
			kd_kernel_read(stream->kernel, stream->vaddr, stream->buffer, bytes, err);

		if (status)
			return status;
		stream->vaddr += bytes;
		stream->bytes = bytes;
		stream->at = 0;
	}
	*byte = stream->buffer[stream->at++];
	return KD_OK;
}

static enum kd_status read_tokens(struct kd_kallsyms *symbols, uint64_t table, uint64_t index,
				  struct kd_err *err)
{
	struct stream stream = {.kernel = symbols->kernel, .vaddr = table};
	unsigned int token = 0;
	enum kd_status status = kd_kernel_read(symbols->kernel, index, symbols->token_index,
					       sizeof(symbols->token_index), err);

	/* as many NUL-terminated texts as there are tokens, one behind the other */
	for (size_t at = 0; !status && token < 256; at++) {
		uint8_t byte;

		if (at == sizeof(symbols->tokens))
			return kd_fail(err, KD_CORRUPT, "kallsyms: its tokens do not end");
		status = next_byte(&stream, &byte, err);
		if (status)
			break;
		symbols->tokens[at] = (char)byte;
		token += !byte;
	}
	for (int i = 0; !status && i < 256; i++)
		if (symbols->token_index[i] >= sizeof(symbols->tokens))
			return kd_fail(err, KD_CORRUPT, "kallsyms: token %d at byte %u", i,
				       symbols->token_index[i]);
	return status;
}

/* Reads one symbol; an expansion too long is cut. */
static enum kd_status read_symbol(const struct kd_kallsyms *symbols, struct stream *stream,
				  char text[KD_SYMBOL_NAME_BYTES + 1], struct kd_err *err)
{
	size_t length = 0;
	size_t tokens;
	uint8_t byte, more = 0;
	enum kd_status status = next_byte(stream, &byte, err);

	if (!status && byte & KD_KALLSYMS_LONG)
		status = next_byte(stream, &more, err);
	if (status)
		return status;
	tokens = kd_kallsyms_length(byte, more);
	while (tokens--) {
		const char *from;

		status = next_byte(stream, &byte, err);
		if (status)
			return status;
		from = symbols->tokens + symbols->token_index[byte];
		while (*from && length < KD_SYMBOL_NAME_BYTES)
			text[length++] = *from++;
	}
	text[length] = '\0';
	return KD_OK;
}

enum kd_status kd_kallsyms_each(const struct kd_kallsyms *symbols, kd_kallsyms_take *take,
				void *opaque, struct kd_err *err)
{
	struct stream stream = {.kernel = symbols->kernel, .vaddr = symbols->names_vaddr};
	char text[KD_SYMBOL_NAME_BYTES + 1];

	for (uint32_t number = 0; number < symbols->count; number++) {
		enum kd_status status = read_symbol(symbols, &stream, text, err);

		if (status)
			return kd_context(err, status, "symbol %u", number);
		if (!*text)
			return kd_fail(err, KD_CORRUPT, "symbol %u has no type", number);
		if (!take(opaque, number, *text, text + 1))
			break;
	}
	return KD_OK;
}

static uint64_t decode(const struct kd_kallsyms *symbols, int32_t offset)
{
	if (!symbols->absolute_percpu)
		return symbols->relative_base + (uint32_t)offset;
	if (offset >= 0)
		return (uint32_t)offset;
	return symbols->relative_base - 1 - (uint64_t)(int64_t)offset;
}

enum kd_status kd_kallsyms_addresses(const struct kd_kallsyms *symbols, uint32_t first,
				     uint32_t count, uint64_t *vaddrs, struct kd_err *err)
{
	const size_t entry_bytes = symbols->has_addresses ? ADDRESS_BYTES : OFFSET_BYTES;
	const uint32_t most = (uint32_t)(STREAM_BYTES / entry_bytes);
	union {
		int32_t offsets[STREAM_BYTES / OFFSET_BYTES];
		uint64_t addresses[STREAM_BYTES / ADDRESS_BYTES];
	} table;

	if (first > symbols->count || count > symbols->count - first)
		return kd_fail(err, KD_NOTFOUND, "no symbol %u", first + count - 1);
	while (count) {
		uint32_t piece = count < most ? count : most;
		enum kd_status status = kd_kernel_read(
			symbols->kernel, symbols->offsets_vaddr + (uint64_t)first * entry_bytes,
			&table, piece * entry_bytes, err);

		if (status)
			return status;
		for (uint32_t i = 0; i < piece; i++)
			*vaddrs++ = symbols->has_addresses ? table.addresses[i]
							   : decode(symbols, table.offsets[i]);
		first += piece;
		count -= piece;
	}
	return KD_OK;
}

enum kd_status kd_kallsyms_address(const struct kd_kallsyms *symbols, uint32_t number,
				   uint64_t *vaddr, struct kd_err *err)
{
	return kd_kallsyms_addresses(symbols, number, 1, vaddr, err);
}

struct search {
	const char *name;
	uint32_t number;
	bool found;
};

static bool is_wanted(void *opaque, uint32_t number, char type, const char *name)
{
	struct search *search = opaque;

	search->found = !strcmp(name, search->name);
	search->number = number;
	return !search->found;
}

enum kd_status kd_kallsyms_extent(const struct kd_kallsyms *symbols, uint32_t number,
				  uint64_t *bytes, struct kd_err *err)
{
	uint64_t vaddr = 0, next = 0;
	enum kd_status status = kd_kallsyms_address(symbols, number, &vaddr, err);

	/* several names may stand for one address */
	for (uint32_t i = number + 1; !status && i < symbols->count; i++) {
		status = kd_kallsyms_address(symbols, i, &next, err);
		if (!status && next > vaddr) {
			*bytes = next - vaddr;
			return KD_OK;
		}
	}
	return status ? status
		      : kd_fail(err, KD_NOTFOUND, "no symbol follows, which would tell its size");
}

enum kd_status kd_kallsyms_number(const struct kd_kallsyms *symbols, const char *name,
				  uint32_t *number, struct kd_err *err)
{
	struct search search = {.name = name};
	enum kd_status status = kd_kallsyms_each(symbols, is_wanted, &search, err);

	if (!status && !search.found)
		status = kd_fail(err, KD_NOTFOUND, "the kernel has no symbol %s", name);
	if (!status)
		*number = search.number;
	return status;
}

enum kd_status kd_kallsyms_find(const struct kd_kallsyms *symbols, const char *name,
				uint64_t *vaddr, struct kd_err *err)
{
	uint32_t number = 0;
	enum kd_status status = kd_kallsyms_number(symbols, name, &number, err);

	return status ? status : kd_kallsyms_address(symbols, number, vaddr, err);
}

/* Tries the ways to read the offsets on the one symbol whose address is known. */
static enum kd_status learn_encoding(struct kd_kallsyms *symbols, struct kd_err *err)
{
	uint64_t expected, vaddr;
	enum kd_status status = kd_vmcoreinfo_symbol(kd_kernel_vmcoreinfo(symbols->kernel),
						     "_stext", &expected, err);

	for (int percpu = !symbols->has_addresses; !status && percpu >= 0; percpu--) {
		symbols->absolute_percpu = percpu;
		status = kd_kallsyms_find(symbols, "_stext", &vaddr, err);
		if (!status && vaddr == expected)
			return KD_OK;
	}
	return status ? status
		      : kd_fail(err, KD_CORRUPT, "kallsyms: _stext is not where VMCOREINFO says");
}

/* Reads what the tables' places tell. */
static enum kd_status set_places(struct kd_kallsyms *symbols,
				 const struct kd_kallsyms_places *places, struct kd_err *err)
{
	enum kd_status status = kd_kernel_read(symbols->kernel, places->count, &symbols->count,
					       sizeof(symbols->count), err);

	symbols->names_vaddr = places->names;
	symbols->offsets_vaddr = places->offsets;
	symbols->has_addresses = !places->relative_base;
	symbols->relative_base = 0;
	if (!status && !symbols->has_addresses)
		status = kd_kernel_read(symbols->kernel, places->relative_base,
					&symbols->relative_base, sizeof(symbols->relative_base),
					err);
	if (!status && (!symbols->count || symbols->count > SYMBOLS_MOST))
		status = kd_fail(err, KD_CORRUPT, "kallsyms: %u symbols", symbols->count);
	if (!status)
		status = read_tokens(symbols, places->tokens, places->index, err);
	return status ? status : learn_encoding(symbols, err);
}

static enum kd_status ask_vmcoreinfo(struct kd_kernel *kernel, struct kd_kallsyms_places *places,
				     struct kd_err *err)
{
	const struct {
		const char *name;
		uint64_t *vaddr;
	} tables[] = {
		{"kallsyms_names", &places->names},
		{"kallsyms_num_syms", &places->count},
		{"kallsyms_token_table", &places->tokens},
		{"kallsyms_token_index", &places->index},
		{"kallsyms_offsets", &places->offsets},
		{"kallsyms_relative_base", &places->relative_base},
	};
	const struct kd_vmcoreinfo *info = kd_kernel_vmcoreinfo(kernel);
	/* the kernel has this one, or the last two of the others */
	bool has_addresses =
		!kd_vmcoreinfo_symbol(info, "kallsyms_addresses", &places->offsets, NULL);
	size_t count = sizeof(tables) / sizeof(*tables) - (has_addresses ? 2 : 0);
	enum kd_status status = KD_OK;

	places->relative_base = 0;
	for (size_t i = 0; !status && i < count; i++)
		status = kd_vmcoreinfo_symbol(info, tables[i].name, tables[i].vaddr, err);
	return status;
}

enum kd_status kd_kallsyms_init(struct kd_kallsyms *symbols, struct kd_kernel *kernel,
				struct kd_err *err)
{
	struct kd_kallsyms_places places[KD_KALLSYMS_ORDERS];
	enum kd_status status = ask_vmcoreinfo(kernel, places, err);

	symbols->kernel = kernel;
	if (!status)
		return set_places(symbols, places, err);
	if (status == KD_NOTFOUND)
		status = kd_kallsyms_search(kernel, places, err);
	if (status)
		return status;
	/* the one in which _stext is where it should be */
	for (int i = 0; i < KD_KALLSYMS_ORDERS; i++) {
		status = set_places(symbols, &places[i], err);
		if (!status)
			break;
	}
	return status;
}
