/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "symfile/buffer.h"

#include <stdlib.h>
#include <string.h>

enum { LEAST_ROOM = 4096, LEB_BITS = 7, LEB_MORE = 0x80 };

void kd_buffer_deinit(struct kd_buffer *buffer)
{
	free(buffer->data);
	*buffer = (struct kd_buffer){.data = NULL};
}

bool kd_buffer_grow(struct kd_buffer *buffer, size_t bytes)
{
	size_t room = buffer->room ? buffer->room : LEAST_ROOM;
	uint8_t *grown = NULL;

	if (!buffer->failed && bytes <= KD_BUFFER_BYTES_MOST - buffer->bytes) {
		while (room - buffer->bytes < bytes)
			room *= 2;
		grown = realloc(buffer->data, room);
	}
	if (!grown) {
		buffer->failed = true;
		return false;
	}
	buffer->data = grown;
	buffer->room = room;
	return true;
}

void kd_put(struct kd_buffer *buffer, const void *data, size_t bytes)
{
	void *space = kd_put_space(buffer, bytes);

	if (space && bytes)
		memcpy(space, data, bytes);
}

static void store(uint8_t *at, uint64_t value, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		at[i] = (uint8_t)(value >> 8 * i);
}

void kd_put_number(struct kd_buffer *buffer, uint64_t value, size_t bytes)
{
	uint8_t *space = kd_put_space(buffer, bytes);

	if (space)
		store(space, value, bytes);
}

size_t kd_put_text(struct kd_buffer *buffer, const char *text)
{
	size_t at = buffer->bytes;

	kd_put(buffer, text, strlen(text) + 1);
	return at;
}

void kd_put_uleb(struct kd_buffer *buffer, uint64_t value)
{
	for (; value >= LEB_MORE; value >>= LEB_BITS)
		kd_put_u8(buffer, (uint8_t)(value | LEB_MORE));
	kd_put_u8(buffer, (uint8_t)value);
}

void kd_put_sleb(struct kd_buffer *buffer, int64_t value)
{
	for (; value < -(LEB_MORE / 2) || value >= LEB_MORE / 2; value >>= LEB_BITS)
		kd_put_u8(buffer, (uint8_t)(value | LEB_MORE));
	kd_put_u8(buffer, (uint8_t)(value & (LEB_MORE - 1)));
}

void kd_put_padding(struct kd_buffer *buffer, size_t start, size_t unit)
{
	while (!buffer->failed && (buffer->bytes - start) % unit)
		kd_put_u8(buffer, 0);
}

void kd_buffer_patch(struct kd_buffer *buffer, size_t at, uint64_t value, size_t bytes)
{
	if (!buffer->failed && bytes <= buffer->bytes && at <= buffer->bytes - bytes)
		store(buffer->data + at, value, bytes);
}
