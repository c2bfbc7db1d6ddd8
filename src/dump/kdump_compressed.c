/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads kdump-compressed dumps (dump/kdump_file.h).
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
#include "codec/codec.h"
#include "dump/format.h"
#include "dump/kdump_header.h"
#include "host/system.h"

enum {
	RANK_PAGES = 1 << 18,
	BITMAP_PIECE = 4096, /* bytes */
	/* what a page may take when compressed: more than any codec's bound */
	PACKED_FACTOR = 2,
};

static uint64_t page_bytes_of(const struct kd_dump *dump)
{
	return dump->arch->page_bytes;
}

static enum kd_status find_arch(struct kd_dump *dump, const struct kd_kdump_header *header,
				struct kd_err *err)
{
	char machine[KD_FACT_TEXT_BYTES];
	const struct kd_arch *paged;

	kd_kdump_text(header, KD_KDUMP_UTS_MACHINE, machine);
	dump->arch = kd_arch_named(machine);
	if (!dump->arch)
		return kd_fail(err, KD_UNSUPPORTED, "a dump of machine '%s': not known here",
			       machine);
	paged = kd_arch_paged(dump->arch, (uint32_t)header->block_bytes);
	if (!paged)
		return kd_fail(err, KD_UNSUPPORTED, "pages of %d bytes on %s", header->block_bytes,
			       dump->arch->name);
	dump->arch = paged;
	return KD_OK;
}

/* Reads a piece of the file into memory of its own, with a NUL behind it. */
static enum kd_status read_piece(struct kd_dump *dump, const char *what, uint64_t offset,
				 uint64_t bytes, char **piece, struct kd_err *err)
{
	enum kd_status status;
	char *made;

	if (bytes > KD_NOTES_LIMIT)
		return kd_fail(err, KD_UNSUPPORTED, "%s of %llu bytes", what,
			       (unsigned long long)bytes);
	made = malloc(bytes + 1);
	if (!made)
		return kd_fail_errno(err, ENOMEM, "%s", what);
	made[bytes] = '\0';
	status = kd_reader_copy(dump->reader, offset, made, bytes, err);
	if (status) {
		free(made);
		return kd_context(err, status, "%s", what);
	}
	*piece = made;
	return KD_OK;
}

static enum kd_status read_texts(struct kd_dump *dump, const struct kd_kdump_sub_header *sub,
				 struct kd_err *err)
{
	enum kd_status status = KD_OK;

	if (sub->notes_bytes) {
		status = read_piece(dump, "notes", sub->notes_offset, sub->notes_bytes,
				    &dump->note_bytes, err);
		if (!status) {
			dump->note_bytes_count = (size_t)sub->notes_bytes;
			status = kd_elf_notes(dump, dump->note_bytes, sub->notes_bytes, err);
		}
	}
	if (!status && sub->vmcoreinfo_bytes && !dump->vmcoreinfo) {
		status = read_piece(dump, "VMCOREINFO", sub->vmcoreinfo_offset,
				    sub->vmcoreinfo_bytes, &dump->info_bytes, err);
		if (!status) {
			dump->vmcoreinfo = dump->info_bytes;
			dump->vmcoreinfo_bytes = strlen(dump->info_bytes);
		}
	}
	if (!status && sub->erased_bytes) {
		status = read_piece(dump, "what was erased", sub->erased_offset, sub->erased_bytes,
				    &dump->erase_bytes, err);
		if (!status) {
			dump->facts.erased = dump->erase_bytes;
			dump->facts.erased_bytes = strlen(dump->erase_bytes);
		}
	}
	return status;
}

static enum kd_status lay_out(struct kd_dump *dump, const struct kd_kdump_headers *headers,
			      struct kd_err *err)
{
	const struct kd_kdump_header *header = &headers->header;
	struct kd_compressed *compressed = &dump->compressed;
	uint64_t block = (uint64_t)header->block_bytes;
	uint64_t bitmap_bytes = header->bitmap_blocks * block / 2;

	compressed->max_pfn = headers->sub.max_pfn;
	compressed->ram_offset = (1 + (uint64_t)header->sub_header_blocks) * block;
	compressed->desc_offset = compressed->ram_offset + header->bitmap_blocks * block;
	/* a DISKDUMP that left nothing out has one bitmap only (crash's diskdump.c, dump_is_partial) */
	if (headers->is_diskdump && compressed->max_pfn > bitmap_bytes * 8) {
		compressed->saved_offset = compressed->ram_offset;
		bitmap_bytes *= 2;
	} else {
		compressed->saved_offset = compressed->ram_offset + bitmap_bytes;
	}
	if (compressed->desc_offset > dump->medium.bytes)
		return kd_fail(err, KD_TRUNCATED, "the file ends before its bitmaps do");
	/* older versions of makedumpfile wrote a bitmap of the pages that there are only */
	if (compressed->max_pfn > bitmap_bytes * 8)
		return kd_fail(err, KD_CORRUPT, "bitmaps of %llu bytes for %llu pages",
			       (unsigned long long)bitmap_bytes,
			       (unsigned long long)compressed->max_pfn);
	return KD_OK;
}

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
	uint64_t paddr = pfn * page_bytes_of(dump), bytes = count * page_bytes_of(dump);
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

static enum kd_status read_bitmaps(struct kd_dump *dump, struct kd_err *err)
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

/* A cut within descriptors or in what the last of them promises; page data may stand in any order. */
uint64_t kd_kdump_missing_bytes(const struct kd_dump *dump, const struct kd_medium *medium,
				uint64_t count)
{
	struct kd_kdump_desc last;
	uint64_t end = dump->compressed.desc_offset + count * sizeof(last);

	if (count && end <= medium->bytes &&
	    !kd_medium_copy(medium, end - sizeof(last), &last, sizeof(last), NULL) &&
	    last.offset > end && last.bytes <= PACKED_FACTOR * page_bytes_of(dump))
		kd_add(last.offset, last.bytes, &end);
	return end > medium->bytes ? end - medium->bytes : 0;
}

static enum kd_status open_kdump(struct kd_dump *dump, struct kd_err *err)
{
	struct kd_kdump_headers *headers = &dump->compressed.headers;
	enum kd_status status;

	status = kd_kdump_headers_read(&dump->medium, headers, err);
	if (!status)
		status = find_arch(dump, &headers->header, err);
	if (status)
		return status;
	kd_kdump_facts(headers, &dump->facts);
	status = lay_out(dump, headers, err);
	if (!status)
		status = read_texts(dump, &headers->sub, err);
	if (!status)
		status = read_bitmaps(dump, err);
	if (status)
		return status;
	if (!headers->sub.split)
		dump->missing_bytes =
			kd_kdump_missing_bytes(dump, &dump->medium, dump->facts.saved_pages);
	return KD_OK;
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

/* How many pages before pfn have a descriptor: from the nearest place where that is known. */
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

/* The file that has a page, and how many of the saved pages before it stand in others. */
static enum kd_status find_file(struct kd_reader *reader, uint64_t pfn, struct kd_windows **windows,
				uint64_t *skipped, struct kd_err *err)
{
	const struct kd_dump *dump = reader->dump;
	enum kd_status status;
	size_t member;

	*windows = &reader->windows;
	*skipped = 0;
	if (!dump->is_set)
		return KD_OK;
	status = kd_split_find(dump, pfn, &member, err);
	if (status)
		return status;
	*skipped = dump->members[member].start_rank;
	return kd_reader_member(reader, member, windows, err);
}

static enum kd_status find_desc(struct kd_reader *reader, uint64_t pfn, struct kd_windows **windows,
				struct kd_kdump_desc *desc, struct kd_err *err)
{
	const struct kd_dump *dump = reader->dump;
	uint64_t rank, skipped;
	enum kd_status status;

	status = find_file(reader, pfn, windows, &skipped, err);
	if (status)
		return status;
	status = kd_kdump_rank(reader, pfn, &rank, err);
	if (!status)
		status = kd_windows_copy(
			*windows, dump->compressed.desc_offset + (rank - skipped) * sizeof(*desc),
			desc, sizeof(*desc), err);
	if (status)
		return kd_context(err, status, "its descriptor");
	/* the last that was written may end where a sector does, behind its first member */
	if ((dump->facts.incomplete || (*windows)->medium->cut) && (!desc->offset || !desc->bytes))
		return kd_fail(err, KD_TRUNCATED, "the dump is incomplete, and the page not in it");
	if (!desc->bytes || desc->bytes > PACKED_FACTOR * page_bytes_of(dump) ||
	    desc->offset < dump->compressed.desc_offset)
		return kd_fail(err, KD_CORRUPT, "its descriptor says %u bytes at 0x%llx",
			       desc->bytes, (unsigned long long)desc->offset);
	return KD_OK;
}

/* The decoder for a page's flags, made when it is first needed. */
static enum kd_status find_decoder(struct kd_reader *reader, uint32_t flag,
				   const struct kd_codec **codec, void **memory, struct kd_err *err)
{
	const struct kd_codec *wanted = kd_codec_of_flag(flag);
	const char *name = kd_codec_flag_name(flag);
	enum kd_status status;
	size_t bytes;
	int row;

	if (!wanted)
		return kd_fail(err, name ? KD_UNSUPPORTED : KD_CORRUPT,
			       "compressed in a way that this program cannot read: %s (flags 0x%x)",
			       name ? name : "unknown", flag);
	for (row = 0; row < KD_DECODERS - 1 && reader->decoders[row].codec; row++)
		if (reader->decoders[row].codec == wanted)
			break;
	*codec = wanted;
	*memory = reader->decoders[row].memory;
	if (reader->decoders[row].codec == wanted)
		return KD_OK;
	bytes = (size_t)kd_round_up(wanted->decoder_bytes(), 64);
	*memory = aligned_alloc(64, bytes);
	if (!*memory)
		return kd_fail_errno(err, ENOMEM, "a decoder");
	status = wanted->decoder_init(*memory, err);
	if (status) {
		free(*memory);
		return status;
	}
	reader->decoders[row].codec = wanted;
	reader->decoders[row].memory = *memory;
	return KD_OK;
}

/* The bytes of a page as they are in the file, in place when they lie in one window. */
static enum kd_status find_packed(struct kd_reader *reader, struct kd_windows *windows,
				  const struct kd_kdump_desc *desc, const uint8_t **data,
				  struct kd_err *err)
{
	size_t bytes;
	enum kd_status status = kd_windows_at(windows, desc->offset, data, &bytes, err);

	if (status || bytes >= desc->bytes)
		return status;
	if (!reader->packed)
		reader->packed = malloc(PACKED_FACTOR * page_bytes_of(reader->dump));
	if (!reader->packed)
		return kd_fail_errno(err, ENOMEM, "a page");
	*data = reader->packed;
	return kd_windows_copy(windows, desc->offset, reader->packed, desc->bytes, err);
}

/* Unpacks a page that has a descriptor. */
static enum kd_status unpack(struct kd_reader *reader, uint64_t pfn, uint8_t *page,
			     struct kd_err *err)
{
	const struct kd_codec *codec = NULL;
	const uint8_t *packed = NULL;
	struct kd_windows *windows = NULL;
	struct kd_kdump_desc desc;
	enum kd_status status;
	void *decoder = NULL;

	status = find_desc(reader, pfn, &windows, &desc, err);
	if (!status)
		status = find_decoder(reader, desc.flags & KD_CODEC_FLAGS, &codec, &decoder, err);
	if (!status)
		status = find_packed(reader, windows, &desc, &packed, err);
	if (!status &&
	    !codec->decompress(decoder, packed, desc.bytes, page, page_bytes_of(reader->dump)))
		status = kd_fail(err, KD_CORRUPT, "its %u bytes of %s data give no page",
				 desc.bytes, kd_codec_flag_name(codec->flag));
	if (status)
		return kd_context(err, status, "physical address 0x%llx",
				  (unsigned long long)(pfn * page_bytes_of(reader->dump)));
	return KD_OK;
}

/* KD_OK when a physical address has a descriptor; KD_HOLE and KD_EXCLUDED are told apart. */
static enum kd_status check_saved(struct kd_reader *reader, uint64_t paddr, struct kd_err *err)
{
	const struct kd_dump *dump = reader->dump;
	uint64_t pfn = paddr / page_bytes_of(dump);
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

static enum kd_status kdump_window(struct kd_reader *reader, uint64_t paddr, const uint8_t **data,
				   size_t *bytes, struct kd_err *err)
{
	const uint64_t page_bytes = page_bytes_of(reader->dump);
	uint64_t pfn = paddr / page_bytes, into = paddr % page_bytes;
	unsigned int slot = pfn % KD_CACHED_PAGES;
	enum kd_status status;

	if (!reader->pages)
		reader->pages = malloc(KD_CACHED_PAGES * page_bytes);
	if (!reader->pages)
		return kd_fail_errno(err, ENOMEM, "a cache of pages");
	if (!reader->page_valid[slot] || reader->page_pfn[slot] != pfn) {
		status = check_saved(reader, paddr, err);
		if (status)
			return status;
		reader->page_valid[slot] = false;
		status = unpack(reader, pfn, reader->pages + slot * page_bytes, err);
		if (status)
			return status;
		reader->page_valid[slot] = true;
		reader->page_pfn[slot] = pfn;
	}
	*data = reader->pages + slot * page_bytes + into;
	*bytes = (size_t)(page_bytes - into);
	return KD_OK;
}

static enum kd_status kdump_stream(struct kd_reader *reader, uint64_t paddr, size_t want,
				   uint8_t *buffer, const uint8_t **data, size_t *bytes,
				   struct kd_err *err)
{
	const uint64_t page_bytes = page_bytes_of(reader->dump);
	size_t filled = 0;
	enum kd_status status;

	if (paddr % page_bytes || want < page_bytes) {
		status = kdump_window(reader, paddr, data, bytes, err);
		if (!status && *bytes > want)
			*bytes = want;
		return status;
	}
	for (; want - filled >= page_bytes; filled += page_bytes) {
		/* what fails behind the first page is told when it is asked for itself */
		struct kd_err *why = filled ? NULL : err;

		status = check_saved(reader, paddr + filled, why);
		if (!status)
			status =
				unpack(reader, (paddr + filled) / page_bytes, buffer + filled, why);
		if (status && !filled)
			return status;
		if (status)
			break;
	}
	*data = buffer;
	*bytes = filled;
	return KD_OK;
}

static enum kd_status kdump_present(struct kd_reader *reader, uint64_t pfn, unsigned int count,
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

const struct kd_format kd_format_kdump = {
	.name = "kdump",
	.magic = KD_KDUMP_SIGNATURE,
	.magic_bytes = sizeof(KD_KDUMP_SIGNATURE) - 1,
	.open = open_kdump,
	.window = kdump_window,
	.stream = kdump_stream,
	.present = kdump_present,
};

const struct kd_format kd_format_diskdump = {
	.name = "diskdump",
	.magic = KD_DISKDUMP_SIGNATURE,
	.magic_bytes = sizeof(KD_DISKDUMP_SIGNATURE) - 1,
	.open = open_kdump,
	.window = kdump_window,
	.stream = kdump_stream,
	.present = kdump_present,
};
