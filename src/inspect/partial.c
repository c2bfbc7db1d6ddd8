/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "inspect/partial.h"

void kd_partial_skip(struct kd_partial *partial, enum kd_status status, const struct kd_err *why)
{
	if (status && !partial->left_out++)
		partial->first = *why;
}

enum kd_status kd_partial_end(const struct kd_partial *partial, enum kd_status status,
			      struct kd_err *err)
{
	if (status || !partial->left_out)
		return status;
	kd_first_failure(KD_OK, &partial->first, err);
	return kd_context(err, partial->first.status, "%u left out", partial->left_out);
}
