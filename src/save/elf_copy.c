/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The file is walked once, window by window. Within a window, runs of equal kind (zero pages, others)
 * are found first and then handled as one piece each: a hole costs nothing, a run of data is one
 * write straight out of the mapping.
 */
#include "save/elf_copy.h"

#include "save/zero.h"

enum { PAGE_BYTES = 4096, WRITE_BYTES_MAX = 1 << 20 };

struct copy {
	struct kd_dump *dump;
	struct kd_sink *sink;
	const struct kd_save_options *options;
	struct kd_save_result *result;
	struct kd_sha256 hash;
};

/* Bytes from offset to the next multiple of a page, at most `bytes`. */
static size_t page_rest(uint64_t offset, size_t bytes)
{
	size_t rest = PAGE_BYTES - (size_t)(offset % PAGE_BYTES);

	return rest < bytes ? rest : bytes;
}

static bool piece_is_zero(const uint8_t *data, size_t bytes)
{
	if (bytes == PAGE_BYTES)
		return kd_is_zero(data, bytes);
	for (size_t i = 0; i < bytes; i++)
		if (data[i])
			return false;
	return true;
}

/* The longest run of pages of one kind at the start of data. */
static size_t find_run(uint64_t offset, const uint8_t *data, size_t bytes, bool *zero)
{
	size_t length = page_rest(offset, bytes);

	*zero = piece_is_zero(data, length);
	while (length < bytes && (*zero || length < WRITE_BYTES_MAX)) {
		size_t next = page_rest(offset + length, bytes - length);

		if (piece_is_zero(data + length, next) != *zero)
			break;
		length += next;
	}
	return length;
}

static enum kd_status copy_window(struct copy *copy, uint64_t offset, const uint8_t *data,
				  size_t bytes, struct kd_err *err)
{
	while (bytes) {
		enum kd_status status;
		size_t length;
		bool zero;

		length = find_run(offset, data, bytes, &zero);
		status = zero ? kd_sink_zero(copy->sink, offset, length, err)
			      : kd_sink_write(copy->sink, offset, data, length, err);
		if (status)
			return status;
		if (copy->options->digest)
			kd_sha256_update(&copy->hash, data, length);
		*(zero ? &copy->result->zero_bytes : &copy->result->written_bytes) += length;
		offset += length;
		data += length;
		bytes -= length;
		copy->result->done_bytes = offset;
		if (!kd_progress(copy->options->progress, offset, copy->result->file_bytes))
			return kd_fail(err, KD_SYSTEM, "stopped after %llu MiB",
				       (unsigned long long)(offset >> 20));
	}
	return KD_OK;
}

/* One page that cannot be read: zeros in its place, and a note of it. */
static enum kd_status skip_page(struct copy *copy, uint64_t offset, const struct kd_err *why,
				struct kd_err *err)
{
	static const uint8_t zeros[PAGE_BYTES] __attribute__((aligned(64)));
	struct kd_save_result *result = copy->result;
	uint64_t left = result->file_bytes - offset;
	size_t length = page_rest(offset, left < PAGE_BYTES ? (size_t)left : PAGE_BYTES);

	if (!result->unreadable_pages)
		kd_log(copy->options->log, KD_LOG_WARNING, "unreadable: %s", why->text);
	if (result->unreadable_pages < KD_UNREADABLE_NAMED)
		result->unreadable[result->unreadable_pages] = offset;
	result->unreadable_pages++;
	return copy_window(copy, offset, zeros, length, err);
}

enum kd_status kd_save_elf(struct kd_dump *dump, struct kd_sink *sink,
			   const struct kd_save_options *options, struct kd_save_result *result,
			   struct kd_err *err)
{
	struct copy copy = {
		.dump = dump,
		.sink = sink,
		.options = options,
		.result = result,
	};
	enum kd_status status = KD_OK;

	*result = (struct kd_save_result){.file_bytes = kd_dump_file_bytes(dump)};
	kd_sha256_init(&copy.hash);
	while (!status && result->done_bytes < result->file_bytes) {
		uint64_t offset = result->done_bytes;
		struct kd_err why = {KD_OK, ""};
		const uint8_t *data;
		size_t bytes;

		if (kd_dump_file_window(dump, offset, &data, &bytes, &why))
			status = skip_page(&copy, offset, &why, err);
		else
			status = copy_window(&copy, offset, data, bytes, err);
	}
	if (!status)
		status = kd_sink_end(sink, result->file_bytes, err);
	if (status)
		return status;
	result->complete = true;
	result->has_digest = options->digest;
	if (options->digest)
		kd_sha256_final(&copy.hash, result->digest);
	return KD_OK;
}
