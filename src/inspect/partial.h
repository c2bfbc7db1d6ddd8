/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lists of a damaged kernel: what cannot be read is left out, and the rest is told. At the end it is said how many
 * were left out, and why the first was. All of it zero is a list that begins.
 */
#ifndef KD_INSPECT_PARTIAL_H
#define KD_INSPECT_PARTIAL_H

#include "base/err.h"

struct kd_partial {
	unsigned int left_out;
	struct kd_err first;
};

/* An item was left out, for that reason. */
void kd_partial_skip(struct kd_partial *partial, enum kd_status status, const struct kd_err *why);
/* What comes of the whole: `status`, why the list ended early, or KD_OK and then what was left out. */
enum kd_status kd_partial_end(const struct kd_partial *partial, enum kd_status status,
			      struct kd_err *err);

#endif
