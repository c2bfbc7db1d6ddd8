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
		.sequel = UINT64_MAX,
	};
}

static void drop(struct kd_window_slot *slot)
{
	if (slot->data && slot->data != slot->buffer)
		munmap(slot->data, slot->bytes);
	slot->data = NULL;
}

void kd_windows_deinit(struct kd_windows *windows)
{
	for (unsigned int i = 0; i < KD_WINDOWS; i++) {
		drop(&windows->slots[i]);
		free(windows->slots[i].buffer);
	}
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

static bool map_window(const struct kd_windows *windows, struct kd_window_slot *slot,
		       uint64_t offset, size_t bytes)
{
	void *data = mmap(NULL, bytes, PROT_READ, MAP_PRIVATE, windows->medium->fd, (off_t)offset);

	if (data == MAP_FAILED)
		return false;
	slot->data = data;
	slot->offset = offset;
	slot->bytes = bytes;
	return true;
}

static enum kd_status read_into(struct kd_windows *windows, struct kd_window_slot *slot,
				uint64_t offset, size_t bytes, struct kd_err *err)
{
	enum kd_status status;

	if (slot->room < bytes) {
		free(slot->buffer);
		slot->buffer = malloc(bytes);
		slot->room = slot->buffer ? bytes : 0;
		if (!slot->buffer)
			return kd_fail_errno(err, ENOMEM, "a window of %zu bytes", bytes);
	}
	status = read_window(windows, offset, slot->buffer, &bytes, err);
	if (status)
		return status;
	slot->data = slot->buffer;
	slot->offset = offset;
	slot->bytes = bytes;
	return KD_OK;
}

static bool holds(const struct kd_window_slot *slot, uint64_t offset)
{
	return slot->data && offset >= slot->offset && offset - slot->offset < slot->bytes;
}

/* The slot whose window has the byte at offset, else the one to use for it: empty, or unused longest. */
static struct kd_window_slot *choose(struct kd_windows *windows, uint64_t offset)
{
	struct kd_window_slot *oldest = windows->slots, *end = windows->slots + KD_WINDOWS;

	for (struct kd_window_slot *slot = windows->slots; slot < end; slot++)
		if (holds(slot, offset))
			return slot;
	for (struct kd_window_slot *slot = windows->slots; slot < end; slot++) {
		if (!slot->data)
			return slot;
		if (slot->used < oldest->used)
			oldest = slot;
	}
	return oldest;
}

/* So much of the file from there on, or what it has. */
static size_t up_to_end(const struct kd_windows *windows, uint64_t start, size_t bytes)
{
	const uint64_t left = windows->medium->bytes - start;

	return left < bytes ? (size_t)left : bytes;
}

/* How much to read at once from there: where the last read ended, twice as much as then. */
static size_t read_ahead(const struct kd_windows *windows, uint64_t start, size_t unit)
{
	if (unit != KD_READ_WINDOW_BYTES || start != windows->sequel)
		return unit;
	return 2 * windows->last_read < KD_READ_AHEAD_BYTES ? 2 * windows->last_read
							    : KD_READ_AHEAD_BYTES;
}

/*
 * Fills an empty slot with a window that has the byte at offset. What cannot be mapped is read, in small
 * windows, for it may be a little of a large file only: a second kernel refuses to map old memory where it has
 * mapped some itself with other attributes (EAGAIN, from reserve_pfn_range()).
 */
static enum kd_status fill(struct kd_windows *windows, struct kd_window_slot *slot, uint64_t offset,
			   struct kd_err *err)
{
	size_t unit = windows->window_bytes, length;
	uint64_t start = kd_round_down(offset, unit);
	enum kd_status status;

	if (!windows->by_read) {
		if (map_window(windows, slot, start, up_to_end(windows, start, unit)))
			return KD_OK;
		if (unit > KD_READ_WINDOW_BYTES)
			unit = KD_READ_WINDOW_BYTES;
		start = kd_round_down(offset, unit);
	}
	windows->last_read = read_ahead(windows, start, unit);
	length = up_to_end(windows, start, windows->last_read);
	windows->sequel = start + length;
	status = read_into(windows, slot, start, length, err);
	if (!status && holds(slot, offset))
		return KD_OK;
	/* the window ends, or fails, before the byte that is wanted */
	drop(slot);
	length -= (size_t)(kd_round_down(offset, READ_UNIT_BYTES) - start);
	return read_into(windows, slot, kd_round_down(offset, READ_UNIT_BYTES), length, err);
}

enum kd_status kd_windows_at(struct kd_windows *windows, uint64_t offset, const uint8_t **data,
			     size_t *bytes, struct kd_err *err)
{
	enum kd_status status = KD_OK;
	struct kd_window_slot *slot;
	uint64_t start;

	if (offset >= windows->medium->bytes)
		return kd_fail(err, KD_TRUNCATED, "the file ends before byte 0x%llx of it",
			       (unsigned long long)offset);
	slot = choose(windows, offset);
	if (!holds(slot, offset)) {
		drop(slot);
		status = fill(windows, slot, offset, err);
	}
	if (status)
		return status;
	if (!holds(slot, offset))
		return kd_fail(err, KD_TRUNCATED, "nothing could be read at 0x%llx",
			       (unsigned long long)offset);
	slot->used = ++windows->clock;
	start = slot->offset;
	*data = slot->data + (offset - start);
	*bytes = slot->bytes - (size_t)(offset - start);
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
