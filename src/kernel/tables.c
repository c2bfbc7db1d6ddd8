/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/tables.h"

#include <elf.h>
#include <stdbool.h>

#include "arch/arch.h"

/*
 * SYMBOL(init_top_pgt), or SYMBOL(swapper_pg_dir) which is the same on x86_64, lies in the kernel image, which
 * is mapped at a constant distance from physical memory: phys_base (arch/x86/kernel/machine_kexec_64.c,
 * arch_crash_save_vmcoreinfo).
 */
static enum kd_status find_x86_64(const struct kd_arch *arch, const struct kd_vmcoreinfo *info,
				  struct kd_tables *tables, uint64_t *image_offset,
				  struct kd_err *err)
{
	int64_t phys_base, number;
	uint64_t root;
	enum kd_status status;

	status = kd_vmcoreinfo_symbol(info, "init_top_pgt", &root, err);
	if (status == KD_NOTFOUND)
		status = kd_vmcoreinfo_symbol(info, "swapper_pg_dir", &root, err);
	if (!status)
		status = kd_vmcoreinfo_number(info, "phys_base", &phys_base, err);
	if (status)
		return status;
	if (root < arch->text_vaddr)
		return kd_fail(err, KD_CORRUPT, "page tables at 0x%llx, outside the kernel image",
			       (unsigned long long)root);
	*image_offset = arch->text_vaddr - (uint64_t)phys_base;
	*tables = (struct kd_tables){.root_paddr = root - *image_offset, .levels = 4};
	/* said since 4.17; a kernel that does not knows no fifth level */
	if (!kd_vmcoreinfo_number(info, "pgtable_l5_enabled", &number, NULL) && number)
		tables->levels = 5;
	if (!kd_vmcoreinfo_number(info, "sme_mask", &number, NULL))
		tables->encryption_mask = (uint64_t)number;
	return KD_OK;
}

/* Whether tables map the place where they are themselves. */
static enum kd_status check_tables(struct kd_dump *dump, const struct kd_tables *tables,
				   uint64_t vaddr, uint64_t expected, struct kd_err *err)
{
	struct kd_space space;
	uint64_t paddr, bytes;
	enum kd_status status;

	kd_space_init(&space, kd_dump_reader(dump), tables);
	status = kd_space_translate(&space, vaddr, &paddr, &bytes, err);
	if (!status && paddr != expected)
		status = kd_fail(err, KD_CORRUPT, "they map themselves to 0x%llx, not 0x%llx",
				 (unsigned long long)paddr, (unsigned long long)expected);
	return status;
}

/*
 * The image lies in the direct map, from PAGE_OFFSET on (arch/x86/include/asm/page_32_types.h of commit
 * 15b787de81da). That is one of five numbers (config PAGE_OFFSET in arch/x86/Kconfig) and VMCOREINFO has neither
 * it nor KASLR's offset (arch/x86/kernel/vmcore_info_32.c of 36a1818f5a1e): the one is right with which the
 * tables map themselves to where they are.
 */
static enum kd_status find_i386(struct kd_dump *dump, const struct kd_vmcoreinfo *info,
				struct kd_tables *tables, uint64_t *image_offset,
				struct kd_err *err)
{
	static const uint32_t page_offsets[] = {0xc0000000, 0xb0000000, 0x80000000, 0x78000000,
						0x40000000};
	const char *text;
	size_t bytes;
	uint64_t root;
	enum kd_status status, first = KD_OK;

	status = kd_vmcoreinfo_symbol(info, "swapper_pg_dir", &root, err);
	if (status)
		return status;
	if (root > UINT32_MAX)
		return kd_fail(err, KD_CORRUPT, "page tables at 0x%llx, not an address of 32 bits",
			       (unsigned long long)root);
	*tables = (struct kd_tables){.levels = 2};
	if (!kd_vmcoreinfo_text(info, "CONFIG_X86_PAE", &text, &bytes, NULL) && bytes == 1 &&
	    *text == 'y')
		tables->levels = 3;
	for (size_t i = 0; i < sizeof(page_offsets) / sizeof(*page_offsets); i++) {
		if (root < page_offsets[i])
			continue;
		tables->root_paddr = root - page_offsets[i];
		*image_offset = page_offsets[i];
		/* the error to show is that of the largest, which nearly every kernel has */
		status = check_tables(dump, tables, root, tables->root_paddr, first ? NULL : err);
		if (!status)
			return KD_OK;
		if (!first)
			first = status;
	}
	if (!first)
		return kd_fail(err, KD_CORRUPT, "page tables at 0x%llx, not in the kernel's part",
			       (unsigned long long)root);
	return kd_context(err, first, "page tables at 0x%llx", (unsigned long long)root);
}

/* What of arm64's numbers decides the form of the tables. */
struct arm64_form {
	uint64_t page_bytes;
	unsigned int page_shift;
	unsigned int config_bits; /* CONFIG_ARM64_VA_BITS: swapper_pg_dir is made for these */
	unsigned int va_bits;     /* what the hardware is told to translate */
};

/* ARM64_HW_PGTABLE_LEVELS (arch/arm64/include/asm/pgtable-hwdef.h of commit 0410c6121529) */
static unsigned int arm64_levels(const struct arm64_form *form, unsigned int va_bits)
{
	return (va_bits - 4) / (form->page_shift - 3);
}

static enum kd_status read_arm64_form(const struct kd_arch *arch, const struct kd_vmcoreinfo *info,
				      struct arm64_form *form, struct kd_err *err)
{
	uint64_t page_bytes;
	int64_t bits, t1sz = 0;
	enum kd_status status;

	status = kd_vmcoreinfo_key(info, "PAGESIZE", 10, &page_bytes, err);
	if (status == KD_NOTFOUND) {
		page_bytes = arch->page_bytes;
		status = KD_OK;
	}
	if (!status)
		status = kd_vmcoreinfo_number(info, "VA_BITS", &bits, err);
	if (status)
		return status;
	if (bits < 0 || bits > 52)
		return kd_fail(err, KD_CORRUPT, "VMCOREINFO: VA_BITS %lld", (long long)bits);
	/* said since 5.9; before, the hardware had what the kernel was made for, or see below */
	status = kd_vmcoreinfo_number(info, "TCR_EL1_T1SZ", &t1sz, err);
	if (status == KD_NOTFOUND)
		t1sz = 64 - bits;
	else if (status)
		return status;
	if (!kd_arch_paged(arch, page_bytes))
		return kd_fail(err, KD_UNSUPPORTED, "pages of %llu bytes on %s",
			       (unsigned long long)page_bytes, arch->name);
	form->page_bytes = page_bytes;
	form->page_shift = (unsigned int)__builtin_ctzll(page_bytes);
	if (t1sz < 64 - bits || t1sz >= 64 - (int64_t)form->page_shift)
		return kd_fail(err, KD_CORRUPT, "VMCOREINFO: VA_BITS %lld and TCR_EL1_T1SZ %lld",
			       (long long)bits, (long long)t1sz);
	form->config_bits = (unsigned int)bits;
	form->va_bits = (unsigned int)(64 - t1sz);
	return KD_OK;
}

/*
 * Where TTBR1_EL1 points to. swapper_pg_dir has as many entries as CONFIG_ARM64_VA_BITS needs; hardware that
 * translates fewer bits, with as many levels, is pointed at the last of them (offset_ttbr1 in
 * arch/arm64/include/asm/assembler.h, TTBR1_BADDR_4852_OFFSET in pgtable-hwdef.h). With fewer levels it begins at
 * the start (arch/arm64/kernel/pi/map_kernel.c of 030b3ffbdac7: root_level).
 */
static uint64_t arm64_root_skip(const struct arm64_form *form)
{
	unsigned int levels = arm64_levels(form, form->va_bits);
	unsigned int shift = form->page_shift + (form->page_shift - 3) * (levels - 1);

	if (levels != arm64_levels(form, form->config_bits))
		return 0;
	return ((UINT64_C(1) << (form->config_bits - shift)) -
		(UINT64_C(1) << (form->va_bits - shift))) *
	       8;
}

/*
 * The image lies kimage_voffset above physical memory (arch/arm64/kernel/vmcore_info.c of commit 60a2f25de7b8);
 * in a kernel without that number it is in the linear map, whose start is PHYS_OFFSET.
 */
static enum kd_status arm64_image_offset(const struct kd_vmcoreinfo *info,
					 const struct arm64_form *form, uint64_t *image_offset,
					 struct kd_err *err)
{
	int64_t number;
	enum kd_status status = kd_vmcoreinfo_number(info, "kimage_voffset", &number, err);

	if (!status) {
		*image_offset = (uint64_t)number;
		return KD_OK;
	}
	if (status == KD_NOTFOUND && !kd_vmcoreinfo_number(info, "PHYS_OFFSET", &number, NULL)) {
		*image_offset = -(UINT64_C(1) << (form->config_bits - 1)) - (uint64_t)number;
		return KD_OK;
	}
	return status;
}

/*
 * CONFIG_ARM64_USER_VA_BITS_52 (5.0 to 5.3, 64 KiB pages) leaves VA_BITS at 48 while swapper_pg_dir has the
 * entries for 52 (MAX_USER_VA_BITS in arch/arm64/include/asm/memory.h) and no number tells: the tables do.
 */
static void skip_unsaid_entries(struct kd_dump *dump, const struct arm64_form *form,
				uint64_t swapper, struct kd_tables *tables)
{
	const struct arm64_form unsaid = {form->page_bytes, form->page_shift, 52, form->va_bits};
	struct kd_tables other = *tables;

	other.root_paddr += arm64_root_skip(&unsaid);
	if (form->page_bytes == 1 << 16 && form->config_bits == 48 && form->va_bits == 48 &&
	    check_tables(dump, tables, swapper, tables->root_paddr, NULL) &&
	    !check_tables(dump, &other, swapper, tables->root_paddr, NULL))
		*tables = other;
}

static enum kd_status find_arm64(const struct kd_arch *arch, struct kd_dump *dump,
				 const struct kd_vmcoreinfo *info, struct kd_tables *tables,
				 uint64_t *image_offset, struct kd_err *err)
{
	struct arm64_form form = {0};
	uint64_t swapper;
	enum kd_status status;

	status = kd_vmcoreinfo_symbol(info, "swapper_pg_dir", &swapper, err);
	if (!status)
		status = read_arm64_form(arch, info, &form, err);
	if (!status)
		status = arm64_image_offset(info, &form, image_offset, err);
	if (status)
		return status;
	*tables = (struct kd_tables){
		.root_paddr = swapper - *image_offset + arm64_root_skip(&form),
		.levels = arm64_levels(&form, form.va_bits),
		.va_bits = form.va_bits,
		.page_bytes = (uint32_t)form.page_bytes,
	};
	skip_unsaid_entries(dump, &form, swapper, tables);
	return KD_OK;
}

enum kd_status kd_tables_find(struct kd_dump *dump, const struct kd_vmcoreinfo *info,
			      struct kd_tables *tables, uint64_t *image_offset, struct kd_err *err)
{
	const struct kd_arch *arch = kd_dump_arch(dump);
	struct kd_tables found = {0};
	uint64_t offset = 0;
	enum kd_status status;

	switch (arch->elf_machine) {
	case EM_X86_64:
		status = find_x86_64(arch, info, &found, &offset, err);
		break;
	case EM_386:
		status = find_i386(dump, info, &found, &offset, err);
		break;
	case EM_AARCH64:
		status = find_arm64(arch, dump, info, &found, &offset, err);
		break;
	default:
		status = kd_fail(err, KD_UNSUPPORTED, "%s: no page walk for it yet", arch->name);
	}
	if (status)
		return status;
	*tables = found;
	*image_offset = offset;
	return KD_OK;
}
