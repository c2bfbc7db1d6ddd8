/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a kernel takes by its file, and the sum of the reservation on a made-up machine. */
#include "test.h"

#include "advise_fixture.h"
#include "load_machine.h"

#include "advise/kernel_memory.h"
#include "advise/reservation.h"
#include "load/cpio.h"
#include "load/initramfs.h"

#define MIB (UINT64_C(1) << 20)

static struct machine machine;
static char kernel_path[PATH_MAX], initrd_path[PATH_MAX];

static void put_bytes(const char *path, const void *data, size_t bytes)
{
	assert_int_equal(kd_file_replace(path, data, bytes, 0600, NULL), KD_OK);
}

static void put_initrd(void)
{
	struct kd_cpio cpio = {0};
	size_t bytes;
	char *packed;

	assert_int_equal(kd_cpio_add_file(&cpio, "init", 0755, calloc(1, 2 << 20), 2 << 20, NULL),
			 KD_OK);
	assert_int_equal(kd_cpio_add_file(&cpio, "lib/a.ko", 0644, calloc(1, 5000), 5000, NULL),
			 KD_OK);
	assert_int_equal(kd_cpio_add_file(&cpio, "etc/kdump/modules", 0644, strdup("x"), 1, NULL),
			 KD_OK);
	assert_int_equal(kd_cpio_pack(&cpio, &packed, &bytes, NULL), KD_OK);
	put_bytes(initrd_path, packed, bytes);
	free(packed);
	kd_cpio_deinit(&cpio);
}

static int setup(void **state)
{
	static uint8_t file[BZIMAGE_MOST];

	machine_make(&machine);
	machine.paths.dev = "/nonexistent";
	machine_put(&machine, "proc/cpuinfo", "flags\t\t: fpu la57 sse\n");
	kd_path(kernel_path, machine.root, "boot/vmlinuz-6.1.0-99-test");
	kd_path(initrd_path, machine.root, "var/lib/kdump/initrd-6.1.0-99-test");
	put_bytes(kernel_path, file, bzimage_make(file));
	put_initrd();
	return 0;
}

static int teardown(void **state)
{
	machine_destroy(&machine);
	return 0;
}

static void check_memory(const struct kd_kernel_memory *memory)
{
	assert_true(memory->exact);
	assert_int_equal(memory->resident_bytes, 36 * MIB);
	/* init sections, the gap behind the code, the gap behind read-only data */
	assert_int_equal(memory->given_back_bytes, 2 * MIB + 2 * MIB + 2 * MIB);
	assert_int_equal(memory->code_bytes, 14 * MIB);
	assert_int_equal(memory->rodata_bytes, 4 * MIB);
	assert_int_equal(memory->percpu_bytes, 64 << 10);
}

static void test_kernel_memory(void **state)
{
	struct kd_kernel_memory memory = {0};
	uint8_t vmlinux[VMLINUX_BYTES];
	size_t bytes = vmlinux_make(vmlinux);

	assert_int_equal(kd_kernel_memory_of_elf(vmlinux, bytes, &memory, NULL), KD_OK);
	check_memory(&memory);
	assert_int_equal(kd_kernel_memory_read(kernel_path, &memory, NULL), KD_OK);
	check_memory(&memory);
	assert_int_equal(memory.load_bytes, 48 * MIB);
	put_bytes(kernel_path, vmlinux, bytes);
	assert_int_equal(kd_kernel_memory_read(kernel_path, &memory, NULL), KD_OK);
	check_memory(&memory);
	assert_int_equal(memory.load_bytes, 40 * MIB);
}

static void test_cut_and_damaged_elf(void **state)
{
	struct kd_kernel_memory memory = {0};
	uint8_t vmlinux[VMLINUX_BYTES];
	size_t bytes = vmlinux_make(vmlinux);

	for (size_t cut = 0; cut < bytes; cut++)
		assert_int_not_equal(kd_kernel_memory_of_elf(vmlinux, cut, &memory, NULL), KD_OK);
	/* whatever a byte of headers, names and section headers becomes: an answer or an error, within bounds */
	for (size_t at = 0; at < bytes; at++)
		for (int bit = 0; bit < 8; bit++) {
			vmlinux[at] ^= (uint8_t)(1 << bit);
			if (!kd_kernel_memory_of_elf(vmlinux, bytes, &memory, NULL)) {
				assert_true(memory.resident_bytes <= 1024 * MIB);
				assert_true(memory.given_back_bytes < memory.resident_bytes);
			}
			vmlinux[at] ^= (uint8_t)(1 << bit);
		}
}

static void test_payload_that_cannot_be_unpacked(void **state)
{
	static uint8_t file[BZIMAGE_MOST];
	const size_t payload_at = BZIMAGE_SETUP_BYTES + 4096;
	struct kd_kernel_memory memory = {0};
	size_t bytes = bzimage_make(file);
	struct kd_err err = {0};

	/* damaged within: an error */
	memset(file + payload_at + 12, 0x5a, 32);
	put_bytes(kernel_path, file, bytes);
	assert_int_equal(kd_kernel_memory_read(kernel_path, &memory, &err), KD_CORRUPT);
	/* of an unknown compression: at most what it needs to unpack itself */
	bzimage_make(file);
	memset(file + payload_at, 0x5a, 4);
	put_bytes(kernel_path, file, bytes);
	assert_int_equal(kd_kernel_memory_read(kernel_path, &memory, &err), KD_OK);
	assert_false(memory.exact);
	assert_int_equal(memory.resident_bytes, memory.load_bytes);
	/* outside of the file */
	bzimage_make(file);
	memset(file + BZIMAGE_HEADER_AT + offsetof(struct setup_header, payload_length), 0xff, 4);
	put_bytes(kernel_path, file, bytes);
	assert_int_equal(kd_kernel_memory_read(kernel_path, &memory, &err), KD_CORRUPT);
	assert_non_null(strstr(err.text, kernel_path));
}

static enum kd_status estimate(struct kd_load_request request, struct kd_estimate *made,
			       struct kd_err *err)
{
	request.paths = &machine.paths;
	request.kernel_path = kernel_path;
	request.backup = request.backup ? request.backup : KD_BACKUP_NEVER;
	return kd_estimate_reservation(&request, NULL, made, err);
}

static const struct kd_estimate_line *line_of(const struct kd_estimate *made, const char *name)
{
	for (unsigned int i = 0; i < made->line_count; i++)
		if (!strcmp(made->lines[i].name, name))
			return &made->lines[i];
	return NULL;
}

static void test_sum(void **state)
{
	struct kd_estimate made;
	uint64_t sums[KD_MOMENTS] = {0};

	assert_int_equal(
		estimate((struct kd_load_request){.initrd_path = initrd_path}, &made, NULL), KD_OK);
	for (unsigned int i = 0; i < made.line_count; i++) {
		assert_true(*made.lines[i].from != '\0');
		for (int moment = 0; moment < KD_MOMENTS; moment++)
			sums[moment] += made.lines[i].bytes[moment];
	}
	for (int moment = 0; moment < KD_MOMENTS; moment++) {
		assert_int_equal(sums[moment], made.sums[moment]);
		assert_true(sums[moment] <= made.need_bytes);
	}
	assert_int_equal(made.need_bytes, made.sums[made.decides]);
	assert_true(made.recommend_bytes >= made.need_bytes + made.margin_bytes);
	assert_true(made.recommend_bytes < made.need_bytes + made.margin_bytes + MIB);
	assert_int_equal(made.recommend_bytes % MIB, 0);
	assert_int_equal(line_of(&made, "kernel, unpacking itself")->bytes[KD_MOMENT_LOAD],
			 48 * MIB);
	assert_int_equal(line_of(&made, "kernel, unpacked")->bytes[KD_MOMENT_BOOT], 36 * MIB);
	assert_int_equal(line_of(&made, "kernel, unpacked")->bytes[KD_MOMENT_CAPTURE], 30 * MIB);
	assert_int_equal(line_of(&made, "table of memory sections")->bytes[KD_MOMENT_BOOT], MIB);
	/* 2 MiB and two pages, the page of the list, and entries for these, "lib", "etc" and "etc/kdump" */
	assert_int_equal(line_of(&made, "initramfs, unpacked")->bytes[KD_MOMENT_BOOT],
			 2 * MIB + 3 * 4096 + 6 * 1024);
	assert_int_equal(line_of(&made, "modules")->bytes[KD_MOMENT_CAPTURE], 8192);
}

static void test_what_changes_it(void **state)
{
	struct kd_estimate plain, other;

	assert_int_equal(estimate((struct kd_load_request){0}, &plain, NULL), KD_OK);
	assert_null(line_of(&plain, "initramfs, unpacked"));
	assert_int_equal(estimate((struct kd_load_request){.cpus = 4}, &other, NULL), KD_OK);
	assert_true(other.need_bytes > plain.need_bytes + 3 * MIB);
	assert_int_equal(
		estimate((struct kd_load_request){.backup = KD_BACKUP_ALWAYS}, &other, NULL),
		KD_OK);
	/* and a little that the kernel keeps free of what is more */
	assert_in_range(other.need_bytes - plain.need_bytes, 640 << 10, 660 << 10);

	machine_put(&machine, "proc/cpuinfo", "flags\t\t: fpu sse tdx_guest\n");
	assert_int_equal(estimate((struct kd_load_request){0}, &other, NULL), KD_OK);
	assert_int_equal(line_of(&other, "swiotlb")->bytes[KD_MOMENT_BOOT], 64 * MIB);
	assert_int_equal(line_of(&other, "table of memory sections")->bytes[KD_MOMENT_BOOT],
			 16 << 10);
	machine_put(&machine, "proc/cpuinfo", "flags\t\t: fpu la57\n");
	machine_put(&machine, "proc/cmdline", "root=/dev/vda1 no5lvl\n");
	assert_int_equal(estimate((struct kd_load_request){0}, &other, NULL), KD_OK);
	assert_int_equal(line_of(&other, "table of memory sections")->bytes[KD_MOMENT_BOOT],
			 16 << 10);
}

/* Where the reservation lies decides how many sections of memory it touches. */
static void test_sections(void **state)
{
	struct kd_estimate made;

	/* 54 MiB end at 0x38000000, a border of sections: one, and that of low memory */
	machine_put(&machine, "proc/iomem",
		    "00100000-3fffffff : System RAM\n  30000000-37ffffff : Crash kernel\n");
	assert_int_equal(estimate((struct kd_load_request){0}, &made, NULL), KD_OK);
	assert_int_equal(line_of(&made, "struct pages")->bytes[KD_MOMENT_BOOT], 4 * MIB);
	/* across a border */
	machine_put(&machine, "proc/iomem",
		    "00100000-3fffffff : System RAM\n  2a000000-31ffffff : Crash kernel\n");
	assert_int_equal(estimate((struct kd_load_request){0}, &made, NULL), KD_OK);
	assert_int_equal(line_of(&made, "struct pages")->bytes[KD_MOMENT_BOOT], 6 * MIB);
	/* not known */
	machine_put(&machine, "proc/iomem", "00000000-00000000 : System RAM\n");
	assert_int_equal(estimate((struct kd_load_request){0}, &made, NULL), KD_OK);
	assert_int_equal(line_of(&made, "struct pages")->bytes[KD_MOMENT_BOOT], 6 * MIB);
}

static void test_what_is_wrong(void **state)
{
	struct kd_estimate made;
	struct kd_err err = {0};

	assert_int_equal(
		estimate((struct kd_load_request){.initrd_path = "/nonexistent"}, &made, &err),
		KD_NOTFOUND);
	put_bytes(initrd_path, "not an archive", 14);
	assert_int_equal(
		estimate((struct kd_load_request){.initrd_path = initrd_path}, &made, &err),
		KD_CORRUPT);
	put_bytes(kernel_path, "no kernel", 9);
	assert_int_equal(estimate((struct kd_load_request){0}, &made, &err), KD_UNSUPPORTED);
	assert_non_null(strstr(err.text, "not a kernel"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_kernel_memory, setup, teardown),
		cmocka_unit_test(test_cut_and_damaged_elf),
		cmocka_unit_test_setup_teardown(test_payload_that_cannot_be_unpacked, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_sum, setup, teardown),
		cmocka_unit_test_setup_teardown(test_what_changes_it, setup, teardown),
		cmocka_unit_test_setup_teardown(test_sections, setup, teardown),
		cmocka_unit_test_setup_teardown(test_what_is_wrong, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
