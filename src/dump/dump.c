/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dump/dump.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "dump/format.h"
#include "host/system.h"

static const struct kd_format *const formats[] = {
	&kd_format_elf,
};

enum { FORMAT_COUNT = sizeof(formats) / sizeof(*formats), MAGIC_BYTES = 16 };

static enum kd_status open_file(struct kd_dump *dump, struct kd_err *err)
{
	struct stat st;
	off_t end;

	/* O_NONBLOCK: a fifo would wait for its writer; it does not matter to a file */
	dump->fd = open(dump->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (dump->fd < 0)
		return kd_fail_errno(err, errno, "opening");
	if (fstat(dump->fd, &st))
		return kd_fail_errno(err, errno, "reading its size");
	if (S_ISDIR(st.st_mode))
		return kd_fail(err, KD_UNSUPPORTED, "a folder, not a dump");
	if (!S_ISREG(st.st_mode) && !S_ISBLK(st.st_mode))
		return kd_fail(err, KD_UNSUPPORTED,
			       "not a file or block device: a dump is read at any offset");
	dump->file_bytes = (uint64_t)st.st_size;
	if (S_ISBLK(st.st_mode)) {
		end = lseek(dump->fd, 0, SEEK_END);
		if (end < 0)
			return kd_fail_errno(err, errno, "reading its size");
		dump->file_bytes = (uint64_t)end;
	}
	return KD_OK;
}

static enum kd_status recognize(struct kd_dump *dump, struct kd_err *err)
{
	char magic[MAGIC_BYTES] = {0};
	size_t bytes = dump->file_bytes < sizeof(magic) ? (size_t)dump->file_bytes : sizeof(magic);
	enum kd_status status;

	if (!bytes)
		return kd_fail(err, KD_TRUNCATED, "the file is empty");
	status = kd_dump_read_file(dump, 0, magic, bytes, err);
	if (status)
		return status;
	for (int i = 0; i < FORMAT_COUNT; i++)
		if (!memcmp(magic, formats[i]->magic, formats[i]->magic_bytes)) {
			dump->format = formats[i];
			return formats[i]->open(dump, err);
		}
	return kd_fail(err, KD_UNSUPPORTED, "not a dump that kdump can read (an ELF core)");
}

/* How much of the pages that the headers promise lies past the end of the file. */
static uint64_t count_missing(const struct kd_dump *dump)
{
	uint64_t missing = 0;

	for (size_t i = 0; i < dump->segment_count; i++) {
		const struct kd_segment *segment = &dump->segments[i];
		uint64_t there = segment->file_offset < dump->file_bytes
					 ? dump->file_bytes - segment->file_offset
					 : 0;

		if (there < segment->file_bytes &&
		    !kd_add(missing, segment->file_bytes - there, &missing))
			return UINT64_MAX;
	}
	return missing;
}

static enum kd_status check_window(size_t bytes, struct kd_err *err)
{
	if (bytes && (bytes & (bytes - 1) || bytes < (size_t)sysconf(_SC_PAGESIZE)))
		return kd_fail(err, KD_INVALID,
			       "a window of %zu bytes is no power of two of at least a page",
			       bytes);
	return KD_OK;
}

enum kd_status kd_dump_open(const char *path, const struct kd_dump_options *options,
			    struct kd_dump **dump, struct kd_err *err)
{
	size_t window_bytes = options ? options->window_bytes : 0;
	struct kd_dump *made = NULL;
	enum kd_status status;

	status = check_window(window_bytes, err);
	if (status)
		return kd_context(err, status, "%s", path);
	made = calloc(1, sizeof(*made));
	if (!made)
		return kd_fail_errno(err, ENOMEM, "%s", path);
	made->fd = -1;
	made->path = strdup(path);
	status = made->path ? open_file(made, err) : kd_fail_errno(err, ENOMEM, "opening");
	if (!status) {
		kd_windows_init(&made->windows, made->fd, made->file_bytes, window_bytes);
		made->windows.by_read = options && options->by_read;
		status = recognize(made, err);
	}
	if (status) {
		kd_dump_close(made);
		return kd_context(err, status, "%s", path);
	}
	made->missing_bytes = count_missing(made);
	*dump = made;
	return KD_OK;
}

void kd_dump_close(struct kd_dump *dump)
{
	if (!dump)
		return;
	kd_windows_deinit(&dump->windows);
	if (dump->fd >= 0)
		close(dump->fd);
	free(dump->segments);
	free(dump->notes);
	free(dump->note_bytes);
	free(dump->headers);
	free(dump->path);
	free(dump);
}

const char *kd_dump_path(const struct kd_dump *dump)
{
	return dump->path;
}

const char *kd_dump_format(const struct kd_dump *dump)
{
	return dump->format->name;
}

const struct kd_arch *kd_dump_arch(const struct kd_dump *dump)
{
	return dump->arch;
}

uint64_t kd_dump_file_bytes(const struct kd_dump *dump)
{
	return dump->file_bytes;
}

uint64_t kd_dump_missing_bytes(const struct kd_dump *dump)
{
	return dump->missing_bytes;
}

const struct kd_segment *kd_dump_segments(const struct kd_dump *dump, size_t *count)
{
	*count = dump->segment_count;
	return dump->segments;
}

const struct kd_note *kd_dump_notes(const struct kd_dump *dump, size_t *count)
{
	*count = dump->note_count;
	return dump->notes;
}

const char *kd_dump_vmcoreinfo(const struct kd_dump *dump, size_t *bytes)
{
	*bytes = dump->vmcoreinfo_bytes;
	return dump->vmcoreinfo;
}

const void *kd_dump_headers(const struct kd_dump *dump, size_t *bytes)
{
	*bytes = dump->header_bytes;
	return dump->headers;
}

enum kd_status kd_dump_file_window(struct kd_dump *dump, uint64_t offset, const uint8_t **data,
				   size_t *bytes, struct kd_err *err)
{
	return kd_windows_at(&dump->windows, offset, data, bytes, err);
}

enum kd_status kd_dump_read_file(struct kd_dump *dump, uint64_t offset, void *buffer, size_t bytes,
				 struct kd_err *err)
{
	char *to = buffer;

	while (bytes) {
		const uint8_t *data;
		size_t piece;
		enum kd_status status = kd_windows_at(&dump->windows, offset, &data, &piece, err);

		if (status)
			return status;
		if (piece > bytes)
			piece = bytes;
		memcpy(to, data, piece);
		to += piece;
		offset += piece;
		bytes -= piece;
	}
	return KD_OK;
}

enum kd_status kd_dump_window(struct kd_dump *dump, uint64_t paddr, const void **data,
			      size_t *bytes, struct kd_err *err)
{
	const struct kd_segment *segment =
		kd_segments_find(dump->segments, dump->segment_count, paddr);
	uint64_t into, left;
	const uint8_t *at;
	size_t piece;
	enum kd_status status;

	if (!segment)
		return kd_fail(err, KD_HOLE, "physical address 0x%llx: no RAM there",
			       (unsigned long long)paddr);
	into = paddr - segment->paddr;
	if (into >= segment->file_bytes)
		return kd_fail(err, KD_EXCLUDED,
			       "physical address 0x%llx: RAM, but left out of the dump",
			       (unsigned long long)paddr);
	left = segment->file_bytes - into;
	status = kd_windows_at(&dump->windows, segment->file_offset + into, &at, &piece, err);
	if (status)
		return kd_context(err, status, "physical address 0x%llx",
				  (unsigned long long)paddr);
	*data = at;
	*bytes = piece < left ? piece : (size_t)left;
	return KD_OK;
}

enum kd_status kd_dump_read(struct kd_dump *dump, uint64_t paddr, void *buffer, size_t bytes,
			    struct kd_err *err)
{
	char *to = buffer;

	while (bytes) {
		const void *data;
		size_t piece;
		enum kd_status status = kd_dump_window(dump, paddr, &data, &piece, err);

		if (status)
			return status;
		if (piece > bytes)
			piece = bytes;
		memcpy(to, data, piece);
		to += piece;
		bytes -= piece;
		if (bytes && !kd_add(paddr, piece, &paddr))
			return kd_fail(err, KD_HOLE, "past the end of the address space");
	}
	return KD_OK;
}
