/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/types.h"

#include <errno.h>
#include <stdlib.h>

#include "base/text.h"
#include "host/file.h"
#include "host/system.h"
#include "kernel/kallsyms.h"

/* Where the linker put the kernel's BTF (include/asm-generic/vmlinux.lds.h, since 90ceddcb4950, 5.7). */
static enum kd_status find_blob(struct kd_kernel *kernel, uint64_t *start, uint64_t *stop,
				struct kd_err *err)
{
	KD_CLEANUP_FREE struct kd_kallsyms *symbols = malloc(sizeof(*symbols));
	enum kd_status status;

	if (!symbols)
		return kd_fail_errno(err, ENOMEM, "symbols");
	status = kd_kallsyms_init(symbols, kernel, err);
	if (!status)
		status = kd_kallsyms_find(symbols, "__start_BTF", start, err);
	if (!status)
		status = kd_kallsyms_find(symbols, "__stop_BTF", stop, err);
	return status;
}

enum kd_status kd_types_take(struct kd_types *types, void *blob, size_t bytes,
			     const struct kd_btf *base, struct kd_err *err)
{
	struct kd_types made = {.blob = blob};
	enum kd_status status = kd_btf_init(&made.btf, blob, bytes, base, err);
	uint32_t count, slots = 16;

	/* names are shown; and where they lie over something else, that is not what it was */
	if (!status && kd_text_clean((char *)blob + (made.btf.strings - (const char *)blob),
				     made.btf.string_bytes))
		status = kd_btf_init(&made.btf, blob, bytes, base, err);
	if (!status) {
		count = kd_btf_count(&made.btf);
		while (slots < 2 * count)
			slots *= 2;
		made.index = malloc(((size_t)count + slots) * sizeof(*made.index));
		if (made.index)
			kd_btf_index(&made.btf, made.index, made.index + count, slots);
		else
			status = kd_fail_errno(err, ENOMEM, "BTF");
	}
	if (status)
		kd_types_deinit(&made);
	else
		*types = made;
	return status;
}

enum kd_status kd_types_read(struct kd_types *types, struct kd_kernel *kernel, uint64_t start,
			     uint64_t stop, struct kd_err *err)
{
	const size_t bytes = (size_t)(stop - start);
	enum kd_status status = kd_kernel_need_64_bits(kernel, "BTF", err);
	void *blob;

	if (status)
		return status;
	if (stop <= start || stop - start > KD_BTF_BYTES_MOST)
		return kd_fail(err, KD_CORRUPT, "BTF from 0x%llx to 0x%llx",
			       (unsigned long long)start, (unsigned long long)stop);
	blob = malloc(bytes);
	if (!blob)
		return kd_fail_errno(err, ENOMEM, "BTF of %zu bytes", bytes);
	status = kd_kernel_read(kernel, start, blob, bytes, err);
	if (!status)
		return kd_types_take(types, blob, bytes, NULL, err);
	free(blob);
	return status;
}

enum kd_status kd_types_init(struct kd_types *types, struct kd_kernel *kernel, struct kd_err *err)
{
	uint64_t start = 0, stop = 0;
	enum kd_status status = kd_kernel_need_64_bits(kernel, "BTF", err);

	if (!status)
		status = find_blob(kernel, &start, &stop, err);
	return status ? status : kd_types_read(types, kernel, start, stop, err);
}

void kd_types_deinit(struct kd_types *types)
{
	if (!types)
		return;
	free(types->index);
	free(types->blob);
	*types = (struct kd_types){.blob = NULL};
}
