/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What method file finds out before it calls the kernel. */
#include "test.h"

#include <errno.h>

#include "bzimage_fixture.h"
#include "load_machine.h"

#include "load/file_method.h"

enum { IMAGE_BYTES = 8192 };

static void put_kernel(const struct machine *machine, const struct setup_header *header,
		       size_t bytes)
{
	static uint8_t image[IMAGE_BYTES];
	char path[PATH_MAX];

	memset(image, 0, sizeof(image));
	memcpy(image + BZIMAGE_HEADER_AT, header, sizeof(*header));
	assert(!kd_file_replace(kd_path(path, machine->boot, "vmlinuz"), image, bytes, 0644, NULL));
}

/* Prepares what the machine holds; *line (to be freed) gets the command line. */
static enum kd_status prepare(const struct machine *machine, const char *append,
			      enum kd_backup backup, char **line, struct kd_err *err)
{
	char kernel[PATH_MAX], initrd[PATH_MAX];
	struct kd_load_request request = {
		.paths = &machine->paths,
		.kernel_path = kd_path(kernel, machine->boot, "vmlinuz"),
		.initrd_path = kd_path(initrd, machine->state, "initrd-6.1.0-99-test"),
		.append = append,
		.method = KD_LOAD_FILE,
		.backup = backup,
	};
	struct kd_load_image *image = NULL;
	enum kd_status status = kd_load_prepare(&request, &image, err);
	size_t segments;

	if (status) {
		assert_null(image);
		return status;
	}
	kd_load_segments(image, &segments);
	assert_int_equal(segments, 0);
	assert_false(kd_load_backs_up(image));
	*line = strdup(kd_load_command_line(image));
	kd_load_image_free(image);
	return KD_OK;
}

static void test_good(void **state)
{
	struct setup_header header = bzimage_header(IMAGE_BYTES);
	KD_CLEANUP_FREE char *line = NULL;
	struct machine machine;

	machine_make(&machine);
	put_kernel(&machine, &header, IMAGE_BYTES);
	assert_int_equal(prepare(&machine, "console=ttyS0", KD_BACKUP_AUTO, &line, NULL), KD_OK);
	assert_non_null(strstr(line, "console=ttyS0"));
	assert_non_null(strstr(line, "reset_devices"));
	assert_null(strstr(line, "elfcorehdr="));
	machine_destroy(&machine);
}

static void test_bad(void **state)
{
	static const struct {
		size_t bytes;
		uint16_t clear_xloadflags;
		uint32_t init_size, cmdline_size;
		enum kd_backup backup;
		const char *says;
	} cases[] = {
		{300, 0, 4 << 20, 2047, KD_BACKUP_AUTO, "not a kernel"},
		{IMAGE_BYTES - 16, 0, 4 << 20, 2047, KD_BACKUP_AUTO, "truncated"},
		{IMAGE_BYTES, XLF_KERNEL_64, 4 << 20, 2047, KD_BACKUP_AUTO, "32-bit"},
		{IMAGE_BYTES, XLF_CAN_BE_LOADED_ABOVE_4G, 4 << 20, 2047, KD_BACKUP_AUTO, "too old"},
		/* the kernel and one page of initramfs; 128 MiB are reserved */
		{IMAGE_BYTES, 0, 128 << 20, 2047, KD_BACKUP_AUTO, "at least 4 KiB"},
		{IMAGE_BYTES, 0, 4 << 20, 31, KD_BACKUP_AUTO, "command line of 31"},
		{IMAGE_BYTES, 0, 4 << 20, 100, KD_BACKUP_AUTO, "the kernel takes 69"},
		{IMAGE_BYTES, 0, 4 << 20, 2047, KD_BACKUP_ALWAYS, "--backup always"},
	};
	struct machine machine;

	machine_make(&machine);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct setup_header header = bzimage_header(IMAGE_BYTES);
		struct kd_err err = {0};
		char *line = NULL;

		header.xloadflags &= (uint16_t)~cases[i].clear_xloadflags;
		header.init_size = cases[i].init_size;
		header.cmdline_size = cases[i].cmdline_size;
		put_kernel(&machine, &header, cases[i].bytes);
		assert_int_not_equal(prepare(&machine, NULL, cases[i].backup, &line, &err), KD_OK);
		if (!strstr(err.text, cases[i].says))
			fail_msg("case %zu: \"%s\" does not say \"%s\"", i, err.text,
				 cases[i].says);
	}
	machine_destroy(&machine);
}

/* An ELF file is sent to the other method, whatever else is wrong with it. */
static void test_elf(void **state)
{
	struct kd_err err = {0};
	struct machine machine;
	char *line = NULL;

	machine_make(&machine);
	machine_put(&machine, "boot/vmlinuz", "\177ELF");
	assert_int_not_equal(prepare(&machine, NULL, KD_BACKUP_AUTO, &line, &err), KD_OK);
	assert_non_null(strstr(err.text, "vmlinuz"));
	machine_destroy(&machine);
}

static void test_hints(void **state)
{
	assert_non_null(strstr(kd_file_method_hint(EADDRNOTAVAIL), "crashkernel="));
	assert_non_null(strstr(kd_file_method_hint(EPERM), "signed"));
	assert_string_equal(kd_file_method_hint(EIO), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_elf),
		cmocka_unit_test(test_hints),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
