/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dump/reader.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "codec/codec.h"
#include "dump/format.h"
#include "host/system.h"

/* So much goes past the windows of a file, to the buffer at once: struct pages do. */
enum { PAST_WINDOWS_BYTES = KD_READ_WINDOW_BYTES };

/*
 * What is on a file system is read: copying out of the page cache costs less than mapping its pages, and
 * a bad block is an error, not a signal.
 */
static void init_windows(const struct kd_dump *dump, const struct kd_medium *medium,
			 struct kd_windows *windows)
{
	kd_windows_init(windows, medium, dump->options.window_bytes,
			dump->options.access == KD_ACCESS_READ ||
				(dump->options.access == KD_ACCESS_AUTO && !medium->is_proc));
}

enum kd_status kd_reader_open(struct kd_dump *dump, struct kd_reader **reader, struct kd_err *err)
{
	struct kd_reader *made = calloc(1, sizeof(*made));

	if (!made)
		return kd_fail_errno(err, ENOMEM, "%s", kd_dump_path(dump));
	made->dump = dump;
	init_windows(dump, &dump->medium, &made->windows);
	*reader = made;
	return KD_OK;
}

void kd_reader_close(struct kd_reader *reader)
{
	if (!reader)
		return;
	kd_windows_deinit(&reader->windows);
	for (size_t i = 0; reader->members && i < reader->dump->member_count; i++)
		kd_windows_deinit(&reader->members[i]);
	free(reader->members);
	for (int i = 0; i < KD_DECODERS; i++) {
		if (reader->decoders[i].codec)
			reader->decoders[i].codec->decoder_deinit(reader->decoders[i].memory);
		free(reader->decoders[i].memory);
	}
	free(reader->pages);
	free(reader->packed);
	free(reader);
}

struct kd_dump *kd_reader_dump(const struct kd_reader *reader)
{
	return reader->dump;
}

enum kd_status kd_reader_window(struct kd_reader *reader, uint64_t paddr, const uint8_t **data,
				size_t *bytes, struct kd_err *err)
{
	return reader->dump->format->window(reader, paddr, data, bytes, err);
}

enum kd_status kd_reader_stream(struct kd_reader *reader, uint64_t paddr, size_t want,
				uint8_t *buffer, const uint8_t **data, size_t *bytes,
				struct kd_err *err)
{
	return reader->dump->format->stream(reader, paddr, want, buffer, data, bytes, err);
}

enum kd_status kd_reader_present(struct kd_reader *reader, uint64_t pfn, unsigned int count,
				 uint64_t *bits, struct kd_err *err)
{
	return reader->dump->format->present(reader, pfn, count, bits, err);
}

enum kd_status kd_reader_read(struct kd_reader *reader, uint64_t paddr, void *buffer, size_t bytes,
			      struct kd_err *err)
{
	uint8_t *to = buffer;

	while (bytes) {
		const uint8_t *data;
		size_t piece;
		enum kd_status status =
			bytes < PAST_WINDOWS_BYTES
				? kd_reader_window(reader, paddr, &data, &piece, err)
				: kd_reader_stream(reader, paddr, bytes, to, &data, &piece, err);

		if (status)
			return status;
		if (piece > bytes)
			piece = bytes;
		if (data != to)
			memcpy(to, data, piece);
		to += piece;
		bytes -= piece;
		if (bytes && !kd_add(paddr, piece, &paddr))
			return kd_fail(err, KD_HOLE, "past the end of the address space");
	}
	return KD_OK;
}

enum kd_status kd_reader_member(struct kd_reader *reader, size_t member,
				struct kd_windows **windows, struct kd_err *err)
{
	const struct kd_dump *dump = reader->dump;

	if (!reader->members) {
		reader->members = calloc(dump->member_count, sizeof(*reader->members));
		if (!reader->members)
			return kd_fail_errno(err, ENOMEM, "windows");
		for (size_t i = 0; i < dump->member_count; i++)
			init_windows(dump, dump->members[i].medium, &reader->members[i]);
	}
	*windows = &reader->members[member];
	return KD_OK;
}

enum kd_status kd_reader_copy(struct kd_reader *reader, uint64_t offset, void *buffer, size_t bytes,
			      struct kd_err *err)
{
	return kd_windows_copy(&reader->windows, offset, buffer, bytes, err);
}
