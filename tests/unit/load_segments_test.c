/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Method segments on a made-up machine: the core header read back, the boot parameters, and the layout of
 * a whole image.
 */
#include "test.h"

#include <elf.h>

#include "bzimage_fixture.h"
#include "load_machine.h"

#include "base/sha256.h"
#include "load/boot_params.h"
#include "load/efi.h"
#include "load/elfcore.h"
#include "load/image.h"
#include "load/iomem.h"
#include "load/segments.h"
#include "purgatory/params.h"

enum { BZIMAGE_BYTES = 64 << 10 };

#define DIRECT_MAP UINT64_C(0xff11000000000000)
#define TEXT       UINT64_C(0xffffffff9f000000)

static struct machine machine;

static void put_bytes(const char *name, const void *data, size_t bytes)
{
	char path[PATH_MAX];

	machine_put(&machine, name, "");
	assert(!kd_file_replace(kd_path(path, machine.root, "%s", name), data, bytes, 0600, NULL));
}

/* /proc/kcore: vmalloc (no physical address), RAM, the kernel image. */
static void put_kcore(void)
{
	struct {
		Elf64_Ehdr ehdr;
		Elf64_Phdr phdrs[4];
	} core = {
		.ehdr = {.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
			 .e_phoff = sizeof(Elf64_Ehdr),
			 .e_phentsize = sizeof(Elf64_Phdr),
			 .e_phnum = 4},
		.phdrs = {{.p_type = PT_NOTE},
			  {.p_type = PT_LOAD, .p_vaddr = 0xffa0000000000000, .p_paddr = UINT64_MAX},
			  {.p_type = PT_LOAD,
			   .p_vaddr = TEXT,
			   .p_paddr = 0x1f000000,
			   .p_memsz = 0x2830000},
			  {.p_type = PT_LOAD,
			   .p_vaddr = DIRECT_MAP + 0x1000,
			   .p_paddr = 0x1000,
			   .p_memsz = 0x9e000}},
	};

	put_bytes("proc/kcore", &core, sizeof(core));
}

static void put_bzimage(uint32_t init_size, uint16_t xloadflags)
{
	static uint8_t file[BZIMAGE_BYTES];
	struct setup_header header = bzimage_header(BZIMAGE_BYTES);

	header.init_size = init_size;
	header.xloadflags = xloadflags;
	memset(file, 0x90, sizeof(file));
	memset(file, 0, 1024);
	memcpy(file + BZIMAGE_HEADER_AT, &header, sizeof(header));
	put_bytes("boot/vmlinuz", file, sizeof(file));
}

static int set_up(void **state)
{
	struct boot_params running = {.acpi_rsdp_addr = 0xf5ad0};

	machine_make(&machine);
	put_kcore();
	put_bzimage(40 << 20, XLF_KERNEL_64 | XLF_CAN_BE_LOADED_ABOVE_4G | XLF_5LEVEL);
	running.hdr.version = 0x020f;
	running.screen_info.orig_video_isVGA = 1;
	running.screen_info.orig_video_cols = 80;
	running.efi_info.efi_loader_signature = 0x34364c45; /* "EL64" */
	running.efi_info.efi_systab = 0x3f9ee018;
	running.efi_info.efi_memdesc_version = 1;
	put_bytes("sys/kernel/boot_params/data", &running, sizeof(running));
	machine_put(&machine, "sys/kernel/vmcoreinfo", "3f600000 1024\n");
	machine_put(&machine, "sys/devices/system/cpu/cpu10/crash_notes", "3d00a000\n");
	machine_put(&machine, "sys/devices/system/cpu/cpu10/crash_notes_size", "368\n");
	machine_put(&machine, "sys/devices/system/cpu/cpu2/crash_notes", "3d002000\n");
	machine_put(&machine, "sys/devices/system/cpu/cpu2/crash_notes_size", "368\n");
	machine_put(&machine, "sys/devices/system/cpu/cpu3/online", "0\n");
	machine_put(&machine, "sys/devices/system/cpu/cpufreq/x", "0\n");
	return 0;
}

static int tear_down(void **state)
{
	machine_destroy(&machine);
	return 0;
}

static const Elf64_Phdr *headers_of(const void *core, size_t *count)
{
	const Elf64_Ehdr *ehdr = core;

	assert_memory_equal(ehdr->e_ident, ELFMAG, SELFMAG);
	assert_int_equal(ehdr->e_type, ET_CORE);
	assert_int_equal(ehdr->e_machine, EM_X86_64);
	*count = ehdr->e_phnum;
	return (const Elf64_Phdr *)((const uint8_t *)core + ehdr->e_phoff);
}

static void assert_header(const Elf64_Phdr *phdr, uint32_t type, uint64_t offset, uint64_t vaddr,
			  uint64_t paddr, uint64_t bytes)
{
	assert_int_equal(phdr->p_type, type);
	assert_int_equal(phdr->p_offset, offset);
	assert_int_equal(phdr->p_vaddr, vaddr);
	assert_int_equal(phdr->p_paddr, paddr);
	assert_int_equal(phdr->p_filesz, bytes);
	assert_int_equal(phdr->p_memsz, bytes);
}

static void test_core_header(void **state)
{
	struct kd_kernel_layout layout;
	struct kd_memory_map memory;
	struct kd_iomem iomem;
	struct kd_err err;

	assert_int_equal(kd_iomem_read(&machine.paths, &iomem, &err), KD_OK);
	assert_int_equal(kd_memory_map_old(&iomem, &memory, &err), KD_OK);
	assert_int_equal(kd_kernel_layout_read(&machine.paths, &layout, &err), KD_OK);
	assert_int_equal(layout.direct_map_vaddr, DIRECT_MAP);
	for (unsigned int backup = 0; backup < 2; backup++) {
		const struct kd_elfcore_input input = {
			.paths = &machine.paths,
			.memory = &memory,
			.layout = &layout,
			.backup_paddr = backup ? 0x34000000 : 0,
			.least_bytes = backup ? 20000 : 0,
		};
		const Elf64_Phdr *phdr;
		size_t bytes, count;
		void *core;

		assert_int_equal(kd_elfcore_make(&input, &core, &bytes, &err), KD_OK);
		assert_int_equal(bytes, backup ? 20480 : 4096);
		phdr = headers_of(core, &count);
		assert_int_equal(count, 7);
		/* CPUs by number, without the one that has no notes; then vmcoreinfo */
		assert_header(phdr++, PT_NOTE, 0x3d002000, 0, 0x3d002000, 368);
		assert_header(phdr++, PT_NOTE, 0x3d00a000, 0, 0x3d00a000, 368);
		assert_header(phdr++, PT_NOTE, 0x3f600000, 0, 0x3f600000, 0x1024);
		assert_header(phdr++, PT_LOAD, 0x1f000000, TEXT, 0x1f000000, 0x2830000);
		assert_header(phdr++, PT_LOAD, input.backup_paddr, DIRECT_MAP, 0, 640 << 10);
		assert_header(phdr++, PT_LOAD, 0x100000, DIRECT_MAP + 0x100000, 0x100000,
			      0x2cf00000);
		assert_header(phdr++, PT_LOAD, 0x35000000, DIRECT_MAP + 0x35000000, 0x35000000,
			      0xb000000);
		free(core);
	}
	kd_memory_map_deinit(&memory);
	kd_iomem_deinit(&iomem);
}

static void test_kcore_refused(void **state)
{
	struct kd_kernel_layout layout;
	struct kd_err err;

	put_bytes("proc/kcore", "short", 5);
	assert_int_equal(kd_kernel_layout_read(&machine.paths, &layout, &err), KD_CORRUPT);
	put_bytes("proc/kcore", &(Elf64_Ehdr){.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS32}},
		  sizeof(Elf64_Ehdr));
	assert_int_equal(kd_kernel_layout_read(&machine.paths, &layout, &err), KD_CORRUPT);
	put_bytes("proc/kcore",
		  &(Elf64_Ehdr){.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64},
				.e_phentsize = sizeof(Elf64_Phdr),
				.e_phoff = UINT64_MAX - 20,
				.e_phnum = 9},
		  sizeof(Elf64_Ehdr));
	assert_int_equal(kd_kernel_layout_read(&machine.paths, &layout, &err), KD_UNSUPPORTED);
	machine_drop(&machine, "proc/kcore");
	assert_int_equal(kd_kernel_layout_read(&machine.paths, &layout, &err), KD_NOTFOUND);
}

/* Walks the setup_data list of a block that lies at paddr. */
static const struct setup_data *setup_data(const uint8_t *block, uint64_t paddr, uint32_t type,
					   unsigned int *entries)
{
	const struct boot_params *params = (const void *)block;
	const struct setup_data *found = NULL;

	*entries = 0;
	for (uint64_t at = params->hdr.setup_data; at;) {
		const struct setup_data *data = (const void *)(block + (at - paddr));

		++*entries;
		if (data->type == type)
			found = data;
		at = data->next;
	}
	return found;
}

static void test_boot_params(void **state)
{
	const uint64_t paddr = 0x134000000;
	struct kd_kernel_image kernel = {.has_setup_header = true};
	struct kd_memory_map memory = {0};
	const struct kd_boot_params_input input = {
		.paths = &machine.paths,
		.kernel = &kernel,
		.memory = &memory,
		.command_line = "console=ttyS0 x",
		.initrd_paddr = 0x135000000,
		.initrd_bytes = 0x100000042,
		.paddr = paddr,
	};
	const struct setup_data *more, *efi;
	const struct boot_params *params;
	unsigned int entries;
	struct kd_err err;
	uint8_t *block;
	size_t bytes;
	void *data;

	kernel.setup_header.version = 0x020f;
	kernel.setup_header.loadflags = LOADED_HIGH | CAN_USE_HEAP;
	for (uint64_t i = 0; i < 200; i++)
		assert_int_equal(kd_memory_map_add(&memory, i << 20, 4096, KD_E820_RAM, &err),
				 KD_OK);
	machine_put(&machine, "sys/firmware/efi/fw_vendor", "0x3f9ed018\n");
	machine_put(&machine, "sys/firmware/efi/config_table", "0x3f9ec018\n");
	for (unsigned int i = 0; i < 3; i++) {
		static const char *const files[] = {"type", "phys_addr", "virt_addr", "num_pages",
						    "attribute"};
		char name[96], value[32];

		for (unsigned int f = 0; f < 5; f++) {
			snprintf(name, sizeof(name), "sys/firmware/efi/runtime-map/%u/%s", i,
				 files[f]);
			snprintf(value, sizeof(value), "0x%x\n", 0x1000 * (i + 1) + f);
			machine_put(&machine, name, value);
		}
	}

	assert_int_equal(kd_boot_params_make(&input, &data, &bytes, &err), KD_OK);
	block = data;
	params = data;
	assert_int_equal(params->hdr.type_of_loader, 0xff);
	assert_int_equal(params->hdr.loadflags, LOADED_HIGH);
	assert_int_equal(params->hdr.ramdisk_image, 0x35000000);
	assert_int_equal(params->ext_ramdisk_image, 1);
	assert_int_equal(params->hdr.ramdisk_size, 0x42);
	assert_int_equal(params->ext_ramdisk_size, 1);
	assert_int_equal(params->ext_cmd_line_ptr, 1);
	assert_string_equal(block + (((uint64_t)1 << 32 | params->hdr.cmd_line_ptr) - paddr),
			    "console=ttyS0 x");
	assert_int_equal(params->screen_info.orig_video_cols, 80);
	assert_int_equal(params->acpi_rsdp_addr, 0xf5ad0);

	/* 128 ranges in the page, the rest behind it */
	assert_int_equal(params->e820_entries, 128);
	assert_int_equal(params->e820_table[127].addr, 127 << 20);
	more = setup_data(block, paddr, SETUP_E820_EXT, &entries);
	assert_int_equal(entries, 2);
	assert_non_null(more);
	assert_int_equal(more->len, 72 * sizeof(struct boot_e820_entry));
	assert_int_equal(((const struct boot_e820_entry *)more->data)[71].addr, 199 << 20);

	efi = setup_data(block, paddr, SETUP_EFI, &entries);
	assert_non_null(efi);
	assert_int_equal(((const uint64_t *)efi->data)[0], 0x3f9ed018);
	assert_int_equal(((const uint64_t *)efi->data)[2], 0x3f9ec018);
	assert_int_equal(params->efi_info.efi_memmap_size, 3 * 40);
	assert_int_equal(params->efi_info.efi_memdesc_size, 40);
	assert_int_equal(params->efi_info.efi_systab, 0x3f9ee018);
	{
		uint64_t map = ((uint64_t)params->efi_info.efi_memmap_hi << 32 |
				params->efi_info.efi_memmap) -
			       paddr;
		const uint64_t *last = (const void *)(block + map + 80);

		assert_int_equal(last[0], 0x3000); /* type */
		assert_int_equal(last[1], 0x3001); /* phys_addr */
		assert_int_equal(last[2], 0x3002);
		assert_int_equal(last[3], 0x3003);
		assert_int_equal(last[4], 0x3004);
	}
	free(data);
	kd_memory_map_deinit(&memory);
}

static void test_firmware_that_makes_no_sense(void **state)
{
	static const char *const wrong[] = {"0x1zz\n", "\n", "99999999999999999999999\n", "two\n"};
	struct kd_efi efi;
	struct kd_err err;

	/* no EFI is no error */
	assert_int_equal(kd_efi_read(&machine.paths, &efi, &err), KD_OK);
	assert_false(efi.present);
	machine_put(&machine, "sys/firmware/efi/runtime-map/0/type", "5\n");
	assert_int_equal(kd_efi_read(&machine.paths, &efi, &err), KD_NOTFOUND); /* phys_addr */
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		machine_put(&machine, "sys/firmware/efi/runtime-map/0/type", wrong[i]);
		assert_int_equal(kd_efi_read(&machine.paths, &efi, &err), KD_CORRUPT);
		assert_non_null(strstr(err.text, "runtime-map/0/type: not a number"));
	}
}

/* The root pointer: as the loader told it, else as EFI's table of tables did, else nobody knows. */
static void test_acpi_root_pointer(void **state)
{
	assert_int_equal(kd_acpi_rsdp(&machine.paths), 0xf5ad0);
	machine_drop(&machine, "sys/kernel/boot_params/data");
	assert_int_equal(kd_acpi_rsdp(&machine.paths), 0);
	machine_put(&machine, "sys/firmware/efi/systab", "ACPI=0x3fb7e000\nSMBIOS=0x3f918000\n");
	assert_int_equal(kd_acpi_rsdp(&machine.paths), 0x3fb7e000);
	machine_put(&machine, "sys/firmware/efi/systab", "ACPI20=0x3fb7e014\nACPI=0x3fb7e000\n");
	assert_int_equal(kd_acpi_rsdp(&machine.paths), 0x3fb7e014);
}

static enum kd_status prepare(enum kd_backup backup, struct kd_load_image **image,
			      struct kd_err *err)
{
	char kernel[PATH_MAX], initrd[PATH_MAX];
	const struct kd_load_request request = {
		.paths = &machine.paths,
		.kernel_path = kd_path(kernel, machine.boot, "vmlinuz"),
		.initrd_path = kd_path(initrd, machine.state, "initrd-6.1.0-99-test"),
		.method = KD_LOAD_SEGMENTS,
		.backup = backup,
	};

	return kd_segments_prepare(&request, image, err);
}

static const struct kd_load_segment *segment(const struct kd_load_image *image, const char *name)
{
	size_t count;
	const struct kd_load_segment *segments = kd_load_segments(image, &count);

	for (size_t i = 0; i < count; i++)
		if (!strcmp(segments[i].name, name))
			return &segments[i];
	fail_msg("no segment %s", name);
	return NULL;
}

/* What kernel/kexec_core.c, sanity_check_segment_list(), asks of a crash image. */
static void assert_loadable(const struct kd_load_image *image)
{
	size_t count;
	const struct kd_load_segment *a = kd_load_segments(image, &count);

	assert_true(count <= 16);
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(a[i].paddr % 4096, 0);
		assert_int_equal(a[i].memory_bytes % 4096, 0);
		assert_true(a[i].data_bytes <= a[i].memory_bytes);
		assert_true(a[i].paddr >= 0x2d000000);
		assert_true(a[i].paddr + a[i].memory_bytes <= 0x35000000);
		for (size_t j = 0; j < i; j++)
			assert_true(a[j].paddr + a[j].memory_bytes <= a[i].paddr ||
				    a[i].paddr + a[i].memory_bytes <= a[j].paddr);
	}
}

static void test_whole_image(void **state)
{
	for (int backup = 0; backup < 2; backup++) {
		const struct kd_load_segment *purgatory, *header, *boot;
		const struct kd_purgatory_params *params;
		struct kd_purgatory_header image_header;
		struct kd_load_image *image;
		char address[64];
		struct kd_err err;

		assert_int_equal(prepare(backup ? KD_BACKUP_ALWAYS : KD_BACKUP_NEVER, &image, &err),
				 KD_OK);
		assert_loadable(image);
		assert_int_equal(kd_load_backs_up(image), backup);
		purgatory = segment(image, "purgatory");
		header = segment(image, "core header");
		boot = segment(image, "boot parameters");
		assert_int_equal(image->entry, purgatory->paddr);
		snprintf(address, sizeof(address), "elfcorehdr=0x%llx",
			 (unsigned long long)header->paddr);
		assert_non_null(strstr(kd_load_command_line(image), address));

		memcpy(&image_header, purgatory->data, sizeof(image_header));
		params = (const void *)((const uint8_t *)purgatory->data +
					image_header.params_offset);
		assert_int_equal(params->entry, segment(image, "kernel")->paddr + 0x200);
		assert_int_equal(params->boot_params, boot->paddr);
		assert_int_equal(params->backup_bytes, backup ? 640 << 10 : 0);
		if (backup)
			assert_int_equal(params->backup_destination,
					 segment(image, "first 640 KiB")->paddr);
		/* every digest is of what is loaded */
		for (unsigned int i = 0; i < 4; i++) {
			const struct kd_load_segment *loaded;
			uint8_t digest[KD_SHA256_BYTES];
			struct kd_sha256 hash;

			assert_true(params->segments[i].bytes > 0);
			loaded = segment(image, params->segments[i].name);
			assert_int_equal(params->segments[i].paddr, loaded->paddr);
			kd_sha256_init(&hash);
			kd_sha256_update(&hash, loaded->data, loaded->data_bytes);
			kd_sha256_final(&hash, digest);
			assert_memory_equal(digest, params->segments[i].digest, sizeof(digest));
		}
		assert_int_equal(params->segments[4].bytes, 0);
		kd_load_image_free(image);
	}
}

/* A kernel that rewrites the core header itself: asked to, given its room, left out of the digest. */
static void test_header_follows_hotplug(void **state)
{
	struct kd_load_image *image;
	struct kd_err err;

	machine_put(&machine, "sys/kernel/crash_elfcorehdr_size", "573440\n");
	assert_int_equal(prepare(KD_BACKUP_NEVER, &image, &err), KD_OK);
	assert_int_equal(segment(image, "core header")->memory_bytes, 573440);
	assert_false(segment(image, "core header")->digested);
	assert_int_equal(image->flags, 4);
	kd_load_image_free(image);
	/* the kernel's header would know of no backup */
	assert_int_equal(prepare(KD_BACKUP_ALWAYS, &image, &err), KD_OK);
	assert_true(segment(image, "core header")->digested);
	assert_int_equal(image->flags, 0);
	kd_load_image_free(image);
}

static void test_refused(void **state)
{
	struct kd_load_image *image = NULL;
	struct kd_err err;

	put_bzimage(200 << 20, XLF_KERNEL_64 | XLF_5LEVEL);
	assert_int_equal(prepare(KD_BACKUP_AUTO, &image, &err), KD_INVALID);
	assert_non_null(strstr(err.text, "reservation of 128 MiB is too small"));
	assert_non_null(strstr(err.text, "are missing"));
	machine_put(&machine, "proc/iomem", "00100000-3fffffff : System RAM\n");
	assert_int_equal(prepare(KD_BACKUP_AUTO, &image, &err), KD_INVALID);
	assert_non_null(strstr(err.text, "add crashkernel="));
	machine_put(&machine, "proc/iomem",
		    "100000000-33fffffff : System RAM\n  120000000-12fffffff : Crash kernel\n");
	put_bzimage(20 << 20, XLF_KERNEL_64 | XLF_5LEVEL);
	assert_int_equal(prepare(KD_BACKUP_AUTO, &image, &err), KD_INVALID);
	assert_non_null(strstr(err.text, "above 4 GiB"));
	machine_put(&machine, "proc/iomem", machine_iomem);
	/* the made-up machine's direct map is one of 5 levels */
	put_bzimage(20 << 20, XLF_KERNEL_64 | XLF_CAN_BE_LOADED_ABOVE_4G);
	assert_int_equal(prepare(KD_BACKUP_AUTO, &image, &err), KD_UNSUPPORTED);
	assert_non_null(strstr(err.text, "no5lvl"));
	put_bzimage(20 << 20, XLF_KERNEL_64 | XLF_5LEVEL);
	machine_put(&machine, "var/lib/kdump/initrd-6.1.0-99-test", "");
	assert_int_equal(prepare(KD_BACKUP_AUTO, &image, &err), KD_INVALID);
	assert_non_null(strstr(err.text, "empty"));
	machine_drop(&machine, "var/lib/kdump/initrd-6.1.0-99-test");
	assert_int_equal(prepare(KD_BACKUP_AUTO, &image, &err), KD_NOTFOUND);
	assert_non_null(strstr(err.text, "initrd"));
	machine_drop(&machine, "boot/vmlinuz");
	assert_int_equal(prepare(KD_BACKUP_AUTO, &image, &err), KD_NOTFOUND);
	assert_null(image);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_core_header, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_kcore_refused, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_boot_params, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_firmware_that_makes_no_sense, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_acpi_root_pointer, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_whole_image, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_header_follows_hotplug, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_refused, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
