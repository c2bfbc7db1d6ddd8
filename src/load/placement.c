/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "load/placement.h"

#include "base/bytes.h"

enum { PAGE_BYTES = 4096 };

static unsigned long long kib(uint64_t bytes)
{
	return (bytes + 1023) / 1024;
}

static unsigned long long mib(uint64_t bytes)
{
	return (bytes + (1 << 20) - 1) >> 20;
}

void kd_placement_init(struct kd_placement *placement, uint64_t start, uint64_t bytes)
{
	*placement = (struct kd_placement){
		.start = start,
		.end = start + bytes,
		.bottom = kd_round_up(start, PAGE_BYTES),
		.top = kd_round_down(start + bytes, PAGE_BYTES),
	};
}

uint64_t kd_placement_used(const struct kd_placement *placement)
{
	return placement->bottom - placement->start + (placement->end - placement->top);
}

static enum kd_status too_small(struct kd_placement *placement, const char *what, uint64_t bytes,
				struct kd_err *err)
{
	placement->too_small = true;
	return kd_fail(err, KD_INVALID,
		       "the reservation of %llu MiB has no room for the %s of %llu KiB",
		       mib(placement->end - placement->start), what, kib(bytes));
}

enum kd_status kd_placement_low(struct kd_placement *placement, const char *what, uint64_t bytes,
				uint64_t alignment, uint64_t *paddr, struct kd_err *err)
{
	uint64_t at = kd_round_up(placement->bottom, alignment);
	uint64_t size = kd_round_up(bytes, PAGE_BYTES);

	if (at + size > placement->top)
		return too_small(placement, what, size, err);
	placement->bottom = at + size;
	*paddr = at;
	return KD_OK;
}

enum kd_status kd_placement_high(struct kd_placement *placement, const char *what, uint64_t bytes,
				 uint64_t *paddr, struct kd_err *err)
{
	uint64_t size = kd_round_up(bytes, PAGE_BYTES);

	if (size > placement->top - placement->bottom)
		return too_small(placement, what, size, err);
	placement->top -= size;
	*paddr = placement->top;
	return KD_OK;
}

enum kd_status kd_placement_fixed(struct kd_placement *placement, const char *what, uint64_t paddr,
				  uint64_t bytes, struct kd_err *err)
{
	uint64_t size = kd_round_up(bytes, PAGE_BYTES);

	if (paddr < placement->bottom || paddr + size > placement->top)
		return kd_fail(err, KD_INVALID,
			       "the %s is not relocatable and must lie at 0x%llx-0x%llx, but the "
			       "reservation is 0x%llx-0x%llx; boot with crashkernel=%lluM@%lluM",
			       what, (unsigned long long)paddr,
			       (unsigned long long)(paddr + size - 1),
			       (unsigned long long)placement->start,
			       (unsigned long long)(placement->end - 1),
			       mib(placement->end - placement->start > 2 * size
					   ? placement->end - placement->start
					   : 2 * size),
			       (unsigned long long)(paddr >> 20));
	placement->bottom = paddr + size;
	return KD_OK;
}
