/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdlib.h>

#include "dump/format.h"
#include "host/system.h"

enum kd_status kd_segments_add(struct kd_dump *dump, const struct kd_segment *segment,
			       struct kd_err *err)
{
	if (dump->segment_count == dump->segment_room) {
		size_t room = dump->segment_room ? 2 * dump->segment_room : 64;
		struct kd_segment *grown;

		if (dump->segment_count >= KD_SEGMENT_LIMIT)
			return kd_fail(err, KD_UNSUPPORTED, "more than %d ranges of memory",
				       KD_SEGMENT_LIMIT);
		grown = realloc(dump->segments, room * sizeof(*grown));
		if (!grown)
			return kd_fail_errno(err, ENOMEM, "%zu ranges of memory", room);
		dump->segments = grown;
		dump->segment_room = room;
	}
	dump->segments[dump->segment_count++] = *segment;
	return KD_OK;
}

static int by_paddr(const void *left, const void *right)
{
	const struct kd_segment *a = left, *b = right;

	if (a->paddr != b->paddr)
		return a->paddr < b->paddr ? -1 : 1;
	/* of two that start together the one with more in the file goes first, and stays */
	if (a->file_bytes != b->file_bytes)
		return a->file_bytes > b->file_bytes ? -1 : 1;
	if (a->memory_bytes != b->memory_bytes)
		return a->memory_bytes > b->memory_bytes ? -1 : 1;
	return a->file_offset < b->file_offset ? -1 : a->file_offset > b->file_offset;
}

static void cut_front(struct kd_segment *segment, uint64_t bytes)
{
	uint64_t in_file = bytes < segment->file_bytes ? bytes : segment->file_bytes;

	segment->paddr += bytes;
	segment->vaddr += bytes;
	segment->memory_bytes -= bytes;
	segment->file_bytes -= in_file;
	segment->file_offset += in_file;
}

static void add_alias(struct kd_dump *dump, const struct kd_segment *segment, uint64_t bytes)
{
	/* A filtered core has one mapping in many pieces. They come sorted. */
	for (size_t i = 0; i < dump->alias_count; i++) {
		struct kd_segment *alias = &dump->aliases[i];

		if (segment->vaddr - segment->paddr == alias->vaddr - alias->paddr) {
			if (segment->paddr + bytes > alias->paddr + alias->memory_bytes)
				alias->memory_bytes = segment->paddr + bytes - alias->paddr;
			return;
		}
	}
	if (dump->alias_count == KD_ALIASES)
		return;
	dump->aliases[dump->alias_count++] = (struct kd_segment){
		.paddr = segment->paddr,
		.vaddr = segment->vaddr,
		.memory_bytes = bytes,
	};
}

void kd_segments_tidy(struct kd_dump *dump)
{
	struct kd_segment *segments = dump->segments;
	uint64_t end = 0; /* of the memory described so far */
	size_t kept = 0;

	if (dump->segment_count) /* else there is no array */
		qsort(segments, dump->segment_count, sizeof(*segments), by_paddr);
	for (size_t i = 0; i < dump->segment_count; i++) {
		struct kd_segment segment = segments[i];

		if (segment.memory_bytes && segment.paddr < end) {
			uint64_t repeated = end - segment.paddr;

			if (repeated >= segment.memory_bytes) {
				add_alias(dump, &segment, segment.memory_bytes);
				continue;
			}
			add_alias(dump, &segment, repeated);
			cut_front(&segment, repeated);
		}
		if (!segment.memory_bytes)
			continue;
		end = segment.paddr + segment.memory_bytes;
		segments[kept++] = segment;
	}
	dump->segment_count = kept;
}

const struct kd_segment *kd_segments_find(const struct kd_segment *segments, size_t count,
					  uint64_t paddr)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct kd_segment *segment = &segments[middle];

		if (paddr < segment->paddr)
			high = middle;
		else if (paddr - segment->paddr >= segment->memory_bytes)
			low = middle + 1;
		else
			return segment;
	}
	return NULL;
}
