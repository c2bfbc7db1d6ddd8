/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Flattened dumps: a dump as a stream, for pipes (makedumpfile -F; its makedumpfile.h,
 * struct makedumpfile_header and makedumpfile_data_header). A block of 4096 bytes with a signature,
 * then records: an offset and a size, 64-bit big-endian, and so many bytes that belong at that offset;
 * at the end a record of offset and size -1. A later record overwrites an earlier one.
 *
 * Read in place: the records are indexed once, which touches their headers only. Mostly they come in
 * order, or in two orders that alternate (descriptors and data). All are sorted by offset, and where two
 * overlap the later one wins: a heap gives the records by offset; the piece that loses is cut, and what
 * is left of it behind the winner goes back into the heap.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "dump/medium.h"
#include "host/system.h"

static const char signature[] = "makedumpfile";

enum {
	HEADER_BYTES = 4096,
	RECORD_BYTES = 16,
	FLAT_TYPE = 1,
	FLAT_VERSION = 1,
	RECORD_LIMIT = 1 << 26,
	/* pieces of records that may be taken for each record: overlaps are few in honest files */
	TANGLE = 4,
};

struct record {
	struct kd_extent extent;
	uint64_t number; /* in the file: the later one wins */
};

struct index {
	struct record *records; /* a heap by offset, then by number falling */
	size_t count, room;
};

bool kd_is_flattened(const void *magic, size_t bytes)
{
	return bytes >= sizeof(signature) && !memcmp(magic, signature, sizeof(signature));
}

static bool comes_before(const struct record *a, const struct record *b)
{
	if (a->extent.offset != b->extent.offset)
		return a->extent.offset < b->extent.offset;
	return a->number > b->number;
}

static void sink_down(struct index *index, size_t at)
{
	struct record moved = index->records[at];

	for (;;) {
		size_t child = 2 * at + 1;

		if (child >= index->count)
			break;
		if (child + 1 < index->count &&
		    comes_before(&index->records[child + 1], &index->records[child]))
			child++;
		if (!comes_before(&index->records[child], &moved))
			break;
		index->records[at] = index->records[child];
		at = child;
	}
	index->records[at] = moved;
}

/* Puts a piece of the record at the top in its place. */
static void replace_top(struct index *index, const struct record *record)
{
	index->records[0] = *record;
	sink_down(index, 0);
}

static void drop_top(struct index *index)
{
	index->records[0] = index->records[--index->count];
	if (index->count)
		sink_down(index, 0);
}

static enum kd_status add_record(struct index *index, const struct record *record,
				 struct kd_err *err)
{
	if (index->count == index->room) {
		size_t room = index->room ? 2 * index->room : 1024;
		struct record *grown = realloc(index->records, room * sizeof(*grown));

		if (!grown)
			return kd_fail_errno(err, ENOMEM, "an index of %zu records", room);
		index->records = grown;
		index->room = room;
	}
	index->records[index->count++] = *record;
	return KD_OK;
}

static enum kd_status read_header(const struct kd_medium *medium, struct kd_err *err)
{
	uint8_t header[RECORD_BYTES + RECORD_BYTES];
	struct kd_bytes reader = kd_bytes(header, sizeof(header));
	enum kd_status status;
	size_t got;

	reader.big_endian = true;
	status = kd_medium_read(medium, 0, header, sizeof(header), &got, err);
	if (status)
		return status;
	if (got < sizeof(header) || medium->file_bytes < HEADER_BYTES)
		return kd_fail(err, KD_TRUNCATED, "flattened, and cut within its first block");
	kd_bytes_seek(&reader, RECORD_BYTES);
	if (kd_bytes_u64(&reader) != FLAT_TYPE || kd_bytes_u64(&reader) != FLAT_VERSION)
		return kd_fail(err, KD_UNSUPPORTED, "flattened, of an unknown type or version");
	return KD_OK;
}

/* Reads all records' headers; medium->cut when the end mark is missing. */
static enum kd_status read_records(struct kd_medium *medium, struct index *index,
				   struct kd_err *err)
{
	uint64_t at = HEADER_BYTES;

	medium->cut = true;
	for (uint64_t number = 0; medium->file_bytes - at >= RECORD_BYTES; number++) {
		uint8_t header[RECORD_BYTES];
		struct kd_bytes reader = kd_bytes(header, sizeof(header));
		struct record record = {.number = number};
		uint64_t left, end;
		enum kd_status status;
		size_t got;

		reader.big_endian = true;
		status = kd_medium_read(medium, at, header, sizeof(header), &got, err);
		if (status)
			return status;
		if (got < sizeof(header))
			break;
		record.extent.offset = kd_bytes_u64(&reader);
		record.extent.bytes = kd_bytes_u64(&reader);
		if (record.extent.offset == UINT64_MAX && record.extent.bytes == UINT64_MAX) {
			medium->cut = false;
			break;
		}
		if (number >= RECORD_LIMIT)
			return kd_fail(err, KD_UNSUPPORTED, "flattened in more than %d records",
				       RECORD_LIMIT);
		at += RECORD_BYTES;
		left = medium->file_bytes - at;
		if (!kd_add(record.extent.offset, record.extent.bytes, &end) || end > INT64_MAX ||
		    record.extent.bytes > INT64_MAX)
			return kd_fail(err, KD_CORRUPT,
				       "flattened, record %llu: %llu bytes at offset 0x%llx",
				       (unsigned long long)number,
				       (unsigned long long)record.extent.bytes,
				       (unsigned long long)record.extent.offset);
		record.extent.file_offset = at;
		if (record.extent.bytes > left)
			record.extent.bytes = left;
		at += record.extent.bytes;
		if (record.extent.bytes) {
			status = add_record(index, &record, err);
			if (status)
				return status;
		}
	}
	return KD_OK;
}

static void cut_front(struct record *record, uint64_t bytes)
{
	record->extent.offset += bytes;
	record->extent.file_offset += bytes;
	record->extent.bytes -= bytes;
}

/*
 * Takes the records by offset into medium->extents. `number` of the extent taken last is kept, for the
 * next one may overlap it: then one of them is cut.
 */
static enum kd_status put_in_order(struct kd_medium *medium, struct index *index,
				   struct kd_err *err)
{
	size_t room = TANGLE * index->count + 1, count = 0;
	struct kd_extent *extents = malloc(room * sizeof(*extents));
	uint64_t last_number = 0, end = 0;

	if (!extents)
		return kd_fail_errno(err, ENOMEM, "an index of %zu records", index->count);
	medium->extents = extents;
	for (size_t i = index->count; i-- > 0;)
		sink_down(index, i);
	for (size_t pieces = 0; index->count; pieces++) {
		struct record record = index->records[0];

		if (pieces >= room || count + 1 >= room)
			return kd_fail(err, KD_CORRUPT, "flattened: its records overlap too often");
		if (count && record.extent.offset < end && record.number < last_number) {
			uint64_t hidden = end - record.extent.offset;

			if (hidden >= record.extent.bytes) {
				drop_top(index);
			} else {
				cut_front(&record, hidden);
				replace_top(index, &record);
			}
			continue;
		}
		if (count && record.extent.offset < end) { /* and later: it hides the last one */
			struct kd_extent *last = &extents[count - 1];
			struct record rest = {*last, last_number};
			uint64_t record_end = record.extent.offset + record.extent.bytes;

			last->bytes = record.extent.offset - last->offset;
			if (!last->bytes)
				count--;
			if (end > record_end) {
				cut_front(&rest, record_end - rest.extent.offset);
				replace_top(index, &rest);
			} else {
				drop_top(index);
			}
		} else {
			drop_top(index);
		}
		extents[count++] = record.extent;
		last_number = record.number;
		end = record.extent.offset + record.extent.bytes;
	}
	medium->extent_count = count;
	medium->bytes = end;
	return KD_OK;
}

enum kd_status kd_flattened_index(struct kd_medium *medium, struct kd_err *err)
{
	struct index index = {0};
	enum kd_status status;

	status = read_header(medium, err);
	if (!status)
		status = read_records(medium, &index, err);
	if (!status && !index.count)
		status = kd_fail(err, KD_TRUNCATED, "flattened, and without a single record");
	if (!status)
		status = put_in_order(medium, &index, err);
	free(index.records);
	return status;
}
