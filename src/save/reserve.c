/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "save/reserve.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/bytes.h"
#include "host/system.h"

enum { CACHE_LINE_BYTES = 64, HUGE_PAGE_BYTES = 2 << 20 };

size_t kd_reserve_bytes(size_t bytes)
{
	return (size_t)kd_round_up(bytes, CACHE_LINE_BYTES);
}

/* So many bytes of address space that begin at a huge page; MAP_FAILED. */
static void *map_aligned(size_t bytes)
{
	uint8_t *space = mmap(NULL, bytes + HUGE_PAGE_BYTES, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	size_t before;

	if (space == MAP_FAILED)
		return space;
	before = -(uintptr_t)space % HUGE_PAGE_BYTES;
	if (before)
		munmap(space, before);
	munmap(space + before + bytes, HUGE_PAGE_BYTES - before);
	return space + before;
}

/*
 * In huge pages as far as they are to be had: few faults, and few entries of the TLB for tables and buffers.
 * Nothing lies behind the last, so that it takes no more memory than was asked for.
 */
enum kd_status kd_reserve_open(struct kd_reserve *reserve, size_t bytes, struct kd_err *err)
{
	const size_t mapped = (size_t)kd_round_up(bytes, (uint64_t)sysconf(_SC_PAGESIZE));
	void *memory = map_aligned(mapped);

	if (memory == MAP_FAILED)
		return kd_fail_errno(err, errno, "%zu bytes to work in", bytes);
	*reserve = (struct kd_reserve){.memory = memory, .bytes = mapped};
	madvise(memory, mapped, MADV_HUGEPAGE); /* a kernel without them has small ones */
	if (!madvise(memory, mapped, MADV_POPULATE_WRITE))
		return KD_OK;
	if (errno == EINVAL) { /* before Linux 5.14 (4ca9b3859dac) */
		memset(memory, 0, mapped);
		return KD_OK;
	}
	return kd_fail_errno(err, errno, "%zu bytes to work in", bytes);
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
