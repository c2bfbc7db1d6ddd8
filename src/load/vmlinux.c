/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A vmlinux: the kernel as an ELF file, entered at startup_64 (arch/x86/kernel/head_64.S).
 *
 * Its PT_LOADs are laid out by p_paddr in one block. A 64-bit kernel finds out itself where it was put:
 * __startup_64 takes the distance between where it runs and where it was linked, wants it to be a
 * multiple of 2 MiB, corrects its early page tables by it and remembers it as phys_base; the virtual
 * addresses stay what they were linked at. So has every x86_64 kernel since 1ab60e0f72f7 (2.6.22),
 * whatever CONFIG_RELOCATABLE says, which only decides about the bzImage's decompressor. p_vaddr is
 * not used: .data..percpu has 0 there up to 6.14.
 *
 * What tells such a kernel from other ELF executables is the linker script's promise (vmlinux.lds.S)
 * that text is mapped at __START_KERNEL_map plus its physical address, and an entry point that is a
 * physical address. An executable of any other form is taken to run only where it was linked.
 */
#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "load/kernel_image.h"

enum { TWO_MIB = 2 << 20, PAGE_BYTES = 4096, COMMAND_LINE_SIZE = 2048, MEMORY_MAX = 1 << 30 };

#define START_KERNEL_MAP UINT64_C(0xffffffff80000000)

/* The PT_LOADs of a file that was checked. */
struct layout {
	const uint8_t *file;
	size_t bytes;
	Elf64_Ehdr ehdr;
	uint64_t lowest, highest; /* physical, of all PT_LOADs */
	bool entry_inside, is_linux;
};

static bool probe(const uint8_t *file, size_t bytes)
{
	return bytes >= EI_NIDENT && !memcmp(file, ELFMAG, SELFMAG);
}

static enum kd_status check_header(const uint8_t *file, size_t bytes, Elf64_Ehdr *ehdr,
				   struct kd_err *err)
{
	if (file[EI_CLASS] == ELFCLASS32)
		return kd_fail(err, KD_UNSUPPORTED, "a 32-bit ELF file; this machine is x86_64");
	if (bytes < sizeof(*ehdr))
		return kd_fail(err, KD_TRUNCATED, "ends in its ELF header");
	memcpy(ehdr, file, sizeof(*ehdr));
	if (ehdr->e_ident[EI_CLASS] != ELFCLASS64 || ehdr->e_ident[EI_DATA] != ELFDATA2LSB ||
	    ehdr->e_machine != EM_X86_64)
		return kd_fail(err, KD_UNSUPPORTED,
			       "an ELF file for machine %u; this machine is x86_64 (%d)",
			       ehdr->e_machine, EM_X86_64);
	if (ehdr->e_type != ET_EXEC && ehdr->e_type != ET_DYN)
		return kd_fail(err, KD_UNSUPPORTED, "an ELF file that is no executable");
	if (!ehdr->e_phnum || ehdr->e_phentsize != sizeof(Elf64_Phdr))
		return kd_fail(err, KD_CORRUPT, "has no program headers to load by");
	if (ehdr->e_phoff > bytes || (bytes - ehdr->e_phoff) / sizeof(Elf64_Phdr) < ehdr->e_phnum)
		return kd_fail(err, KD_TRUNCATED, "truncated: ends before its program headers");
	return KD_OK;
}

static Elf64_Phdr header_at(const struct layout *layout, size_t index)
{
	Elf64_Phdr phdr;

	memcpy(&phdr, layout->file + layout->ehdr.e_phoff + index * sizeof(phdr), sizeof(phdr));
	return phdr;
}

static enum kd_status measure(struct layout *layout, struct kd_err *err)
{
	layout->lowest = UINT64_MAX;
	for (size_t i = 0; i < layout->ehdr.e_phnum; i++) {
		Elf64_Phdr phdr = header_at(layout, i);
		uint64_t end;

		if (phdr.p_type != PT_LOAD || !phdr.p_memsz)
			continue;
		if (phdr.p_offset > layout->bytes || phdr.p_filesz > layout->bytes - phdr.p_offset)
			return kd_fail(err, KD_TRUNCATED,
				       "truncated: segment %zu ends at %llu, the file at %zu", i,
				       (unsigned long long)(phdr.p_offset + phdr.p_filesz),
				       layout->bytes);
		if (phdr.p_filesz > phdr.p_memsz || !kd_add(phdr.p_paddr, phdr.p_memsz, &end))
			return kd_fail(err, KD_CORRUPT, "segment %zu contradicts itself", i);
		if (phdr.p_paddr < layout->lowest)
			layout->lowest = phdr.p_paddr;
		if (end > layout->highest)
			layout->highest = end;
		layout->entry_inside |=
			layout->ehdr.e_entry >= phdr.p_paddr && layout->ehdr.e_entry < end;
		layout->is_linux |= phdr.p_vaddr >= START_KERNEL_MAP &&
				    phdr.p_vaddr - START_KERNEL_MAP == phdr.p_paddr;
	}
	if (layout->lowest == UINT64_MAX)
		return kd_fail(err, KD_CORRUPT, "has nothing to load");
	if (layout->highest - layout->lowest > MEMORY_MAX)
		return kd_fail(err, KD_CORRUPT, "spans 0x%llx bytes of memory: no kernel does",
			       (unsigned long long)(layout->highest - layout->lowest));
	if (!layout->entry_inside)
		return kd_fail(err, KD_UNSUPPORTED,
			       "entry 0x%llx is not a physical address inside it: not a kernel",
			       (unsigned long long)layout->ehdr.e_entry);
	return KD_OK;
}

static enum kd_status read_vmlinux(const uint8_t *file, size_t bytes, struct kd_kernel_image *image,
				   struct kd_err *err)
{
	struct layout layout = {.file = file, .bytes = bytes};
	enum kd_status status;
	uint64_t start;

	status = check_header(file, bytes, &layout.ehdr, err);
	if (!status)
		status = measure(&layout, err);
	if (status)
		return status;

	image->fixed = !layout.is_linux;
	image->alignment = image->fixed ? PAGE_BYTES : TWO_MIB;
	start = kd_round_down(layout.lowest, image->alignment);
	image->fixed_paddr = start;
	image->memory_bytes = kd_round_up(layout.highest, PAGE_BYTES) - start;
	image->data_bytes = image->memory_bytes;
	image->entry_offset = layout.ehdr.e_entry - start;
	image->command_line_limit_bytes = COMMAND_LINE_SIZE - 1;
	image->data = calloc(1, image->data_bytes);
	if (!image->data)
		return kd_fail(err, KD_NOMEM, "%llu bytes", (unsigned long long)image->data_bytes);
	for (size_t i = 0; i < layout.ehdr.e_phnum; i++) {
		Elf64_Phdr phdr = header_at(&layout, i);

		if (phdr.p_type == PT_LOAD && phdr.p_filesz)
			memcpy(image->data + (phdr.p_paddr - start), file + phdr.p_offset,
			       phdr.p_filesz);
	}
	/* zeros at the end (.bss, .brk) are memory that needs no copying */
	while (image->data_bytes && !image->data[image->data_bytes - 1])
		image->data_bytes--;
	return KD_OK;
}

const struct kd_kernel_format kd_kernel_vmlinux = {
	.name = "vmlinux",
	.probe = probe,
	.read = read_vmlinux,
};
