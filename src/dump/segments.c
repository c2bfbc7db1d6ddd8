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
	segment->vaddr += segment->vaddr ? bytes : 0; /* 0: none is known */
	segment->memory_bytes -= bytes;
	segment->file_bytes -= in_file;
	segment->file_offset += in_file;
}

static void add_alias(struct kd_dump *dump, const struct kd_segment *segment, uint64_t bytes)
{
	if (!segment->vaddr)
		return;
	/* A filtered core has one mapping in many pieces. */
	for (size_t i = 0; i < dump->alias_count; i++) {
		struct kd_segment *alias = &dump->aliases[i];

		if (segment->vaddr - segment->paddr == alias->vaddr - alias->paddr) {
			if (segment->paddr < alias->paddr) {
				alias->memory_bytes += alias->paddr - segment->paddr;
				alias->vaddr = segment->vaddr;
				alias->paddr = segment->paddr;
			}
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

/* Takes away what repeats memory in count segments from `first` on, which are sorted. How many are left. */
static size_t drop_repeated(struct kd_dump *dump, size_t first, size_t count)
{
	struct kd_segment *segments = dump->segments + first;
	uint64_t end = 0; /* of the memory described so far */
	size_t kept = 0;

	for (size_t i = 0; i < count; i++) {
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
	return kept;
}

/* Whether a segment has bytes in the file where the end of another one has none: sorted ones. */
static bool is_hidden(const struct kd_dump *dump)
{
	uint64_t end = 0;

	for (size_t i = 0; i < dump->segment_count; i++) {
		const struct kd_segment *segment = &dump->segments[i];

		if (segment->file_bytes && segment->paddr < end)
			return true;
		if (segment->file_bytes < segment->memory_bytes &&
		    segment->paddr + segment->memory_bytes > end)
			end = segment->paddr + segment->memory_bytes;
	}
	return false;
}

/* Makes of each segment two: what is in the file, and what is not. */
static enum kd_status split_segments(struct kd_dump *dump, struct kd_err *err)
{
	enum kd_status status = KD_OK;

	for (size_t i = dump->segment_count; i-- && !status;) {
		struct kd_segment rest = dump->segments[i];

		if (!rest.file_bytes || rest.file_bytes == rest.memory_bytes)
			continue;
		dump->segments[i].memory_bytes = rest.file_bytes;
		cut_front(&rest, rest.file_bytes);
		status = kd_segments_add(dump, &rest, err);
	}
	return status;
}

static int by_presence(const void *left, const void *right)
{
	const struct kd_segment *a = left, *b = right;

	if (!a->file_bytes != !b->file_bytes)
		return a->file_bytes ? -1 : 1;
	return by_paddr(left, right);
}

/*
 * Adds what of the segments from `saved` on, none of which is in the file, lies outside the first `saved` ones, and
 * leaves nothing of themselves. All are sorted.
 */
static enum kd_status add_outside(struct kd_dump *dump, size_t saved, struct kd_err *err)
{
	size_t count = dump->segment_count, next = 0;

	for (size_t i = saved; i < count; i++) {
		struct kd_segment rest = dump->segments[i];

		dump->segments[i].memory_bytes = 0;
		while (rest.memory_bytes) {
			const struct kd_segment *over = &dump->segments[next];
			struct kd_segment piece = rest;
			enum kd_status status;

			if (next < saved && over->paddr + over->memory_bytes <= rest.paddr) {
				next++;
				continue;
			}
			if (next < saved && over->paddr <= rest.paddr) {
				uint64_t hidden = over->paddr + over->memory_bytes - rest.paddr;

				cut_front(&rest,
					  hidden < rest.memory_bytes ? hidden : rest.memory_bytes);
				continue;
			}
			if (next < saved && over->paddr - rest.paddr < rest.memory_bytes)
				piece.memory_bytes = over->paddr - rest.paddr;
			status = kd_segments_add(dump, &piece, err);
			if (status)
				return status;
			cut_front(&rest, piece.memory_bytes);
		}
	}
	return KD_OK;
}

/* What is in the file and what follows it and is not become one again; empty ones go. */
static void join_segments(struct kd_dump *dump)
{
	struct kd_segment *segments = dump->segments;
	size_t kept = 0;

	for (size_t i = 0; i < dump->segment_count; i++) {
		struct kd_segment *last = kept ? &segments[kept - 1] : NULL;

		if (!segments[i].memory_bytes)
			continue;
		if (last && !segments[i].file_bytes &&
		    last->paddr + last->memory_bytes == segments[i].paddr &&
		    segments[i].vaddr == (last->vaddr ? last->vaddr + last->memory_bytes : 0))
			last->memory_bytes += segments[i].memory_bytes;
		else
			segments[kept++] = segments[i];
	}
	dump->segment_count = kept;
}

enum kd_status kd_segments_tidy(struct kd_dump *dump, struct kd_err *err)
{
	enum kd_status status;
	size_t saved = 0;

	if (!dump->segment_count) /* then there is no array */
		return KD_OK;
	qsort(dump->segments, dump->segment_count, sizeof(*dump->segments), by_paddr);
	if (!is_hidden(dump)) {
		dump->segment_count = drop_repeated(dump, 0, dump->segment_count);
		return KD_OK;
	}
	status = split_segments(dump, err);
	if (status)
		return status;
	qsort(dump->segments, dump->segment_count, sizeof(*dump->segments), by_presence);
	while (saved < dump->segment_count && dump->segments[saved].file_bytes)
		saved++;
	dump->segment_count = saved + drop_repeated(dump, saved, dump->segment_count - saved);
	for (size_t i = drop_repeated(dump, 0, saved); i < saved; i++)
		dump->segments[i] = (struct kd_segment){.paddr = UINT64_MAX};
	status = add_outside(dump, saved, err);
	if (status)
		return status;
	qsort(dump->segments, dump->segment_count, sizeof(*dump->segments), by_paddr);
	join_segments(dump);
	return KD_OK;
}

size_t kd_segments_after(const struct kd_segment *segments, size_t count, uint64_t paddr)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct kd_segment *segment = &segments[middle];

		if (paddr >= segment->paddr && paddr - segment->paddr >= segment->memory_bytes)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const struct kd_segment *kd_segments_find(const struct kd_segment *segments, size_t count,
					  uint64_t paddr)
{
	size_t found = kd_segments_after(segments, count, paddr);

	return found < count && paddr >= segments[found].paddr ? &segments[found] : NULL;
}
