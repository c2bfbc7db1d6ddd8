/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "save/reserve.h"

#include <assert.h>
#include <errno.h>
#include <sys/mman.h>

#include "base/bytes.h"
#include "host/system.h"

enum { CACHE_LINE_BYTES = 64 };

size_t kd_reserve_bytes(size_t bytes)
{
	return (size_t)kd_round_up(bytes, CACHE_LINE_BYTES);
}

enum kd_status kd_reserve_open(struct kd_reserve *reserve, size_t bytes, struct kd_err *err)
{
	void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	if (memory == MAP_FAILED)
		return kd_fail_errno(err, errno, "%zu bytes to work in", bytes);
	*reserve = (struct kd_reserve){.memory = memory, .bytes = bytes};
	return KD_OK;
}

void kd_reserve_close(struct kd_reserve *reserve)
{
	if (reserve->memory)
		munmap(reserve->memory, reserve->bytes);
}

void *kd_reserve_take(struct kd_reserve *reserve, size_t bytes)
{
	uint8_t *piece = reserve->memory + reserve->used;

	reserve->used += kd_reserve_bytes(bytes);
	assert(reserve->used <= reserve->bytes);
	return piece;
}
