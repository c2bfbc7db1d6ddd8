/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The two bitmaps of a kdump-compressed dump: which pages are RAM, and which of them have a descriptor.
 *
 * A page's descriptor is found by its rank: how many pages before it have one. Counting bits from the
 * start would take time that grows with the machine, and a table of all ranks memory that does; so ranks
 * are kept for every 2^18th page (half a MiB for 64 TiB), and a reader remembers the last place, for
 * pages are mostly asked for in order.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "dump/kdump_parts.h"
#include "host/system.h"

enum {
	RANK_PAGES = 1 << 18,
	BITMAP_PIECE = 4096, /* bytes */
};

/* Bits of a bitmap past the last page mean nothing. */
static uint64_t word_of(const uint8_t *bytes, size_t at, uint64_t pages)
{
	uint64_t word = 0;

	memcpy(&word, bytes + at / 8, 8);
	if (pages - at < 64)
		word &= (UINT64_C(1) << (pages - at)) - 1;
	return word;
}

typedef enum kd_status take_word(struct kd_dump *dump, uint64_t pfn, uint64_t word,
				 struct kd_err *err);

/*
 * Gives the words of a bitmap that are not zero to take(), 64 pages at a time. Bitmaps of large machines are
 * mostly holes of the file.
 */
static enum kd_status each_word(struct kd_dump *dump, uint64_t offset, take_word *take,
				struct kd_err *err)
{
	uint64_t max_pfn = dump->compressed.max_pfn, first = 0;
	const uint64_t piece_pages = BITMAP_PIECE * 8;
	uint8_t piece[BITMAP_PIECE];

	for (;; first += piece_pages) {
		uint64_t data = kd_medium_next_data(&dump->medium, offset + first / 8);
		uint64_t pages;
		enum kd_status status;

		first = kd_round_down((data - offset) * 8, piece_pages);
		if (first >= max_pfn)
			return KD_OK;
		pages = max_pfn - first < piece_pages ? max_pfn - first : piece_pages;
		memset(piece, 0, sizeof(piece));
		status = kd_reader_copy(dump->reader, offset + first / 8, piece,
					(size_t)((pages + 7) / 8), err);
		for (size_t at = 0; !status && at < pages; at += 64) {
			uint64_t word = word_of(piece, at, pages);

			if (word)
				status = take(dump, first + at, word, err);
		}
		if (status)
			return status;
	}
}

static enum kd_status add_pages(struct kd_dump *dump, uint64_t pfn, uint64_t count,
				struct kd_err *err)
{
	uint64_t paddr = pfn * kd_kdump_page_bytes(dump), bytes = count * kd_kdump_page_bytes(dump);
	struct kd_segment *last =
		dump->segment_count ? &dump->segments[dump->segment_count - 1] : NULL;

	dump->facts.ram_pages += count;
	if (last && last->paddr + last->memory_bytes == paddr) {
		last->memory_bytes += bytes;
		last->file_bytes += bytes;
		return KD_OK;
	}
	return kd_segments_add(
		dump,
		&(struct kd_segment){.paddr = paddr, .memory_bytes = bytes, .file_bytes = bytes},
		err);
}

static enum kd_status take_ram(struct kd_dump *dump, uint64_t pfn, uint64_t word,
			       struct kd_err *err)
{
	enum kd_status status = KD_OK;

	while (word && !status) {
		unsigned int start = (unsigned int)__builtin_ctzll(word);
		uint64_t rest = ~(word >> start);
		unsigned int count = rest ? (unsigned int)__builtin_ctzll(rest) : 64;

		if (start + count > 64)
			count = 64 - start;
		status = add_pages(dump, pfn + start, count, err);
		word = start + count == 64 ? 0 : word >> (start + count) << (start + count);
	}
	return status;
}

static enum kd_status take_saved(struct kd_dump *dump, uint64_t pfn, uint64_t word,
				 struct kd_err *err)
{
	/* counted where they are; added up afterwards */
	dump->compressed.ranks[pfn / RANK_PAGES] += (uint64_t)__builtin_popcountll(word);
	return KD_OK;
}

enum kd_status kd_kdump_bitmaps_read(struct kd_dump *dump, struct kd_err *err)
{
	struct kd_compressed *compressed = &dump->compressed;
	enum kd_status status;

	compressed->rank_count = compressed->max_pfn / RANK_PAGES + 1;
	compressed->ranks = calloc(compressed->rank_count, sizeof(*compressed->ranks));
	if (!compressed->ranks)
		return kd_fail_errno(err, ENOMEM, "an index of %zu ranks", compressed->rank_count);
	status = each_word(dump, compressed->ram_offset, take_ram, err);
	if (!status)
		status = each_word(dump, compressed->saved_offset, take_saved, err);
	for (size_t i = 0; i < compressed->rank_count; i++) {
		uint64_t count = compressed->ranks[i];

		compressed->ranks[i] = dump->facts.saved_pages;
		dump->facts.saved_pages += count;
	}
	/* one that was killed at its beginning has its bitmaps still to come */
	if (!status && !dump->segment_count && !dump->facts.incomplete && !dump->medium.cut)
		status = kd_fail(err, KD_CORRUPT, "the dump describes no memory");
	return status;
}

/* Whether a page has a descriptor. */
static enum kd_status is_saved(struct kd_reader *reader, uint64_t pfn, bool *saved,
			       struct kd_err *err)
{
	uint8_t byte;
	enum kd_status status = kd_reader_copy(
		reader, reader->dump->compressed.saved_offset + pfn / 8, &byte, 1, err);

	*saved = !status && byte >> pfn % 8 & 1;
	return status;
}

enum kd_status kd_kdump_rank(struct kd_reader *reader, uint64_t pfn, uint64_t *rank,
			     struct kd_err *err)
{
	const struct kd_compressed *compressed = &reader->dump->compressed;
	uint64_t at = kd_round_down(pfn, RANK_PAGES);
	uint64_t count = compressed->ranks[pfn / RANK_PAGES];

	if (reader->rank.known && reader->rank.pfn <= pfn && reader->rank.pfn >= at) {
		at = reader->rank.pfn;
		count = reader->rank.rank;
	}
	while (at < pfn) {
		uint64_t word_pfn = kd_round_down(at, 64), word = 0, end = word_pfn + 64;
		size_t bytes = (size_t)((compressed->max_pfn - word_pfn + 7) / 8);
		enum kd_status status;

		status = kd_reader_copy(reader, compressed->saved_offset + word_pfn / 8, &word,
					bytes < 8 ? bytes : 8, err);
		if (status)
			return status;
		if (end > pfn) {
			end = pfn;
			word &= (UINT64_C(1) << (pfn - word_pfn)) - 1;
		}
		word = word >> (at - word_pfn);
		count += (uint64_t)__builtin_popcountll(word);
		at = end;
	}
	reader->rank = (struct kd_rank){true, pfn, count};
	*rank = count;
	return KD_OK;
}

enum kd_status kd_kdump_check_saved(struct kd_reader *reader, uint64_t paddr, struct kd_err *err)
{
	const struct kd_dump *dump = reader->dump;
	uint64_t pfn = paddr / kd_kdump_page_bytes(dump);
	bool saved = false;
	enum kd_status status = KD_OK;

	if (pfn < dump->compressed.max_pfn)
		status = is_saved(reader, pfn, &saved, err);
	if (status || saved)
		return status;
	return kd_segments_find(dump->segments, dump->segment_count, paddr)
		       ? kd_fail_excluded(err, paddr)
		       : kd_fail_hole(err, paddr);
}

enum kd_status kd_kdump_present(struct kd_reader *reader, uint64_t pfn, unsigned int count,
				uint64_t *bits, struct kd_err *err)
{
	const struct kd_compressed *compressed = &reader->dump->compressed;
	uint64_t byte = pfn / 8;
	unsigned int shift = pfn % 8;

	memset(bits, 0, count / 8);
	for (unsigned int i = 0; i < count && pfn + i < compressed->max_pfn; i += 64) {
		uint8_t piece[9] = {0};
		uint64_t left = compressed->max_pfn - (pfn + i), word;
		uint64_t have = (compressed->max_pfn + 7) / 8 - (byte + i / 8);
		enum kd_status status =
			kd_reader_copy(reader, compressed->saved_offset + byte + i / 8, piece,
				       have < sizeof(piece) ? (size_t)have : sizeof(piece), err);

		if (status)
			return status;
		memcpy(&word, piece, sizeof(word));
		word >>= shift;
		if (shift)
			word |= (uint64_t)piece[8] << (64 - shift);
		if (left < 64)
			word &= (UINT64_C(1) << left) - 1;
		bits[i / 64] = word;
	}
	return KD_OK;
}
