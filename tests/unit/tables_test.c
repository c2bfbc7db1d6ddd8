/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * src/kernel/tables.c on made-up dumps of i386 and arm64: from VMCOREINFO to memory at a virtual address, for
 * every form of page tables, and what VMCOREINFO can lack or have wrong.
 */
#include "test.h"

#include <elf.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "arch/arch.h"
#include "dump_fixture.h"
#include "kernel/kernel.h"
#include "kernel/log.h"
#include "kernel/mapping.h"
#include "kernel/page_scan.h"
#include "kernel/registers.h"
#include "kernel/types.h"

#define MARK UINT64_C(0x1122334455667788)

static void open_kernel(struct fixture *fixture, struct kd_dump **dump, struct kd_kernel **kernel)
{
	struct kd_err err = {0};

	fixture_build(fixture);
	assert_int_equal(kd_dump_open(fixture->path, NULL, dump, &err), KD_OK);
	assert_int_equal(kd_kernel_open(*dump, kernel, &err), KD_OK);
}

static void close_kernel(struct fixture *fixture, struct kd_dump *dump, struct kd_kernel *kernel)
{
	kd_kernel_close(kernel);
	kd_dump_close(dump);
	fixture_deinit(fixture);
}

static void finds(struct kd_kernel *kernel, uint64_t vaddr)
{
	uint64_t found = 0;

	if (!kd_kernel_space(kernel))
		fail_msg("%s", kd_kernel_space_error(kernel)->text);
	assert_int_equal(kd_kernel_read(kernel, vaddr, &found, sizeof(found), NULL), KD_OK);
	assert_true(found == MARK);
}

static void finds_none(struct fixture *fixture, enum kd_status status, const char *why)
{
	const struct kd_err *err;
	struct kd_kernel *kernel;
	struct kd_dump *dump;

	open_kernel(fixture, &dump, &kernel);
	assert_null(kd_kernel_space(kernel));
	err = kd_kernel_space_error(kernel);
	assert_int_equal(err->status, status);
	if (!strstr(err->text, why))
		fail_msg("'%s' in '%s'", why, err->text);
	close_kernel(fixture, dump, kernel);
}

/* arm64: RAM from 1 GiB on; the image there, with swapper_pg_dir and all other tables in it */

enum {
	RAM = 0x40000000,
	RAM_BYTES = 0x100000,
	SWAPPER = RAM + 0x10000,
	TABLES = RAM + 0x20000, /* one after the other, of 64 KiB each */
	DATA = RAM + 0xa0000,   /* marked */
};

struct arm64 {
	unsigned int page_shift;
	unsigned int config_bits; /* NUMBER(VA_BITS) */
	unsigned int va_bits;     /* by NUMBER(TCR_EL1_T1SZ) */
	unsigned int pgd_bits;    /* that swapper_pg_dir has entries for */
	bool no_t1sz;
};

static const struct arm64 arm64_forms[] = {
	{12, 39, 39, 39, false},
	{12, 48, 48, 48, false},
	{12, 48, 48, 48, true},
	{12, 52, 52, 52, false},
	/* no LPA2: one level less, from the start of swapper_pg_dir */
	{12, 52, 48, 48, false},
	{14, 36, 36, 36, false},
	{14, 47, 47, 47, false},
	{14, 48, 48, 48, false},
	{14, 52, 52, 52, false},
	{14, 52, 47, 47, false},
	{16, 42, 42, 42, false},
	{16, 48, 48, 48, false},
	{16, 48, 48, 48, true},
	{16, 52, 52, 52, false},
	/* no LVA: as many levels, and the last entries of swapper_pg_dir */
	{16, 52, 48, 52, false},
	{16, 52, 48, 52, true},
	/* CONFIG_ARM64_USER_VA_BITS_52 */
	{16, 48, 48, 52, true},
	{16, 48, 48, 52, false},
};

enum { ARM64_FORMS = sizeof(arm64_forms) / sizeof(*arm64_forms) };

/* What the tables map the image at: in the upper half of the space, not near its start. */
static uint64_t image_vaddr(const struct arm64 *form)
{
	return (UINT64_MAX << (form->va_bits - 1)) + 0x12000000;
}

/* Maps one page, as the kernel does: pgd_index() is of as many bits as swapper_pg_dir has. */
static void arm64_map(struct fixture *fixture, const struct arm64 *form, uint64_t vaddr,
		      uint64_t paddr)
{
	unsigned int bits = form->page_shift - 3, levels = (form->va_bits - 4) / bits;
	uint64_t table = SWAPPER;

	for (unsigned int level = levels;; level--) {
		unsigned int shift = form->page_shift + bits * (level - 1);
		unsigned int own = level == levels ? form->pgd_bits - shift : bits;
		uint64_t at = table + (vaddr >> shift & ((UINT64_C(1) << own) - 1)) * 8;

		if (level == 1) {
			fixture_poke_number(fixture, at, paddr | 3, 8);
			return;
		}
		/* the table of a level is always the same: what is mapped lies together */
		table = TABLES + (level - 2) * UINT64_C(0x10000);
		fixture_poke_number(fixture, at, table | 3, 8);
	}
}

static void begin_arm64(struct fixture *fixture, const struct arm64 *form)
{
	uint64_t page_bytes = UINT64_C(1) << form->page_shift;

	fixture_init(fixture, 0);
	fixture->machine = EM_AARCH64;
	fixture_memory(fixture, RAM, RAM_BYTES, RAM_BYTES);
	for (uint64_t at = 0; at < RAM_BYTES; at += page_bytes)
		arm64_map(fixture, form, image_vaddr(form) + at, RAM + at);
	fixture_poke_number(fixture, DATA, MARK, 8);
	fixture_info(fixture, "PAGESIZE=%llu", (unsigned long long)page_bytes);
}

static void swapper_info(struct fixture *fixture, const struct arm64 *form)
{
	fixture_info(fixture, "SYMBOL(swapper_pg_dir)=%llx",
		     (unsigned long long)(image_vaddr(form) + SWAPPER - RAM));
}

static void bits_info(struct fixture *fixture, const struct arm64 *form)
{
	fixture_info(fixture, "NUMBER(VA_BITS)=%u", form->config_bits);
	if (!form->no_t1sz)
		fixture_info(fixture, "NUMBER(TCR_EL1_T1SZ)=0x%x", 64 - form->va_bits);
}

static void offset_info(struct fixture *fixture, const struct arm64 *form)
{
	fixture_info(fixture, "NUMBER(kimage_voffset)=0x%llx",
		     (unsigned long long)(image_vaddr(form) - RAM));
}

static void arm64_forms_are_found(void **state)
{
	for (size_t i = 0; i < ARM64_FORMS; i++) {
		const struct arm64 *form = &arm64_forms[i];
		uint64_t image = image_vaddr(form), byte;
		struct kd_kernel *kernel;
		struct fixture fixture;
		struct kd_dump *dump;

		begin_arm64(&fixture, form);
		swapper_info(&fixture, form);
		bits_info(&fixture, form);
		offset_info(&fixture, form);
		open_kernel(&fixture, &dump, &kernel);
		assert_int_equal(kd_dump_arch(dump)->page_bytes, 1 << form->page_shift);
		assert_int_equal(kd_dump_facts(dump)->ram_pages, RAM_BYTES >> form->page_shift);
		finds(kernel, image + DATA - RAM);
		assert_true(kd_kernel_image_offset(kernel) == image - RAM);
		assert_int_equal(kd_kernel_read(kernel, image + RAM_BYTES, &byte, 1, NULL),
				 KD_FAULT);
		assert_int_equal(kd_kernel_read(kernel, RAM, &byte, 1, NULL), KD_FAULT);
		close_kernel(&fixture, dump, kernel);
	}
}

/* An image in the linear map, in a kernel that does not say kimage_voffset. */
static void arm64_without_voffset(void **state)
{
	const struct arm64 form = {12, 39, 39, 39, true};
	uint64_t page_offset = UINT64_MAX << 38;
	struct kd_kernel *kernel;
	struct fixture fixture;
	struct kd_dump *dump;

	begin_arm64(&fixture, &form);
	swapper_info(&fixture, &form);
	bits_info(&fixture, &form);
	/* RAM begins lower than what the fixture has of it */
	fixture_info(&fixture, "NUMBER(PHYS_OFFSET)=0x%llx",
		     (unsigned long long)(RAM - (image_vaddr(&form) - page_offset)));
	open_kernel(&fixture, &dump, &kernel);
	finds(kernel, image_vaddr(&form) + DATA - RAM);
	close_kernel(&fixture, dump, kernel);
}

static void arm64_says_too_little(void **state)
{
	const struct arm64 *form = &arm64_forms[1];
	struct fixture fixture;

	begin_arm64(&fixture, form);
	bits_info(&fixture, form);
	offset_info(&fixture, form);
	finds_none(&fixture, KD_NOTFOUND, "SYMBOL(swapper_pg_dir)");
	begin_arm64(&fixture, form);
	swapper_info(&fixture, form);
	offset_info(&fixture, form);
	finds_none(&fixture, KD_NOTFOUND, "NUMBER(VA_BITS)");
	begin_arm64(&fixture, form);
	swapper_info(&fixture, form);
	bits_info(&fixture, form);
	finds_none(&fixture, KD_NOTFOUND, "NUMBER(kimage_voffset)");
}

static void arm64_says_nonsense(void **state)
{
	static const struct {
		const char *info; /* stands last and so counts */
		enum kd_status status;
		const char *why;
	} cases[] = {
		{"NUMBER(VA_BITS)=53", KD_CORRUPT, "VA_BITS 53"},
		{"NUMBER(VA_BITS)=-9223372036854775808", KD_CORRUPT, "VA_BITS -92"},
		{"NUMBER(VA_BITS)=9223372036854775807", KD_CORRUPT, "VA_BITS 92"},
		{"NUMBER(VA_BITS)=0", KD_CORRUPT, "VA_BITS 0"},
		{"NUMBER(VA_BITS)=12", KD_CORRUPT, "VA_BITS 12"},
		{"NUMBER(VA_BITS)=x", KD_CORRUPT, "no number"},
		{"NUMBER(VA_BITS)=39", KD_CORRUPT, "VA_BITS 39 and TCR_EL1_T1SZ 16"},
		{"NUMBER(TCR_EL1_T1SZ)=0xf", KD_CORRUPT, "TCR_EL1_T1SZ 15"},
		{"NUMBER(TCR_EL1_T1SZ)=52", KD_CORRUPT, "TCR_EL1_T1SZ 52"},
		{"NUMBER(TCR_EL1_T1SZ)=-1", KD_CORRUPT, "TCR_EL1_T1SZ -1"},
		{"NUMBER(TCR_EL1_T1SZ)=", KD_CORRUPT, "no number"},
		{"NUMBER(kimage_voffset)=y", KD_CORRUPT, "no number"},
		{"PAGESIZE=8192", KD_UNSUPPORTED, "pages of 8192 bytes"},
		{"PAGESIZE=0", KD_UNSUPPORTED, "pages of 0 bytes"},
		{"PAGESIZE=18446744073709551615", KD_UNSUPPORTED, "pages of 184"},
		{"PAGESIZE=4k", KD_CORRUPT, "no number"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const struct arm64 *form = &arm64_forms[1];
		struct fixture fixture;

		begin_arm64(&fixture, form);
		swapper_info(&fixture, form);
		bits_info(&fixture, form);
		offset_info(&fixture, form);
		fixture_info(&fixture, "%s", cases[i].info);
		finds_none(&fixture, cases[i].status, cases[i].why);
	}
}

/* mem_section's value is in the direct map, its array may be in the image. */
static void arm64_direct_map(void **state)
{
	const struct arm64 *form = &arm64_forms[1];
	uint64_t linear = (UINT64_MAX << 48) + 0x12000000;
	uint64_t vaddr;

	for (unsigned int in_image = 0; in_image < 2; in_image++) {
		struct kd_kernel *kernel;
		struct fixture fixture;
		struct kd_dump *dump;

		begin_arm64(&fixture, form);
		/* the same lower tables serve both halves of the space */
		arm64_map(&fixture, form, linear + DATA - RAM, DATA);
		swapper_info(&fixture, form);
		bits_info(&fixture, form);
		offset_info(&fixture, form);
		fixture_info(
			&fixture, "SYMBOL(mem_section)=%llx",
			(unsigned long long)((in_image ? image_vaddr(form) : linear) + DATA - RAM));
		open_kernel(&fixture, &dump, &kernel);
		assert_int_equal(kd_kernel_direct_map(kernel, &vaddr, NULL),
				 in_image ? KD_NOTFOUND : KD_OK);
		if (!in_image)
			assert_true(vaddr == linear - RAM);
		close_kernel(&fixture, dump, kernel);
	}
}

/* A translation is remembered for its page, whatever a damaged dump says of the size of pages. */
static void arm64_pages_are_of_the_tables(void **state)
{
	const struct arm64 *form = &arm64_forms[1];
	uint64_t vaddr = (UINT64_MAX << 48) + 0x3000, paddr, bytes;
	const struct kd_tables tables = {
		.root_paddr = SWAPPER, .levels = 4, .va_bits = 48, .page_bytes = 4096};
	struct kd_kernel *kernel;
	struct kd_space space;
	struct fixture fixture;
	struct kd_dump *dump;

	begin_arm64(&fixture, form);
	fixture_poke_number(&fixture, TABLES + 2 * 8, 0, 8);
	fixture_poke_number(&fixture, TABLES + 3 * 8, DATA | 3, 8);
	arm64_map(&fixture, form, vaddr, DATA);
	fixture_info(&fixture, "PAGESIZE=65536");
	open_kernel(&fixture, &dump, &kernel);
	assert_ptr_equal(kd_dump_arch(dump), &kd_arch_arm64_64k);
	kd_space_init(&space, kd_dump_reader(dump), &tables);
	assert_int_equal(kd_space_translate(&space, vaddr + 8, &paddr, &bytes, NULL), KD_OK);
	assert_int_equal(paddr, DATA + 8);
	assert_int_equal(kd_space_translate(&space, vaddr - 8, &paddr, &bytes, NULL), KD_FAULT);
	close_kernel(&fixture, dump, kernel);
}

static void arm64_registers(void **state)
{
	uint8_t status[392] = {0};
	uint32_t pid = 75;
	uint64_t pc = UINT64_C(0xffff800012345678), sp = UINT64_C(0xffff80001abcdef0);
	struct kd_cpu_registers registers;
	struct kd_kernel *kernel;
	struct fixture fixture;
	struct kd_dump *dump;

	/* struct user_pt_regs: regs[31], sp, pc, pstate */
	memcpy(status + 32, &pid, sizeof(pid));
	memcpy(status + 112 + 31 * 8, &sp, sizeof(sp));
	memcpy(status + 112 + 32 * 8, &pc, sizeof(pc));
	begin_arm64(&fixture, &arm64_forms[13]);
	fixture_note(&fixture, "CORE", NT_PRSTATUS, status, sizeof(status));
	open_kernel(&fixture, &dump, &kernel);
	assert_int_equal(kd_registers_count(dump), 1);
	assert_int_equal(kd_registers_get(dump, 0, &registers, NULL), KD_OK);
	assert_int_equal(registers.pid, 75);
	assert_true(kd_register_value(&registers, registers.arch->program_counter) == pc);
	assert_true(kd_register_value(&registers, registers.arch->stack_pointer) == sp);
	close_kernel(&fixture, dump, kernel);
}

/* i386: the image at 16 MiB or, moved by KASLR, higher, in the direct map */

enum { IMAGE_BYTES = 0x20000, I386_SWAPPER = 0x4000, I386_TABLE = 0x6000, I386_DATA = 0x8000 };

static void begin_i386(struct fixture *fixture, bool pae, uint32_t page_offset, uint32_t image)
{
	uint32_t vaddr = page_offset + image, large = pae ? 2 << 20 : 4 << 20;

	fixture_init(fixture, 0);
	fixture->machine = EM_386;
	fixture_memory(fixture, image, IMAGE_BYTES, IMAGE_BYTES);
	if (pae) {
		fixture_poke_number(fixture, image + I386_SWAPPER + (vaddr >> 30) * 8,
				    (image + I386_TABLE) | 1, 8);
		fixture_poke_number(fixture, image + I386_TABLE + (vaddr >> 21 & 511) * 8,
				    (image & ~(large - 1)) | 0x81, 8);
		fixture_info(fixture, "CONFIG_X86_PAE=y");
	} else {
		fixture_poke_number(fixture, image + I386_SWAPPER + (vaddr >> 22) * 4,
				    (image & ~(large - 1)) | 0x81, 4);
	}
	fixture_poke_number(fixture, image + I386_DATA, MARK, 8);
	fixture_info(fixture, "PAGESIZE=4096");
}

static void i386_forms_are_found(void **state)
{
	static const uint32_t page_offsets[] = {0xc0000000, 0xb0000000, 0x80000000, 0x78000000,
						0x40000000};
	/* the last: a smaller page offset's image where a larger one begins, too */
	static const uint32_t images[] = {0x1000000, 0x1200000, 0x11000000, 0x1e800000};

	for (unsigned int i = 0; i < 2 * 5 * 4; i++) {
		uint32_t page_offset = page_offsets[i / 2 % 5], image = images[i / 10];
		struct kd_kernel *kernel;
		struct fixture fixture;
		struct kd_dump *dump;
		uint8_t byte;

		begin_i386(&fixture, i % 2, page_offset, image);
		fixture_info(&fixture, "SYMBOL(swapper_pg_dir)=%x",
			     page_offset + image + I386_SWAPPER);
		open_kernel(&fixture, &dump, &kernel);
		finds(kernel, page_offset + image + I386_DATA);
		assert_int_equal(kd_kernel_space(kernel)->tables.levels, 2 + i % 2);
		assert_true(kd_kernel_image_offset(kernel) == page_offset);
		assert_int_equal(kd_kernel_read(kernel, image, &byte, 1, NULL), KD_FAULT);
		close_kernel(&fixture, dump, kernel);
	}
}

static void i386_says_nonsense(void **state)
{
	struct fixture fixture;

	begin_i386(&fixture, true, 0xc0000000, 0x1000000);
	finds_none(&fixture, KD_NOTFOUND, "SYMBOL(swapper_pg_dir)");
	begin_i386(&fixture, true, 0xc0000000, 0x1000000);
	fixture_info(&fixture, "SYMBOL(swapper_pg_dir)=ffffffffc1004000");
	finds_none(&fixture, KD_CORRUPT, "32 bits");
	begin_i386(&fixture, true, 0xc0000000, 0x1000000);
	fixture_info(&fixture, "SYMBOL(swapper_pg_dir)=3fffffff");
	finds_none(&fixture, KD_CORRUPT, "not in the kernel's part");
	/* a page further: zeros, and then a table that is no root; beyond: a hole */
	begin_i386(&fixture, true, 0xc0000000, 0x1000000);
	fixture_info(&fixture, "SYMBOL(swapper_pg_dir)=c1005000");
	finds_none(&fixture, KD_FAULT, "page tables at 0xc1005000: 0xc1005000: not mapped");
	begin_i386(&fixture, true, 0xc0000000, 0x1000000);
	fixture_info(&fixture, "SYMBOL(swapper_pg_dir)=c4004000");
	finds_none(&fixture, KD_HOLE, "page tables at 0xc4004000");
	/* tables that are no such tables: PAE is not said, or is not there */
	begin_i386(&fixture, false, 0xc0000000, 0x1000000);
	fixture_info(&fixture, "SYMBOL(swapper_pg_dir)=c1004000");
	fixture_info(&fixture, "CONFIG_X86_PAE=y");
	finds_none(&fixture, KD_FAULT, "not mapped (level 3)");
	/* mapped, but elsewhere */
	begin_i386(&fixture, false, 0xc0000000, 0x1000000);
	fixture_poke_number(&fixture, 0x1000000 + I386_SWAPPER + 0x304 * 4, 0x5000081, 4);
	fixture_info(&fixture, "SYMBOL(swapper_pg_dir)=c1004000");
	finds_none(&fixture, KD_CORRUPT, "map themselves to 0x5004000, not 0x1004000");
}

/* mem_map is a pointer of 4 bytes, in the direct map as the image is. */
static void i386_direct_map(void **state)
{
	struct kd_kernel *kernel;
	struct fixture fixture;
	struct kd_dump *dump;
	uint64_t vaddr;

	begin_i386(&fixture, true, 0xc0000000, 0x1000000);
	fixture_poke_number(&fixture, 0x1000000 + I386_DATA, 0xc1012000, 4); /* MARK above it */
	fixture_info(&fixture, "SYMBOL(swapper_pg_dir)=c1004000");
	fixture_info(&fixture, "SYMBOL(mem_map)=%x", 0xc1000000 + I386_DATA);
	open_kernel(&fixture, &dump, &kernel);
	assert_int_equal(kd_kernel_direct_map(kernel, &vaddr, NULL), KD_OK);
	assert_int_equal(vaddr, 0xc0000000);
	close_kernel(&fixture, dump, kernel);
}

/* What is made for pointers of 8 bytes is not tried on those of 4, and says so. */
static void i386_structures_are_not_read(void **state)
{
	struct kd_kernel *kernel;
	struct fixture fixture;
	struct kd_pages pages;
	struct kd_types types;
	struct kd_dump *dump;
	struct kd_err err;

	begin_i386(&fixture, true, 0xc0000000, 0x1000000);
	fixture_info(&fixture, "SYMBOL(swapper_pg_dir)=c1004000");
	open_kernel(&fixture, &dump, &kernel);
	assert_non_null(kd_kernel_space(kernel));
	assert_int_equal(kd_pages_init(&pages, kernel, &err), KD_UNSUPPORTED);
	assert_string_equal(err.text, "struct page: not read on i686 yet");
	assert_int_equal(kd_types_init(&types, kernel, &err), KD_UNSUPPORTED);
	assert_int_equal(kd_klog_each(kernel, NULL, NULL, NULL, &err), KD_UNSUPPORTED);
	assert_string_equal(err.text, "kernel log: not read on i686 yet");
	close_kernel(&fixture, dump, kernel);
}

static void i386_registers(void **state)
{
	uint8_t status[144] = {0};
	uint32_t pid = 75, pc = 0xc1234567, sp = 0xc7654320;
	struct kd_cpu_registers registers;
	struct kd_kernel *kernel;
	struct fixture fixture;
	struct kd_dump *dump;

	/* user_regs_struct: bx … ip is the 13th, sp the 16th */
	memcpy(status + 24, &pid, sizeof(pid));
	memcpy(status + 72 + 12 * 4, &pc, sizeof(pc));
	memcpy(status + 72 + 15 * 4, &sp, sizeof(sp));
	begin_i386(&fixture, true, 0xc0000000, 0x1000000);
	fixture_note(&fixture, "CORE", NT_PRSTATUS, status, sizeof(status));
	open_kernel(&fixture, &dump, &kernel);
	assert_int_equal(kd_registers_get(dump, 0, &registers, NULL), KD_OK);
	assert_int_equal(registers.pid, 75);
	assert_int_equal(kd_register_value(&registers, registers.arch->program_counter), pc);
	assert_int_equal(kd_register_value(&registers, registers.arch->stack_pointer), sp);
	close_kernel(&fixture, dump, kernel);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(arm64_forms_are_found),
		cmocka_unit_test(arm64_without_voffset),
		cmocka_unit_test(arm64_says_too_little),
		cmocka_unit_test(arm64_says_nonsense),
		cmocka_unit_test(arm64_direct_map),
		cmocka_unit_test(arm64_pages_are_of_the_tables),
		cmocka_unit_test(arm64_registers),
		cmocka_unit_test(i386_forms_are_found),
		cmocka_unit_test(i386_says_nonsense),
		cmocka_unit_test(i386_direct_map),
		cmocka_unit_test(i386_structures_are_not_read),
		cmocka_unit_test(i386_registers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
