/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * oldmem: all memory, linear by physical address.
 *
 * A hole of the file is where the machine had no RAM. Pages that were left out of the dump are no holes: to read them
 * is an error, so that nobody takes them for zeros; unless they are wanted as zeros, and then they are holes, too.
 */
#include "view/memory.h"

#include <string.h>

#include "arch/arch.h"
#include "base/bytes.h"

enum { SCANNED_PAGES = 4096 }; /* at a time, a multiple of 64 */

bool kd_view_is_ram(const struct kd_dump *dump, uint64_t paddr, uint64_t *bytes)
{
	size_t count;
	const struct kd_segment *segments = kd_dump_segments(dump, &count);
	size_t next = kd_segments_after(segments, count, paddr);
	bool is_ram = next < count && segments[next].paddr <= paddr;

	if (next == count)
		*bytes = UINT64_MAX - paddr;
	else
		*bytes = segments[next].paddr + (is_ram ? segments[next].memory_bytes : 0) - paddr;
	return is_ram;
}

enum kd_status kd_view_read_memory(const struct kd_view *view, struct kd_reader *reader,
				   uint64_t paddr, bool hole_is_zero, void *buffer, size_t bytes,
				   struct kd_err *err)
{
	const uint64_t page_bytes = kd_dump_arch(view->dump)->page_bytes;
	uint8_t *to = buffer;

	while (bytes) {
		const uint8_t *data;
		size_t piece;
		uint64_t gap;
		enum kd_status status =
			kd_reader_stream(reader, paddr, bytes, to, &data, &piece, err);

		if (!status) {
			if (data != to)
				memcpy(to, data, piece);
		} else if ((status == KD_HOLE && hole_is_zero) ||
			   (status == KD_EXCLUDED && view->options.excluded_is_zero)) {
			if (status == KD_EXCLUDED || kd_view_is_ram(view->dump, paddr, &gap))
				gap = page_bytes - paddr % page_bytes;
			piece = gap < bytes ? (size_t)gap : bytes;
			memset(to, 0, piece);
		} else {
			return status;
		}
		to += piece;
		paddr += piece;
		bytes -= piece;
	}
	return KD_OK;
}

static enum kd_status oldmem_size(struct kd_view *view, size_t subject, uint64_t *bytes,
				  uint64_t *stored, struct kd_err *err)
{
	const struct kd_dump_facts *facts = kd_dump_facts(view->dump);
	size_t count;
	const struct kd_segment *segments = kd_dump_segments(view->dump, &count);
	uint64_t end = count ? segments[count - 1].paddr + segments[count - 1].memory_bytes : 0;

	/* a file cannot be longer */
	*bytes = end > INT64_MAX ? INT64_MAX : end;
	*stored = (view->options.excluded_is_zero ? facts->saved_pages : facts->ram_pages) *
		  kd_dump_arch(view->dump)->page_bytes;
	return KD_OK;
}

static enum kd_status oldmem_read(struct kd_view *view, size_t subject, uint64_t offset,
				  void *buffer, size_t bytes, struct kd_err *err)
{
	struct kd_reader *reader;
	enum kd_status status = kd_pool_take(&view->pool, &reader, err);

	if (status)
		return status;
	status = kd_view_read_memory(view, reader, offset, true, buffer, bytes, err);
	kd_pool_give(&view->pool, reader);
	return status;
}

/* The first page from pfn on, before `end`, that the dump has, or with `absent` that it has not. */
static enum kd_status next_page(struct kd_reader *reader, uint64_t pfn, uint64_t end, bool absent,
				uint64_t *found, struct kd_err *err)
{
	uint64_t bits[SCANNED_PAGES / 64];

	while (pfn < end) {
		enum kd_status status = kd_reader_present(reader, pfn, SCANNED_PAGES, bits, err);

		if (status)
			return status;
		for (unsigned int i = 0; i < SCANNED_PAGES / 64; i++) {
			uint64_t wanted = absent ? ~bits[i] : bits[i];

			if (!wanted)
				continue;
			pfn += i * 64 + (unsigned int)__builtin_ctzll(wanted);
			*found = pfn < end ? pfn : end;
			return KD_OK;
		}
		pfn += SCANNED_PAGES;
	}
	*found = end;
	return KD_OK;
}

/* Within RAM, which ends at ram_end: *found is at most that. */
static enum kd_status seek_in_ram(struct kd_view *view, struct kd_reader *reader, uint64_t offset,
				  uint64_t ram_end, bool hole, uint64_t *found, struct kd_err *err)
{
	const uint64_t page_bytes = kd_dump_arch(view->dump)->page_bytes;
	uint64_t pfn = 0, end = (ram_end - 1) / page_bytes + 1;
	enum kd_status status;

	if (!view->options.excluded_is_zero) {
		*found = hole ? ram_end : offset;
		return KD_OK;
	}
	status = next_page(reader, offset / page_bytes, end, hole, &pfn, err);
	if (status)
		return status;
	*found = pfn * page_bytes;
	if (*found < offset)
		*found = offset;
	if (*found > ram_end)
		*found = ram_end;
	return KD_OK;
}

static enum kd_status oldmem_seek(struct kd_view *view, size_t subject, uint64_t offset, bool hole,
				  uint64_t *found, struct kd_err *err)
{
	size_t count;
	const struct kd_segment *segments = kd_dump_segments(view->dump, &count);
	struct kd_reader *reader;
	enum kd_status status = kd_pool_take(&view->pool, &reader, err);
	size_t next = kd_segments_after(segments, count, offset);

	if (status)
		return status;
	for (; !status && next < count; next++) {
		uint64_t ram_end = segments[next].paddr + segments[next].memory_bytes;

		if (offset < segments[next].paddr && hole)
			break;
		if (offset < segments[next].paddr)
			offset = segments[next].paddr;
		status = seek_in_ram(view, reader, offset, ram_end, hole, &offset, err);
		if (status || offset < ram_end)
			break;
	}
	if (!status)
		*found = offset;
	kd_pool_give(&view->pool, reader);
	return status;
}

const struct kd_node_memory kd_memory_oldmem = {
	.size = oldmem_size, .read = oldmem_read, .seek = oldmem_seek};
