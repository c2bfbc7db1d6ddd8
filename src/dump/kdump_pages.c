/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pages of a kdump-compressed dump: the descriptor of each, and its bytes unpacked. */
#include <errno.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "codec/codec.h"
#include "dump/kdump_file.h"
#include "dump/kdump_parts.h"
#include "host/system.h"

/* A cut within descriptors or in what the last of them promises; page data may stand in any order. */
uint64_t kd_kdump_missing_bytes(const struct kd_dump *dump, const struct kd_medium *medium,
				uint64_t count)
{
	struct kd_kdump_desc last;
	uint64_t end = dump->compressed.desc_offset + count * sizeof(last);

	if (count && end <= medium->bytes &&
	    !kd_medium_copy(medium, end - sizeof(last), &last, sizeof(last), NULL) &&
	    last.offset > end && last.bytes <= KD_KDUMP_PACKED_FACTOR * kd_kdump_page_bytes(dump))
		kd_add(last.offset, last.bytes, &end);
	return end > medium->bytes ? end - medium->bytes : 0;
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
	if (!desc->bytes || desc->bytes > KD_KDUMP_PACKED_FACTOR * kd_kdump_page_bytes(dump) ||
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
		reader->packed = malloc(KD_KDUMP_PACKED_FACTOR * kd_kdump_page_bytes(reader->dump));
	if (!reader->packed)
		return kd_fail_errno(err, ENOMEM, "a page");
	*data = reader->packed;
	return kd_windows_copy(windows, desc->offset, reader->packed, desc->bytes, err);
}

enum kd_status kd_kdump_unpack(struct kd_reader *reader, uint64_t pfn, uint8_t *page,
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
	if (!status && !codec->decompress(decoder, packed, desc.bytes, page,
					  kd_kdump_page_bytes(reader->dump)))
		status = kd_fail(err, KD_CORRUPT, "its %u bytes of %s data give no page",
				 desc.bytes, kd_codec_flag_name(codec->flag));
	if (status)
		return kd_context(err, status, "physical address 0x%llx",
				  (unsigned long long)(pfn * kd_kdump_page_bytes(reader->dump)));
	return KD_OK;
}
