/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Second kernels as files: made-up bzImages and vmlinuxes, good, cut and crooked. */
#include "test.h"

#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bzimage_fixture.h"
#include "load/kernel_image.h"

enum { BZIMAGE_BYTES = 8192, VMLINUX_BYTES = 0x6000 };

#define TEXT UINT64_C(0xffffffff80000000)

/* Reads exactly these bytes from memory of exactly that size, so that a sanitizer sees an overrun. */
static enum kd_status read_bytes(const void *bytes, size_t count, struct kd_kernel_image *image,
				 struct kd_err *err)
{
	uint8_t *copy = malloc(count ? count : 1);
	enum kd_status status;

	memcpy(copy, bytes, count);
	status = kd_kernel_image_read(copy, count, image, err);
	free(copy);
	return status;
}

static enum kd_status read_bzimage(const struct setup_header *header, size_t bytes,
				   struct kd_kernel_image *image, struct kd_err *err)
{
	uint8_t file[BZIMAGE_BYTES] = {0};

	memset(file + 1024, 0x90, sizeof(file) - 1024);
	memcpy(file + BZIMAGE_HEADER_AT, header, sizeof(*header));
	return read_bytes(file, bytes, image, err);
}

static void test_bzimage(void **state)
{
	struct setup_header header = bzimage_header(BZIMAGE_BYTES);
	struct kd_kernel_image image;
	struct kd_err err;

	assert_int_equal(read_bzimage(&header, BZIMAGE_BYTES, &image, &err), KD_OK);
	assert_string_equal(image.format, "bzImage");
	assert_int_equal(image.data_bytes, BZIMAGE_BYTES - 1024);
	assert_int_equal(image.memory_bytes, 4 << 20);
	assert_int_equal(image.alignment, 0x200000);
	assert_int_equal(image.entry_offset, 0x200);
	assert_int_equal(image.command_line_limit_bytes, 2047);
	assert_false(image.fixed);
	assert_false(image.below_4g);
	kd_kernel_image_deinit(&image);

	header.relocatable_kernel = 0;
	header.xloadflags = XLF_KERNEL_64;
	assert_int_equal(read_bzimage(&header, BZIMAGE_BYTES, &image, &err), KD_OK);
	assert_true(image.fixed && image.below_4g);
	assert_int_equal(image.fixed_paddr, 0x1000000);
	kd_kernel_image_deinit(&image);
}

static void test_bzimage_refused(void **state)
{
	static const struct {
		size_t offset;
		uint8_t byte;
		const char *why;
	} cases[] = {
		{offsetof(struct setup_header, version), 0x0b, NULL},
		{offsetof(struct setup_header, loadflags), 0, "zImage"},
		{offsetof(struct setup_header, xloadflags), 0, "32-bit kernel"},
		{offsetof(struct setup_header, kernel_alignment), 3, "power of two"},
	};
	struct kd_kernel_image image;
	struct kd_err err;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct setup_header header = bzimage_header(BZIMAGE_BYTES);

		((uint8_t *)&header)[cases[i].offset] = cases[i].byte;
		if (!cases[i].why)
			header.version = 0x020b;
		assert_int_not_equal(read_bzimage(&header, BZIMAGE_BYTES, &image, &err), KD_OK);
		assert_non_null(strstr(err.text, cases[i].why ? cases[i].why : "protocol 2.11"));
	}
}

static void test_bzimage_cut_anywhere(void **state)
{
	struct setup_header header = bzimage_header(BZIMAGE_BYTES);
	struct kd_kernel_image image;
	struct kd_err err;

	for (size_t bytes = 0; bytes < BZIMAGE_BYTES - 15; bytes += bytes < 2048 ? 1 : 61)
		assert_int_not_equal(read_bzimage(&header, bytes, &image, &err), KD_OK);
	assert_non_null(strstr(err.text, "truncated"));
}

/* Text at 16 MiB, a per-CPU segment linked at 0, .bss at the end. */
struct vmlinux {
	Elf64_Ehdr ehdr;
	Elf64_Phdr phdrs[3];
};

static struct vmlinux good_vmlinux(void)
{
	struct vmlinux made = {
		.ehdr = {.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
			 .e_type = ET_EXEC,
			 .e_machine = EM_X86_64,
			 .e_entry = 0x1000100,
			 .e_phoff = sizeof(Elf64_Ehdr),
			 .e_phentsize = sizeof(Elf64_Phdr),
			 .e_phnum = 3},
		.phdrs = {{.p_type = PT_LOAD,
			   .p_offset = 0x1000,
			   .p_vaddr = TEXT + 0x1000000,
			   .p_paddr = 0x1000000,
			   .p_filesz = 0x3000,
			   .p_memsz = 0x3000},
			  {.p_type = PT_LOAD,
			   .p_offset = 0x4000,
			   .p_vaddr = 0,
			   .p_paddr = 0x1004000,
			   .p_filesz = 0x1000,
			   .p_memsz = 0x1000},
			  {.p_type = PT_LOAD,
			   .p_offset = 0x5000,
			   .p_vaddr = TEXT + 0x1200000,
			   .p_paddr = 0x1200000,
			   .p_filesz = 0x1000,
			   .p_memsz = 0x80000}},
	};

	return made;
}

static enum kd_status read_vmlinux(const struct vmlinux *headers, size_t bytes,
				   struct kd_kernel_image *image, struct kd_err *err)
{
	uint8_t file[VMLINUX_BYTES];

	for (size_t i = 0; i < sizeof(file); i++)
		file[i] = (uint8_t)(i / 0x1000 + 1);
	memcpy(file, headers, sizeof(*headers));
	return read_bytes(file, bytes, image, err);
}

static void test_vmlinux(void **state)
{
	struct vmlinux headers = good_vmlinux();
	struct kd_kernel_image image;
	struct kd_err err;

	assert_int_equal(read_vmlinux(&headers, VMLINUX_BYTES, &image, &err), KD_OK);
	assert_string_equal(image.format, "vmlinux");
	assert_false(image.fixed);
	assert_int_equal(image.alignment, 2 << 20);
	assert_int_equal(image.memory_bytes, 0x280000);
	assert_int_equal(image.data_bytes, 0x201000); /* .bss is not data */
	assert_int_equal(image.entry_offset, 0x100);
	assert_int_equal(image.data[0], 2);
	assert_int_equal(image.data[0x4000], 5); /* the per-CPU segment, by p_paddr */
	assert_int_equal(image.data[0x5000], 0);
	assert_int_equal(image.data[0x200000], 6);
	kd_kernel_image_deinit(&image);

	/* linked for one place, and no kernel of the known form */
	headers.phdrs[0].p_vaddr = headers.phdrs[2].p_vaddr = 0x40000000;
	assert_int_equal(read_vmlinux(&headers, VMLINUX_BYTES, &image, &err), KD_OK);
	assert_true(image.fixed);
	assert_int_equal(image.fixed_paddr, 0x1000000);
	kd_kernel_image_deinit(&image);
}

static void test_vmlinux_refused(void **state)
{
	struct vmlinux headers;
	struct kd_kernel_image image;
	struct kd_err err;

#define REFUSES(change, words)                                                                     \
	do {                                                                                       \
		headers = good_vmlinux();                                                          \
		change;                                                                            \
		assert_int_not_equal(read_vmlinux(&headers, VMLINUX_BYTES, &image, &err), KD_OK);  \
		assert_non_null(strstr(err.text, words));                                          \
	} while (0)

	REFUSES(headers.ehdr.e_ident[EI_CLASS] = ELFCLASS32, "32-bit");
	REFUSES(headers.ehdr.e_machine = EM_AARCH64, "machine 183");
	REFUSES(headers.ehdr.e_type = ET_REL, "no executable");
	REFUSES(headers.ehdr.e_phnum = 0, "program headers");
	REFUSES(headers.ehdr.e_phoff = UINT64_MAX, "truncated");
	REFUSES(headers.ehdr.e_phnum = 60000, "truncated");
	REFUSES(headers.ehdr.e_entry = TEXT + 0x1000100, "entry");
	REFUSES(headers.phdrs[0].p_filesz = UINT64_MAX, "truncated");
	REFUSES(headers.phdrs[0].p_offset = UINT64_MAX, "truncated");
	REFUSES(headers.phdrs[2].p_memsz = UINT64_MAX, "contradicts");
	REFUSES(headers.phdrs[0].p_memsz = 0x10, "contradicts");
	REFUSES(headers.phdrs[2].p_paddr = UINT64_C(1) << 40, "spans");
	REFUSES(headers.phdrs[0].p_type = headers.phdrs[1].p_type = headers.phdrs[2].p_type = 0,
		"nothing to load");
#undef REFUSES
}

static void test_vmlinux_cut_anywhere(void **state)
{
	struct vmlinux headers = good_vmlinux();
	struct kd_kernel_image image;
	struct kd_err err;

	for (size_t bytes = 0; bytes < VMLINUX_BYTES; bytes += bytes < 512 ? 1 : 97)
		assert_int_not_equal(read_vmlinux(&headers, bytes, &image, &err), KD_OK);
	assert_non_null(strstr(err.text, "truncated"));
}

/* Every byte of the headers, changed in several ways: an error or an image, never more. */
static void test_damaged_headers(void **state)
{
	static const uint8_t masks[] = {0x01, 0x80, 0xff};

	for (size_t at = 0; at < sizeof(struct vmlinux) + sizeof(struct setup_header); at++) {
		for (size_t i = 0; i < sizeof(masks); i++) {
			struct setup_header header = bzimage_header(BZIMAGE_BYTES);
			struct vmlinux headers = good_vmlinux();
			struct kd_kernel_image image;
			enum kd_status status;

			if (at < sizeof(headers)) {
				((uint8_t *)&headers)[at] ^= masks[i];
				status = read_vmlinux(&headers, VMLINUX_BYTES, &image, NULL);
			} else {
				((uint8_t *)&header)[at - sizeof(headers)] ^= masks[i];
				status = read_bzimage(&header, BZIMAGE_BYTES, &image, NULL);
			}
			if (status)
				continue;
			assert_true(image.data_bytes <= image.memory_bytes);
			kd_kernel_image_deinit(&image);
		}
	}
}

static void test_mistakes_are_named(void **state)
{
	static const struct {
		const char *bytes, *words;
	} cases[] = {
		{"\x1f\x8b\x08 something gzipped, long enough to look at", "gzip data"},
		{"070701 and so on, an archive of files in the end", "cpio archive"},
		{"!<arch>\n a package of the distribution", "package"},
		{"just a text file that somebody named by mistake",
		 "neither a bzImage nor a vmlinux"},
		{"", "empty"},
	};
	struct kd_kernel_image image;
	struct kd_err err;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		assert_int_not_equal(
			read_bytes(cases[i].bytes, strlen(cases[i].bytes), &image, &err), KD_OK);
		assert_non_null(strstr(err.text, cases[i].words));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bzimage),
		cmocka_unit_test(test_bzimage_refused),
		cmocka_unit_test(test_bzimage_cut_anywhere),
		cmocka_unit_test(test_vmlinux),
		cmocka_unit_test(test_vmlinux_refused),
		cmocka_unit_test(test_vmlinux_cut_anywhere),
		cmocka_unit_test(test_damaged_headers),
		cmocka_unit_test(test_mistakes_are_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
