/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Finding room in the reservation. */
#ifndef KD_LOAD_PLACEMENT_H
#define KD_LOAD_PLACEMENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "load/image.h"

/*
 * The reservation, taken from both ends: the kernel from the bottom, the rest from the top, so that
 * one piece of free memory remains in between for the second kernel.
 */
struct kd_placement {
	uint64_t start, end;  /* what is reserved */
	uint64_t bottom, top; /* what is still free of it */
	bool too_small;       /* something did not fit */
};

void kd_placement_init(struct kd_placement *placement, uint64_t start, uint64_t bytes);

/* What has been given away so far, gaps of alignment included. */
uint64_t kd_placement_used(const struct kd_placement *placement);

/*
 * At the lowest free multiple of alignment. KD_INVALID when it does not fit, with a message about this
 * piece alone: who knows of all pieces can say how much is missing (segments.c does).
 */
enum kd_status kd_placement_low(struct kd_placement *placement, const char *what, uint64_t bytes,
				uint64_t alignment, uint64_t *paddr, struct kd_err *err);
/* At the highest free page. */
enum kd_status kd_placement_high(struct kd_placement *placement, const char *what, uint64_t bytes,
				 uint64_t *paddr, struct kd_err *err);
/* Exactly there; the error names the range that a reservation must cover. */
enum kd_status kd_placement_fixed(struct kd_placement *placement, const char *what, uint64_t paddr,
				  uint64_t bytes, struct kd_err *err);

#endif
