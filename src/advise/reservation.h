/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How much memory must be reserved for the second kernel, from what would be loaded.
 *
 * Three moments can each be the one that decides: the loading, when everything must lie in the reservation beside
 * the room in which the kernel unpacks itself; the end of the second kernel's boot, when its initramfs is
 * there twice and its init sections are there still; and the capture. docs/reservation.md has the formula.
 */
#ifndef KD_ADVISE_RESERVATION_H
#define KD_ADVISE_RESERVATION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "config/config.h"
#include "load/load.h"

enum kd_moment { KD_MOMENT_LOAD, KD_MOMENT_BOOT, KD_MOMENT_CAPTURE, KD_MOMENTS };

enum { KD_ESTIMATE_LINES = 24 };

/* One summand: what it takes at each moment, 0 where it is not there. */
struct kd_estimate_line {
	const char *name;
	char from[128]; /* where the number comes from */
	uint64_t bytes[KD_MOMENTS];
};

struct kd_estimate {
	struct kd_estimate_line lines[KD_ESTIMATE_LINES];
	unsigned int line_count;
	uint64_t sums[KD_MOMENTS];
	enum kd_moment decides; /* whose sum is the largest */
	uint64_t need_bytes;    /* that sum */
	uint64_t margin_bytes; /* added for what cannot be known before: drivers of other devices */
	uint64_t recommend_bytes; /* need and margin, as a whole number of MiB */
	bool exact_kernel;        /* false: the kernel's file did not tell how large it unpacks */
};

/* "load", "boot", "capture". */
const char *kd_moment_name(enum kd_moment moment);

/*
 * The request is what kd_load_resolve() makes of a person's words; it need not be loadable yet: there may be no
 * reservation. The configuration tells how the dump is written; NULL: by default. Fails only when
 * kernel or initramfs cannot be read or understood.
 */
enum kd_status kd_estimate_reservation(const struct kd_load_request *request,
				       const struct kd_config *config, struct kd_estimate *estimate,
				       struct kd_err *err);

#endif
