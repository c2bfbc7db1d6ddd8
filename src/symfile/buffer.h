/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bytes that grow as they are written: little-endian numbers, and the variable-length numbers of DWARF (version 5,
 * 7.6). Writing never fails by itself: without memory a buffer stays as it is and says so in `failed`, which
 * is looked at once, in the end.
 */
#ifndef KD_SYMFILE_BUFFER_H
#define KD_SYMFILE_BUFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { KD_BUFFER_BYTES_MOST = 1 << 30 };

struct kd_buffer {
	uint8_t *data; /* its own */
	size_t bytes, room;
	bool failed;
};

void kd_buffer_deinit(struct kd_buffer *buffer);

/* Makes room for so many bytes more; false, and `failed` set, when there is no memory. */
bool kd_buffer_grow(struct kd_buffer *buffer, size_t bytes);

/* Room for so many bytes more, counted as written: NULL when there is no memory. Most of them come one by one. */
static inline void *kd_put_space(struct kd_buffer *buffer, size_t bytes)
{
	void *space;

	if (buffer->failed ||
	    (buffer->room - buffer->bytes < bytes && !kd_buffer_grow(buffer, bytes)))
		return NULL;
	space = buffer->data + buffer->bytes;
	buffer->bytes += bytes;
	return space;
}

void kd_put(struct kd_buffer *buffer, const void *data, size_t bytes);
void kd_put_number(struct kd_buffer *buffer, uint64_t value, size_t bytes);
/* With its NUL; returns where it begins. */
size_t kd_put_text(struct kd_buffer *buffer, const char *text);
void kd_put_uleb(struct kd_buffer *buffer, uint64_t value);
void kd_put_sleb(struct kd_buffer *buffer, int64_t value);
/* Up to a multiple of `unit` bytes from `start` on. */
void kd_put_padding(struct kd_buffer *buffer, size_t start, size_t unit);
/* Writes over what is there already. */
void kd_buffer_patch(struct kd_buffer *buffer, size_t at, uint64_t value, size_t bytes);

static inline void kd_put_u8(struct kd_buffer *buffer, uint8_t value)
{
	uint8_t *space = kd_put_space(buffer, 1);

	if (space)
		*space = value;
}

#endif
