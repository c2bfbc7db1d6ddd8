/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any bytes as page tables, of any machine: a translation stays in its page and below 2^52, and tables
 * of a form that no machine has are refused.
 */
#include <stdbool.h>
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

/* What the address bits leave of the space: kernel addresses of arm64, and of i386. */
static uint64_t fit(const struct kd_walk *walk, uint64_t vaddr, unsigned int machine)
{
	if (machine == 1)
		return vaddr & UINT32_MAX;
	return machine == 2 && walk->va_bits < 64 ? vaddr | UINT64_MAX << walk->va_bits : vaddr;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct {
		const struct kd_arch *arch;
		unsigned int levels, va_bits;
		uint64_t largest; /* page, bytes; 0: no such tables */
	} forms[] = {
		{&kd_arch_x86_64, 4, 0, 1 << 30},
		{&kd_arch_x86_64, 5, 0, 1 << 30},
		{&kd_arch_i386, 2, 0, 4 << 20},
		{&kd_arch_i386, 3, 0, 2 << 20},
		{&kd_arch_i386, 4, 0, 0},
		{&kd_arch_arm64_4k, 3, 39, 1 << 30},
		{&kd_arch_arm64_4k, 4, 48, 1 << 30},
		{&kd_arch_arm64_4k, 5, 52, 1 << 30},
		{&kd_arch_arm64_4k, 4, 52, 0},
		{&kd_arch_arm64_16k, 2, 36, 32 << 20},
		{&kd_arch_arm64_16k, 3, 47, 32 << 20},
		{&kd_arch_arm64_16k, 4, 48, 32 << 20},
		{&kd_arch_arm64_16k, 4, 52, 32 << 20},
		{&kd_arch_arm64_64k, 2, 42, 512 << 20},
		{&kd_arch_arm64_64k, 3, 48, 512 << 20},
		{&kd_arch_arm64_64k, 3, 52, 512 << 20},
	};
	struct tables tables = {data, size};
	struct kd_walk walk = {.read = read_entry, .opaque = &tables};
	const struct kd_arch *arch;
	uint64_t vaddr, paddr, left, in_page;
	unsigned int form, machine;
	enum kd_status status;

	if (size < 16)
		return 0;
	memcpy(&vaddr, data, sizeof(vaddr));
	form = data[9] % (sizeof(forms) / sizeof(*forms));
	arch = forms[form].arch;
	machine = arch == &kd_arch_x86_64 ? 0 : arch == &kd_arch_i386 ? 1 : 2;
	walk.root_paddr = data[8];
	walk.levels = forms[form].levels;
	walk.va_bits = forms[form].va_bits;
	walk.page_bytes = arch->page_bytes;
	/* half of the time an address that gets past the first check */
	if (data[10] & 1)
		vaddr = fit(&walk, vaddr, machine);
	in_page = arch->page_bytes - 1;
	status = arch->translate(&walk, vaddr, &paddr, &left, NULL);
	if (!status &&
	    (paddr >> 52 || !left || left > forms[form].largest ||
	     (paddr & in_page) != (vaddr & in_page) || vaddr != fit(&walk, vaddr, machine)))
		abort();
	if (!forms[form].largest && status != KD_UNSUPPORTED)
		abort();
	/* and any numbers at all */
	walk.levels = data[11];
	walk.va_bits = data[12];
	walk.page_bytes = data[13] & 1 ? UINT32_C(1) << (data[13] >> 3) : (uint32_t)data[14] << 8;
	if (machine && !arch->translate(&walk, vaddr, &paddr, &left, NULL) &&
	    (paddr >> 52 || !left))
		abort();
	return 0;
}
