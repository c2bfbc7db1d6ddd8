/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Dumps whose memory stands in the file as it was, a range after the other: ELF cores, and bare memory, which is a
 * file with one range that starts where the caller says.
 */
#include <string.h>

#include "base/bytes.h"
#include "dump/format.h"

void kd_plain_count(struct kd_dump *dump)
{
	const uint64_t page_bytes = dump->arch->page_bytes;
	uint64_t memory = 0, in_file = 0, missing = 0;

	for (size_t i = 0; i < dump->segment_count; i++) {
		const struct kd_segment *segment = &dump->segments[i];
		uint64_t there = segment->file_offset < dump->medium.bytes
					 ? dump->medium.bytes - segment->file_offset
					 : 0;

		/* segments do not overlap: the sums fit */
		memory += segment->memory_bytes;
		in_file += segment->file_bytes;
		if (there < segment->file_bytes)
			missing += segment->file_bytes - there;
	}
	dump->facts.ram_pages = memory / page_bytes;
	dump->facts.saved_pages = in_file / page_bytes;
	dump->missing_bytes = missing;
}

/* Where the bytes of a physical address stand, and how many of them together. */
static enum kd_status locate(const struct kd_dump *dump, uint64_t paddr, uint64_t *offset,
			     uint64_t *left, struct kd_err *err)
{
	const struct kd_segment *segment =
		kd_segments_find(dump->segments, dump->segment_count, paddr);
	uint64_t into;

	if (!segment)
		return kd_fail_hole(err, paddr);
	into = paddr - segment->paddr;
	if (into >= segment->file_bytes)
		return kd_fail_excluded(err, paddr);
	*offset = segment->file_offset + into;
	*left = segment->file_bytes - into;
	return KD_OK;
}

enum kd_status kd_plain_window(struct kd_reader *reader, uint64_t paddr, const uint8_t **data,
			       size_t *bytes, struct kd_err *err)
{
	uint64_t offset, left;
	enum kd_status status = locate(reader->dump, paddr, &offset, &left, err);

	if (status)
		return status;
	status = kd_windows_at(&reader->windows, offset, data, bytes, err);
	if (status)
		return kd_context(err, status, "physical address 0x%llx",
				  (unsigned long long)paddr);
	if (*bytes > left)
		*bytes = (size_t)left;
	return KD_OK;
}

enum kd_status kd_plain_stream(struct kd_reader *reader, uint64_t paddr, size_t want,
			       uint8_t *buffer, const uint8_t **data, size_t *bytes,
			       struct kd_err *err)
{
	const struct kd_dump *dump = reader->dump;
	uint64_t offset, left;
	enum kd_status status;

	if (!reader->windows.by_read) {
		status = kd_plain_window(reader, paddr, data, bytes, err);
		if (!status && *bytes > want)
			*bytes = want;
		return status;
	}
	status = locate(dump, paddr, &offset, &left, err);
	if (status)
		return status;
	status = kd_medium_read(&dump->medium, offset, buffer, left < want ? (size_t)left : want,
				bytes, err);
	if (status)
		return kd_context(err, status, "physical address 0x%llx",
				  (unsigned long long)paddr);
	*data = buffer;
	return KD_OK;
}

enum kd_status kd_plain_present(struct kd_reader *reader, uint64_t pfn, unsigned int count,
				uint64_t *bits, struct kd_err *err)
{
	const struct kd_dump *dump = reader->dump;
	const uint64_t page_bytes = dump->arch->page_bytes;
	uint64_t start = pfn * page_bytes, end;
	size_t low;

	memset(bits, 0, count / 8);
	if (!kd_add(start, count * page_bytes, &end))
		end = UINT64_MAX;
	low = kd_segments_after(dump->segments, dump->segment_count, start);
	for (; low < dump->segment_count && dump->segments[low].paddr < end; low++) {
		const struct kd_segment *segment = &dump->segments[low];
		uint64_t from = segment->paddr > start ? segment->paddr : start;
		uint64_t to = segment->paddr + segment->file_bytes;

		if (to > end)
			to = end;
		for (uint64_t at = from / page_bytes - pfn;
		     from < to && at < (to - start + page_bytes - 1) / page_bytes; at++)
			bits[at / 64] |= UINT64_C(1) << at % 64;
	}
	return KD_OK;
}

static enum kd_status open_raw(struct kd_dump *dump, struct kd_err *err)
{
	const char *machine = dump->options.raw_arch ? dump->options.raw_arch : "x86_64";
	uint64_t base = dump->options.raw_base, end;
	struct kd_segment memory;
	enum kd_status status;

	dump->arch = kd_arch_named(machine);
	if (!dump->arch)
		return kd_fail(err, KD_UNSUPPORTED, "memory of machine '%s': not known here",
			       machine);
	if (base % dump->arch->page_bytes || !kd_add(base, dump->medium.bytes, &end))
		return kd_fail(err, KD_INVALID, "0x%llx bytes of memory at 0x%llx: %s",
			       (unsigned long long)dump->medium.bytes, (unsigned long long)base,
			       base % dump->arch->page_bytes ? "not at a page"
							     : "past the last address");
	memory = (struct kd_segment){
		.paddr = base,
		.memory_bytes = dump->medium.bytes,
		.file_bytes = dump->medium.bytes,
	};
	status = kd_segments_add(dump, &memory, err);
	if (!status)
		kd_plain_count(dump);
	return status;
}

/* Has no magic: the caller asks for it. */
const struct kd_format kd_format_raw = {
	.name = "raw",
	.open = open_raw,
	.window = kd_plain_window,
	.stream = kd_plain_stream,
	.present = kd_plain_present,
};
