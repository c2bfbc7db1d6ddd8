/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dump/window.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/bytes.h"
#include "host/system.h"

enum { READ_UNIT_BYTES = 4096 };

void kd_windows_init(struct kd_windows *windows, const struct kd_medium *medium,
		     size_t window_bytes, bool by_read)
{
	by_read |= medium->extents != NULL;
	*windows = (struct kd_windows){
		.medium = medium,
		.window_bytes = window_bytes ? window_bytes
				: by_read    ? KD_READ_WINDOW_BYTES
					     : KD_WINDOW_BYTES,
		.by_read = by_read,
	};
}

static void drop(struct kd_windows *windows, unsigned int slot)
{
	if (!windows->slots[slot].data)
		return;
	if (windows->slots[slot].mapped)
		munmap(windows->slots[slot].data, windows->slots[slot].bytes);
	else
		free(windows->slots[slot].data);
	windows->slots[slot].data = NULL;
}

void kd_windows_deinit(struct kd_windows *windows)
{
	for (unsigned int i = 0; i < KD_WINDOWS; i++)
		drop(windows, i);
}

/* Fills a buffer as far as the file allows; what cannot be read ends the window. */
static enum kd_status read_window(struct kd_windows *windows, uint64_t offset, uint8_t *buffer,
				  size_t *bytes, struct kd_err *err)
{
	size_t filled = 0;

	while (filled < *bytes) {
		size_t got;
		enum kd_status status =
			kd_medium_read(windows->medium, offset + filled, buffer + filled,
				       *bytes - filled, &got, filled ? NULL : err);

		if (status && !filled)
			return status;
		if (status)
			break;
		filled += got;
	}
	*bytes = filled;
	return KD_OK;
}

static bool map_window(struct kd_windows *windows, unsigned int slot, uint64_t offset, size_t bytes)
{
	void *data = mmap(NULL, bytes, PROT_READ, MAP_PRIVATE, windows->medium->fd, (off_t)offset);

	if (data == MAP_FAILED)
		return false;
	windows->slots[slot].mapped = true;
	windows->slots[slot].data = data;
	windows->slots[slot].offset = offset;
	windows->slots[slot].bytes = bytes;
	return true;
}

static enum kd_status read_into(struct kd_windows *windows, unsigned int slot, uint64_t offset,
				size_t bytes, struct kd_err *err)
{
	uint8_t *data = malloc(bytes);
	enum kd_status status;

	if (!data)
		return kd_fail_errno(err, ENOMEM, "a window of %zu bytes", bytes);
	status = read_window(windows, offset, data, &bytes, err);
	if (status) {
		free(data);
		return status;
	}
	windows->slots[slot].mapped = false;
	windows->slots[slot].data = data;
	windows->slots[slot].offset = offset;
	windows->slots[slot].bytes = bytes;
	return KD_OK;
}

static bool holds(const struct kd_windows *windows, unsigned int slot, uint64_t offset)
{
	return windows->slots[slot].data && offset >= windows->slots[slot].offset &&
	       offset - windows->slots[slot].offset < windows->slots[slot].bytes;
}

/* The slot whose window has the byte at offset, else the one to use for it: empty, or unused longest. */
static unsigned int choose(const struct kd_windows *windows, uint64_t offset)
{
	unsigned int slot = 0;

	for (unsigned int i = 0; i < KD_WINDOWS; i++)
		if (holds(windows, i, offset))
			return i;
	for (unsigned int i = 0; i < KD_WINDOWS; i++) {
		if (!windows->slots[i].data)
			return i;
		if (windows->slots[i].used < windows->slots[slot].used)
			slot = i;
	}
	return slot;
}

/* The window of that size around offset, up to the end of the file. */
static size_t place(const struct kd_windows *windows, uint64_t offset, size_t window_bytes,
		    uint64_t *start)
{
	*start = kd_round_down(offset, window_bytes);
	return windows->medium->bytes - *start < window_bytes
		       ? (size_t)(windows->medium->bytes - *start)
		       : window_bytes;
}

/*
 * Fills an empty slot with a window that has the byte at offset. What cannot be mapped is read, in small
 * windows, for it may be a little of a large file only: a second kernel refuses to map old memory where it has
 * mapped some itself with other attributes (EAGAIN, from reserve_pfn_range()).
 */
static enum kd_status fill(struct kd_windows *windows, unsigned int slot, uint64_t offset,
			   struct kd_err *err)
{
	size_t window_bytes = windows->window_bytes, length;
	enum kd_status status;
	uint64_t start;

	length = place(windows, offset, window_bytes, &start);
	if (!windows->by_read) {
		if (map_window(windows, slot, start, length))
			return KD_OK;
		if (window_bytes > KD_READ_WINDOW_BYTES)
			window_bytes = KD_READ_WINDOW_BYTES;
		length = place(windows, offset, window_bytes, &start);
	}
	status = read_into(windows, slot, start, length, err);
	if (!status && holds(windows, slot, offset))
		return KD_OK;
	/* the window ends, or fails, before the byte that is wanted */
	drop(windows, slot);
	length -= (size_t)(kd_round_down(offset, READ_UNIT_BYTES) - start);
	return read_into(windows, slot, kd_round_down(offset, READ_UNIT_BYTES), length, err);
}

enum kd_status kd_windows_at(struct kd_windows *windows, uint64_t offset, const uint8_t **data,
			     size_t *bytes, struct kd_err *err)
{
	enum kd_status status = KD_OK;
	unsigned int slot;
	uint64_t start;

	if (offset >= windows->medium->bytes)
		return kd_fail(err, KD_TRUNCATED, "the file ends before byte 0x%llx of it",
			       (unsigned long long)offset);
	slot = choose(windows, offset);
	if (!holds(windows, slot, offset)) {
		drop(windows, slot);
		status = fill(windows, slot, offset, err);
	}
	if (status)
		return status;
	if (!holds(windows, slot, offset))
		return kd_fail(err, KD_TRUNCATED, "nothing could be read at 0x%llx",
			       (unsigned long long)offset);
	windows->slots[slot].used = ++windows->clock;
	start = windows->slots[slot].offset;
	*data = windows->slots[slot].data + (offset - start);
	*bytes = windows->slots[slot].bytes - (size_t)(offset - start);
	return KD_OK;
}

enum kd_status kd_windows_copy(struct kd_windows *windows, uint64_t offset, void *buffer,
			       size_t bytes, struct kd_err *err)
{
	char *to = buffer;

	while (bytes) {
		const uint8_t *data;
		size_t piece;
		enum kd_status status = kd_windows_at(windows, offset, &data, &piece, err);

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
