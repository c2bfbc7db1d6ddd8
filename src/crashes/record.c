/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "crashes/record.h"

#include <errno.h>
#include <inttypes.h>
#include <libdeflate.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/file.h"
#include "host/system.h"

enum {
	RECORDS_MOST = 4096,
	TOTAL_BYTES_MOST = 1 << 20,
	HEADER_BYTES_MOST = 96,
	PACKING_LEVEL = 9, /* above it libdeflate takes megabytes */
};

static const char *const names[KD_RECORD_KINDS] = {
	[KD_RECORD_SUMMARY] = "summary",
	[KD_RECORD_LOG] = "log",
	[KD_RECORD_REPORT] = "report",
};

const char *kd_record_kind_name(enum kd_record_kind kind)
{
	return (unsigned int)kind < KD_RECORD_KINDS ? names[kind] : NULL;
}

size_t kd_record_format(const struct kd_record_source *source, size_t offset, size_t bytes,
			char *buffer, size_t room)
{
	char header[HEADER_BYTES_MOST];
	int length = snprintf(header, sizeof(header), "kdump %s %" PRIu64 " %zu %zu %zu\n",
			      names[source->kind], source->id, offset, source->total_bytes, bytes);

	if (length < 0 || (size_t)length + bytes > room)
		return 0;
	memcpy(buffer, header, (size_t)length);
	memcpy(buffer + length, source->text + offset, bytes);
	return (size_t)length + bytes;
}

size_t kd_record_deflate(const void *data, size_t bytes, void *packed, size_t room)
{
	struct libdeflate_compressor *compressor = libdeflate_alloc_compressor(PACKING_LEVEL);
	size_t stored;

	if (!compressor)
		return 0;
	stored = libdeflate_deflate_compress(compressor, data, bytes, packed, room);
	libdeflate_free_compressor(compressor);
	return stored;
}

size_t kd_record_inflate(const void *packed, size_t packed_bytes, void *data, size_t room)
{
	struct libdeflate_decompressor *decompressor = libdeflate_alloc_decompressor();
	size_t bytes = 0;

	if (!decompressor)
		return 0;
	if (libdeflate_deflate_decompress(decompressor, packed, packed_bytes, data, room, &bytes) !=
	    LIBDEFLATE_SUCCESS)
		bytes = 0;
	libdeflate_free_decompressor(decompressor);
	return bytes;
}

/* Reads "kdump KIND ID OFFSET TOTAL BYTES\n"; the length of the line, 0 when it is none. */
static size_t parse_header(const char *data, size_t bytes, struct kd_record *record)
{
	char line[HEADER_BYTES_MOST], kind[16];
	unsigned int offset, total, length;
	const char *end = memchr(data, '\n', bytes < sizeof(line) ? bytes : sizeof(line));
	uint64_t id;

	if (!end)
		return 0;
	memcpy(line, data, (size_t)(end - data));
	line[end - data] = '\0';
	if (sscanf(line, "kdump %15[a-z] %" SCNu64 " %7u %7u %7u", kind, &id, &offset, &total,
		   &length) != 5)
		return 0;
	if (total > TOTAL_BYTES_MOST || offset > total || length > total - offset || !length)
		return 0;
	for (int i = 0; i < KD_RECORD_KINDS; i++) {
		if (strcmp(kind, names[i]))
			continue;
		*record = (struct kd_record){
			.kind = (enum kd_record_kind)i,
			.id = id,
			.offset = offset,
			.total_bytes = total,
			.bytes = length,
		};
		return (size_t)(end - data) + 1;
	}
	return 0;
}

static enum kd_status add(struct kd_records *records, const struct kd_record *found,
			  const char *text, struct kd_err *err)
{
	struct kd_record *grown;

	if (records->count == RECORDS_MOST)
		return KD_OK; /* nobody wrote so many */
	grown = reallocarray(records->items, records->count + 1, sizeof(*grown));
	if (!grown)
		return kd_fail_errno(err, ENOMEM, "records");
	records->items = grown;
	grown[records->count] = *found;
	grown[records->count].text = malloc(found->bytes);
	if (!grown[records->count].text)
		return kd_fail_errno(err, ENOMEM, "records");
	memcpy(grown[records->count].text, text, found->bytes);
	records->count++;
	return KD_OK;
}

enum kd_status kd_records_add(struct kd_records *records, const char *data, size_t bytes,
			      size_t *ours, struct kd_err *err)
{
	enum kd_status status = KD_OK;
	bool line_start = true;

	*ours = 0;
	for (size_t at = 0; at < bytes && !status;) {
		struct kd_record record;
		size_t header = line_start ? parse_header(data + at, bytes - at, &record) : 0;

		if (!header) {
			line_start = data[at++] == '\n';
			continue;
		}
		if (record.bytes > bytes - at - header)
			record.bytes = bytes - at - header; /* cut */
		if (record.bytes)
			status = add(records, &record, data + at + header, err);
		at += header + record.bytes;
		*ours += header + record.bytes;
		line_start = true; /* the next record follows at once */
	}
	return status;
}

void kd_records_deinit(struct kd_records *records)
{
	for (size_t i = 0; i < records->count; i++)
		free(records->items[i].text);
	free(records->items);
	*records = (struct kd_records){0};
}

/* Of the records of this text, that which begins first at or behind `from`, or reaches over it. */
static const struct kd_record *next_piece(const struct kd_records *records, uint64_t id,
					  enum kd_record_kind kind, size_t from)
{
	const struct kd_record *best = NULL;

	for (size_t i = 0; i < records->count; i++) {
		const struct kd_record *record = &records->items[i];

		if (record->id != id || record->kind != kind ||
		    record->offset + record->bytes <= from)
			continue;
		if (!best || record->offset < best->offset)
			best = record;
	}
	return best;
}

enum kd_status kd_records_join(const struct kd_records *records, uint64_t id,
			       enum kd_record_kind kind, char **text, size_t *bytes,
			       struct kd_err *err)
{
	const struct kd_record *piece = next_piece(records, id, kind, 0);
	char *joined = NULL;
	size_t at = 0, total, joined_bytes;
	FILE *stream;

	if (!piece)
		return kd_fail(err, KD_NOTFOUND, "%s: no record of it", names[kind]);
	stream = open_memstream(&joined, &joined_bytes);
	if (!stream)
		return kd_fail_errno(err, ENOMEM, "records");
	for (total = piece->total_bytes; piece; piece = next_piece(records, id, kind, at)) {
		size_t skip =
			piece->offset < at ? at - piece->offset : 0; /* stands there already */

		if (piece->offset > at)
			fprintf(stream, "[%zu bytes are missing]\n", piece->offset - at);
		fwrite(piece->text + skip, 1, piece->bytes - skip, stream);
		at = piece->offset + piece->bytes;
	}
	if (at < total)
		fprintf(stream, "\n[%zu bytes are missing]\n", total - at);
	if (fclose(stream)) {
		free(joined);
		return kd_fail_errno(err, ENOMEM, "records");
	}
	*text = joined;
	*bytes = joined_bytes;
	return KD_OK;
}
