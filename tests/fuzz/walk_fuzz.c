/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any bytes as page tables: a translation stays in its page and below 2^52. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "arch/arch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct tables {
	const uint8_t *data;
	size_t size;
};

static enum kd_status read_entry(void *opaque, uint64_t paddr, uint64_t *entry, struct kd_err *err)
{
	const struct tables *tables = opaque;

	memcpy(entry, tables->data + paddr % (tables->size - 7), sizeof(*entry));
	return KD_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tables tables = {data, size};
	struct kd_walk walk = {.read = read_entry, .opaque = &tables};
	uint64_t vaddr, paddr, left;

	if (size < 16)
		return 0;
	memcpy(&vaddr, data, sizeof(vaddr));
	walk.root_paddr = data[8];
	walk.levels = 4 + (data[9] & 1);
	if (!kd_arch_x86_64.translate(&walk, vaddr, &paddr, &left, NULL) &&
	    (paddr >> 52 || !left || left > 1 << 30 || (paddr & 4095) != (vaddr & 4095)))
		abort();
	return 0;
}
