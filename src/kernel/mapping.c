/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/mapping.h"

#include <elf.h>
#include <stdbool.h>
#include <string.h>

#include "arch/arch.h"
#include "base/bytes.h"

enum { IMAGE_BYTES_MOST = 1 << 30 };

/* Symbols that are, or hold, pointers which the boot allocator gave: they lie in the direct map. */
static const struct {
	const char *symbol;
	bool is_pointer; /* the symbol is the variable; else its value is the address itself */
} witnesses[] = {
	{"mem_section", false},
	{"mem_section", true},
	{"node_data", true},
	{"mem_map", true},
};

/* Whether something mapped is part of the image, which on x86_64 and arm64 is not in the direct map. */
static bool is_image(struct kd_kernel *kernel, uint64_t vaddr, uint64_t paddr)
{
	const struct kd_arch *arch = kd_dump_arch(kd_kernel_dump(kernel));

	if (arch->text_vaddr)
		return vaddr >= arch->text_vaddr;
	return arch->elf_machine == EM_AARCH64 && vaddr - paddr == kd_kernel_image_offset(kernel);
}

enum kd_status kd_kernel_direct_map(struct kd_kernel *kernel, uint64_t *vaddr, struct kd_err *err)
{
	const struct kd_arch *arch = kd_dump_arch(kd_kernel_dump(kernel));
	struct kd_space *space = kd_kernel_space(kernel);

	for (size_t i = 0; space && i < sizeof(witnesses) / sizeof(*witnesses); i++) {
		uint64_t at, paddr, bytes;
		uint8_t pointer[sizeof(at)];

		if (kd_vmcoreinfo_symbol(kd_kernel_vmcoreinfo(kernel), witnesses[i].symbol, &at,
					 NULL))
			continue;
		if (witnesses[i].is_pointer) {
			struct kd_bytes reader = kd_bytes(pointer, sizeof(pointer));

			memset(pointer, 0, sizeof(pointer));
			if (kd_kernel_read(kernel, at, pointer, arch->pointer_bytes, NULL))
				continue;
			at = kd_bytes_u64(&reader);
		}
		if (kd_space_translate(space, at, &paddr, &bytes, NULL) ||
		    is_image(kernel, at, paddr))
			continue;
		*vaddr = at - paddr;
		if (paddr && !(*vaddr & (arch->page_bytes - 1)))
			return KD_OK;
	}
	return kd_fail(err, KD_NOTFOUND, "where the kernel maps all memory cannot be told");
}

enum kd_status kd_kernel_image(struct kd_kernel *kernel, uint64_t *vaddr, uint64_t *paddr,
			       uint64_t *bytes, struct kd_err *err)
{
	struct kd_space *space = kd_kernel_space(kernel);
	uint64_t start, at, piece, length;
	enum kd_status status;

	if (!space)
		return kd_fail(err, KD_NOTFOUND, "%s", kd_kernel_space_error(kernel)->text);
	status = kd_vmcoreinfo_symbol(kd_kernel_vmcoreinfo(kernel), "_stext", &start, err);
	if (!status)
		status = kd_space_translate(space, start, &at, &length, err);
	if (status)
		return status;
	while (length < IMAGE_BYTES_MOST) {
		uint64_t next;

		if (kd_space_translate(space, start + length, &next, &piece, NULL) ||
		    next != at + length)
			break;
		length += piece;
	}
	*vaddr = start;
	*paddr = at;
	*bytes = length;
	return KD_OK;
}
