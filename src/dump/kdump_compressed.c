/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads kdump-compressed dumps (dump/kdump_file.h): their headers, and a page at a time. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "dump/kdump_header.h"
#include "dump/kdump_parts.h"
#include "host/system.h"

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
		status = kd_kdump_bitmaps_read(dump, err);
	if (status)
		return status;
	if (!headers->sub.split)
		dump->missing_bytes =
			kd_kdump_missing_bytes(dump, &dump->medium, dump->facts.saved_pages);
	return KD_OK;
}

static enum kd_status kdump_window(struct kd_reader *reader, uint64_t paddr, const uint8_t **data,
				   size_t *bytes, struct kd_err *err)
{
	const uint64_t page_bytes = kd_kdump_page_bytes(reader->dump);
	uint64_t pfn = paddr / page_bytes, into = paddr % page_bytes;
	unsigned int slot = pfn % KD_CACHED_PAGES;
	enum kd_status status;

	if (!reader->pages)
		reader->pages = malloc(KD_CACHED_PAGES * page_bytes);
	if (!reader->pages)
		return kd_fail_errno(err, ENOMEM, "a cache of pages");
	if (!reader->page_valid[slot] || reader->page_pfn[slot] != pfn) {
		status = kd_kdump_check_saved(reader, paddr, err);
		if (status)
			return status;
		reader->page_valid[slot] = false;
		status = kd_kdump_unpack(reader, pfn, reader->pages + slot * page_bytes, err);
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
	const uint64_t page_bytes = kd_kdump_page_bytes(reader->dump);
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

		status = kd_kdump_check_saved(reader, paddr + filled, why);
		if (!status)
			status = kd_kdump_unpack(reader, (paddr + filled) / page_bytes,
						 buffer + filled, why);
		if (status && !filled)
			return status;
		if (status)
			break;
	}
	*data = buffer;
	*bytes = filled;
	return KD_OK;
}

const struct kd_format kd_format_kdump = {
	.name = "kdump",
	.magic = KD_KDUMP_SIGNATURE,
	.magic_bytes = sizeof(KD_KDUMP_SIGNATURE) - 1,
	.open = open_kdump,
	.window = kdump_window,
	.stream = kdump_stream,
	.present = kd_kdump_present,
};

const struct kd_format kd_format_diskdump = {
	.name = "diskdump",
	.magic = KD_DISKDUMP_SIGNATURE,
	.magic_bytes = sizeof(KD_DISKDUMP_SIGNATURE) - 1,
	.open = open_kdump,
	.window = kdump_window,
	.stream = kdump_stream,
	.present = kd_kdump_present,
};
