/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What scripts/kallsyms.c writes has an order and a shape that nothing else in a kernel has:
 *
 *     [offsets, relative_base,] num_syms, names, markers, [seqs_of_names,] token_table, token_index[, offsets, relative_base]
 *
 * with addresses instead of offsets and their base where the kernel was built so.
 *
 * 1. The ten digits stand in symbols and are tokens of their own, so that the token table has "0\0" "1\0" … "9\0" in a
 *    row, as the tokens 48 to 57.
 * 2. Behind it comes token_index: 256 rising numbers, the first 0, those of the digits two apart.
 *    With that of '0' the token table's beginning is known.
 * 3. Before it, num_syms is a number N such that N names follow; and the markers behind these, which are where each
 *    256th name begins, agree with what reading the names gave.
 *
 * Nothing is accepted on less; offsets are left to the caller, who knows where one symbol is.
 */
#include "kernel/kallsyms_search.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "host/file.h"
#include "host/system.h"
#include "kernel/mapping.h"

enum {
	PAGE = 4096,
	IMAGE_MOST = 256 << 20,
	TOKENS = 256,
	INDEX_BYTES = TOKENS * 2,
	TABLE_MOST = 16 << 10,
	NAMES_MOST = 32 << 20,
	SYMBOLS_LEAST = 256,
	SYMBOLS_MOST = 1 << 24,
	ALIGN = 8,
	MARKED = 256, /* symbols to a marker */
	NAMES_READ_MOST = 1 << 27,
};

static const char digits[] = "0\0001\0002\0003\0004\0005\0006\0007\0008\0009"; /* and its NUL */

/* The kernel's image, in memory; what cannot be read is zero. */
struct image {
	uint64_t vaddr;
	size_t bytes;
	uint8_t *data;
	uint64_t
		budget; /* names that may still be read: what only looks like tables must come to an end */
};

static enum kd_status read_image(struct kd_kernel *kernel, struct image *image, struct kd_err *err)
{
	uint64_t paddr, bytes = 0;
	enum kd_status status = kd_kernel_image(kernel, &image->vaddr, &paddr, &bytes, err);

	if (status)
		return status;
	image->bytes = bytes < IMAGE_MOST ? (size_t)bytes : IMAGE_MOST;
	image->data = calloc(1, image->bytes + 1);
	if (!image->data)
		return kd_fail_errno(err, ENOMEM, "the kernel's image of %zu bytes", image->bytes);
	for (size_t at = 0; at < image->bytes;) {
		size_t piece = PAGE - (image->vaddr + at) % PAGE;

		if (piece > image->bytes - at)
			piece = image->bytes - at;
		if (kd_kernel_read(kernel, image->vaddr + at, image->data + at, piece, NULL))
			memset(image->data + at, 0, piece);
		at += piece;
	}
	return KD_OK;
}

static uint16_t half(const struct image *image, size_t at)
{
	uint16_t value;

	memcpy(&value, image->data + at, sizeof(value));
	return value;
}

static uint32_t word(const struct image *image, size_t at)
{
	uint32_t value;

	memcpy(&value, image->data + at, sizeof(value));
	return value;
}

/* Step 2. `zero` is where the token "0" is. */
static bool is_index(const struct image *image, size_t at, size_t zero)
{
	if (half(image, at))
		return false;
	for (int i = 1; i < TOKENS; i++)
		if (half(image, at + 2 * i) <= half(image, at + 2 * (i - 1)))
			return false;
	for (int digit = '0'; digit < '9'; digit++)
		if (half(image, at + 2 * (digit + 1)) - half(image, at + 2 * digit) != 2)
			return false;
	/* its own numbers lead to the table, which ends before it */
	return zero >= half(image, at + 2 * '0') &&
	       zero - half(image, at + 2 * '0') + half(image, at + 2 * (TOKENS - 1)) < at;
}

static bool find_index(const struct image *image, size_t zero, size_t *index)
{
	size_t end = zero + TABLE_MOST;

	if (end + INDEX_BYTES > image->bytes)
		end = image->bytes > INDEX_BYTES ? image->bytes - INDEX_BYTES : 0;
	/* aligned in memory, and so with the image's own beginning, which is to a page at least */
	for (*index = (size_t)kd_round_up(zero, 4); *index < end; *index += 4)
		if (is_index(image, *index, zero))
			return true;
	return false;
}

/* Skips a name; false where it reaches over `end`. */
static bool skip_name(struct image *image, size_t *at, size_t end)
{
	size_t length;

	if (*at + 2 > end || !image->budget)
		return false;
	image->budget--;
	length = kd_kallsyms_length(image->data[*at], image->data[*at + 1]);
	*at += 1 + length + (image->data[*at] >= KD_KALLSYMS_LONG);
	return length > 0 && *at <= end;
}

/* Step 3, for one place. */
static bool is_count(struct image *image, size_t at, size_t end)
{
	uint32_t count = word(image, at);
	size_t names = at + ALIGN, place = names, markers, marker = 0;

	if (count < SYMBOLS_LEAST || count > SYMBOLS_MOST || word(image, at + 4))
		return false;
	/* before all names are read: as few as show that these are none */
	for (int i = 0; i < 16; i++)
		if (!skip_name(image, &place, end))
			return false;
	for (uint32_t i = 16; i < count; i++)
		if (!skip_name(image, &place, end))
			return false;
	markers = (size_t)kd_round_up(image->vaddr + place, ALIGN) - (size_t)image->vaddr;
	place = names;
	for (uint32_t i = 0; i < count; i++) {
		if (i % MARKED == 0) {
			if (markers + 4 * marker + 4 > end ||
			    word(image, markers + 4 * marker) != place - names)
				return false;
			marker++;
		}
		skip_name(image, &place, end);
	}
	return true;
}

static bool find_count(struct image *image, size_t tokens, size_t *count)
{
	size_t first = tokens > NAMES_MOST ? tokens - NAMES_MOST : 0;

	for (*count = (tokens - ALIGN) & ~(size_t)(ALIGN - 1); *count > first; *count -= ALIGN)
		if (is_count(image, *count, tokens))
			return true;
	return false;
}

static enum kd_status search(struct image *image, struct kd_kallsyms_places *places,
			     struct kd_err *err)
{
	const uint8_t *at = image->data, *end = image->data + image->bytes;

	/* step 1 */
	while ((at = memmem(at, (size_t)(end - at), digits, sizeof(digits)))) {
		size_t zero = (size_t)(at - image->data), index, tokens, count, symbols;

		at++;
		if (!find_index(image, zero, &index))
			continue;
		tokens = zero - half(image, index + 2 * '0');
		if (tokens < ALIGN || !find_count(image, tokens, &count))
			continue;
		symbols = word(image, count);
		for (int order = 0; order < KD_KALLSYMS_ORDERS; order++)
			places[order] = (struct kd_kallsyms_places){
				.names = image->vaddr + count + ALIGN,
				.count = image->vaddr + count,
				.tokens = image->vaddr + tokens,
				.index = image->vaddr + index,
			};
		places[0].relative_base = places[0].count - ALIGN;
		places[0].offsets = places[0].relative_base - kd_round_up(4 * symbols, ALIGN);
		places[1].offsets = kd_round_up(places[1].index + INDEX_BYTES, ALIGN);
		places[1].relative_base = kd_round_up(places[1].offsets + 4 * symbols, ALIGN);
		places[2].offsets = places[2].count - 8 * symbols;
		places[3].offsets = places[1].offsets;
		return KD_OK;
	}
	return kd_fail(err, KD_NOTFOUND, "the kernel's image has no symbols (kallsyms)");
}

enum kd_status kd_kallsyms_search(struct kd_kernel *kernel,
				  struct kd_kallsyms_places places[KD_KALLSYMS_ORDERS],
				  struct kd_err *err)
{
	struct image image = {.budget = NAMES_READ_MOST};
	enum kd_status status = read_image(kernel, &image, err);

	if (!status)
		status = search(&image, places, err);
	free(image.data);
	return status;
}
