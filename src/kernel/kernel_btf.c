/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/kernel_btf.h"

#include <errno.h>
#include <stdlib.h>

#include "host/file.h"
#include "host/system.h"
#include "kernel/kallsyms.h"

enum kd_status kd_kernel_btf(struct kd_kernel *kernel, struct kd_btf *btf, void **blob,
			     struct kd_err *err)
{
	KD_CLEANUP_FREE struct kd_kallsyms *symbols = malloc(sizeof(*symbols));
	uint64_t start = 0, stop = 0;
	enum kd_status status;
	void *bytes;

	if (!symbols)
		return kd_fail_errno(err, ENOMEM, "symbols");
	status = kd_kallsyms_init(symbols, kernel, err);
	if (!status)
		status = kd_kallsyms_find(symbols, "__start_BTF", &start, err);
	if (!status)
		status = kd_kallsyms_find(symbols, "__stop_BTF", &stop, err);
	if (status)
		return status;
	if (stop <= start || stop - start > KD_BTF_BYTES_MOST)
		return kd_fail(err, KD_CORRUPT, "BTF from 0x%llx to 0x%llx",
			       (unsigned long long)start, (unsigned long long)stop);
	bytes = malloc(stop - start);
	if (!bytes)
		return kd_fail_errno(err, ENOMEM, "BTF of %llu bytes",
				     (unsigned long long)(stop - start));
	status = kd_kernel_read(kernel, start, bytes, (size_t)(stop - start), err);
	if (!status)
		status = kd_btf_init(btf, bytes, (size_t)(stop - start), NULL, err);
	if (status) {
		free(bytes);
		return status;
	}
	*blob = bytes;
	return KD_OK;
}
