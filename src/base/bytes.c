/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/bytes.h"

const void *kd_bytes_take(struct kd_bytes *bytes, size_t count)
{
	const void *here = bytes->data + bytes->at;

	if (bytes->overrun || count > kd_bytes_left(bytes)) {
		bytes->overrun = true;
		return NULL;
	}
	bytes->at += count;
	return here;
}

void kd_bytes_seek(struct kd_bytes *bytes, uint64_t offset)
{
	if (offset > bytes->size)
		bytes->overrun = true;
	else
		bytes->at = (size_t)offset;
}

static uint64_t take_number(struct kd_bytes *bytes, size_t count)
{
	const uint8_t *at = kd_bytes_take(bytes, count);
	uint64_t value = 0;

	if (!at)
		return 0;
	for (size_t i = 0; i < count; i++)
		value = value << 8 | at[bytes->big_endian ? i : count - 1 - i];
	return value;
}

uint8_t kd_bytes_u8(struct kd_bytes *bytes)
{
	return (uint8_t)take_number(bytes, 1);
}

uint16_t kd_bytes_u16(struct kd_bytes *bytes)
{
	return (uint16_t)take_number(bytes, 2);
}

uint32_t kd_bytes_u32(struct kd_bytes *bytes)
{
	return (uint32_t)take_number(bytes, 4);
}

uint64_t kd_bytes_u64(struct kd_bytes *bytes)
{
	return take_number(bytes, 8);
}
