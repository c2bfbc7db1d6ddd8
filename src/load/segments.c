/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Laying out what kexec_load(2) is given.
 *
 *     reservation: |kernel ............|   free   |purgatory|boot parameters|core header|first 640 KiB|initrd|
 *
 * The kernel takes its pages for the jump (a copy of its relocation code, identity page tables) from the
 * first hole in the reservation that no segment covers, so that some must stay free; the rest of the
 * hole is the second kernel's memory. What must survive in the second kernel, the core header and the
 * backup, is left out of its memory map; everything else it reserves or frees by itself.
 *
 * Addresses depend on one another in one direction only: the header's address is in the command line,
 * the command line is in the boot parameters, the addresses of all are in the purgatory.
 */
#include "load/segments.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "host/file.h"
#include "host/system.h"
#include "load/backup.h"
#include "load/boot_params.h"
#include "load/command_line.h"
#include "load/digest.h"
#include "load/elfcore.h"
#include "load/image.h"
#include "load/iomem.h"
#include "load/kernel_image.h"
#include "load/kexec.h"
#include "load/memory_map.h"
#include "load/placement.h"
#include "load/uart.h"

enum {
	PAGE_BYTES = 4096,
	INITRD_BYTES_MAX = 1 << 30,
	JUMP_BYTES = 1 << 20, /* what stays free for the kernel's own pages */
	IMAGINED_BYTES = 1 << 30,
	RUNNING_BYTES = 16 << 20, /* least that a second kernel was seen to run in, unpacked */
};

#define FOUR_GIB                (UINT64_C(1) << 32)
#define FOUR_LEVEL_KERNEL_VADDR UINT64_C(0xffff800000000000)

/* Everything that laying out needs, gathered before the first address is given out. */
struct layout {
	const struct kd_load_request *request;
	struct kd_load_image *image;
	struct kd_iomem iomem;
	struct kd_reservation reservation;
	uint64_t imagined_bytes; /* how much larger it is taken to be, to learn what is needed */
	struct kd_placement placement;
	struct kd_kernel_image kernel;
	struct kd_kernel_layout running;
	struct kd_memory_map old, second;
	bool header_follows_hotplug; /* the running kernel rewrites the core header */
	uint64_t header_bytes_min;
	uint64_t kernel_paddr, backup_paddr, params_paddr;
	uint64_t initrd_paddr, initrd_bytes;
	struct kd_memory_range keep[2];
	size_t keep_count;
};

static void layout_deinit(struct layout *layout)
{
	kd_iomem_deinit(&layout->iomem);
	kd_kernel_image_deinit(&layout->kernel);
	kd_memory_map_deinit(&layout->old);
	kd_memory_map_deinit(&layout->second);
	kd_load_image_free(layout->image);
}

static void add_segment(struct kd_load_image *image, struct kd_load_segment segment)
{
	segment.memory_bytes = kd_round_up(segment.memory_bytes, PAGE_BYTES);
	image->segments[image->segment_count++] = segment;
}

/* A vmlinux may be large with debug information: it is mapped, not read. */
static enum kd_status read_kernel(const char *path, struct kd_kernel_image *kernel,
				  struct kd_err *err)
{
	KD_CLEANUP_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
	enum kd_status status;
	struct stat stat;
	void *file;

	if (fd < 0 || fstat(fd, &stat))
		return kd_fail_errno(err, errno, "%s", path);
	if (!S_ISREG(stat.st_mode) || !stat.st_size)
		return kd_fail(err, KD_UNSUPPORTED, "%s: %s", path,
			       stat.st_size ? "not a file" : "the file is empty");
	file = mmap(NULL, (size_t)stat.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (file == MAP_FAILED)
		return kd_fail_errno(err, errno, "%s", path);
	status = kd_kernel_image_read(file, (size_t)stat.st_size, kernel, err);
	munmap(file, (size_t)stat.st_size);
	return status ? kd_context(err, status, "%s", path) : KD_OK;
}

static enum kd_status read_reservation(struct layout *layout, struct kd_err *err)
{
	enum kd_status status = kd_iomem_read(layout->request->paths, &layout->iomem, err);

	if (status)
		return status;
	kd_iomem_reservation(&layout->iomem, &layout->reservation);
	if (!layout->reservation.bytes)
		return kd_fail(
			err, KD_INVALID,
			"no memory is reserved for a second kernel; add crashkernel=128M to the "
			"kernel command line and reboot");
	kd_placement_init(&layout->placement, layout->reservation.start,
			  layout->reservation.bytes + layout->imagined_bytes);
	return KD_OK;
}

/*
 * A kernel that can rewrite the core header on hotplug shows the room it wants (6.6, 88a6f8994421). It
 * writes a header of its own making, which knows of no backup; so it is asked only without one.
 */
static void ask_about_hotplug(struct layout *layout)
{
	char path[PATH_MAX];

	if (!layout->image->backs_up &&
	    !kd_file_read_number(
		    kd_path(path, layout->request->paths->sys, "kernel/crash_elfcorehdr_size"), 0,
		    &layout->header_bytes_min, NULL))
		layout->header_follows_hotplug = layout->header_bytes_min > 0;
}

/*
 * The processor stays in the paging mode that it is in (relocate_kernel_64.S keeps CR4.LA57), and the kernel
 * must say that it can begin there. With 5 levels the direct map lies below the 4-level hole.
 */
static enum kd_status check_paging(const struct layout *layout, struct kd_err *err)
{
	const struct kd_kernel_image *kernel = &layout->kernel;
	bool five_levels = layout->running.direct_map_vaddr < FOUR_LEVEL_KERNEL_VADDR;

	if (five_levels && kernel->has_setup_header &&
	    !(kernel->setup_header.xloadflags & XLF_5LEVEL))
		return kd_fail(
			err, KD_UNSUPPORTED,
			"%s: this kernel cannot begin with 5-level page tables, which the running "
			"one uses; boot that with no5lvl",
			layout->request->kernel_path);
	return KD_OK;
}

static enum kd_status gather(struct layout *layout, struct kd_err *err)
{
	const struct kd_load_request *request = layout->request;
	enum kd_status status;

	status = read_kernel(request->kernel_path, &layout->kernel, err);
	if (!status)
		status = read_reservation(layout, err);
	if (!status)
		status = kd_kernel_layout_read(request->paths, &layout->running, err);
	if (!status)
		status = kd_backup_decide(request->paths, request->backup, &layout->image->backs_up,
					  err);
	if (!status)
		status = kd_memory_map_old(&layout->iomem, &layout->old, err);
	if (!status)
		status = check_paging(layout, err);
	if (!status)
		ask_about_hotplug(layout);
	return status;
}

static enum kd_status place_kernel(struct layout *layout, struct kd_err *err)
{
	struct kd_kernel_image *kernel = &layout->kernel;
	enum kd_status status;

	status = kernel->fixed
			 ? kd_placement_fixed(&layout->placement, "kernel", kernel->fixed_paddr,
					      kernel->memory_bytes, err)
			 : kd_placement_low(&layout->placement, "kernel", kernel->memory_bytes,
					    kernel->alignment, &layout->kernel_paddr, err);
	if (status)
		return status;
	if (kernel->fixed)
		layout->kernel_paddr = kernel->fixed_paddr;
	if (kernel->below_4g && layout->kernel_paddr + kernel->memory_bytes > FOUR_GIB)
		return kd_fail(
			err, KD_INVALID,
			"this kernel cannot be entered above 4 GiB, where the reservation lies; "
			"boot with crashkernel= without \",high\"");
	status = kd_load_image_own(layout->image, kernel->data, err);
	add_segment(layout->image, (struct kd_load_segment){
					   .name = "kernel",
					   .data = kernel->data,
					   .data_bytes = kernel->data_bytes,
					   .paddr = layout->kernel_paddr,
					   .memory_bytes = kernel->memory_bytes,
					   .digested = true,
				   });
	kernel->data = NULL; /* the image's now */
	return status;
}

static enum kd_status place_initrd(struct layout *layout, struct kd_err *err)
{
	const char *path = layout->request->initrd_path;
	enum kd_status status;
	size_t bytes;
	char *data;

	if (!path)
		return KD_OK;
	status = kd_file_read(path, INITRD_BYTES_MAX, &data, &bytes, err);
	if (status)
		return kd_context(err, status, "initrd");
	status = kd_load_image_own(layout->image, data, err);
	if (status)
		return status;
	if (!bytes)
		return kd_fail(err, KD_INVALID, "initrd: %s: the file is empty", path);
	status = kd_placement_high(&layout->placement, "initrd", bytes, &layout->initrd_paddr, err);
	if (status)
		return status;
	layout->initrd_bytes = bytes;
	add_segment(layout->image, (struct kd_load_segment){
					   .name = "initrd",
					   .data = data,
					   .data_bytes = bytes,
					   .paddr = layout->initrd_paddr,
					   .memory_bytes = bytes,
					   .digested = true,
				   });
	return KD_OK;
}

static enum kd_status place_backup(struct layout *layout, struct kd_err *err)
{
	enum kd_status status;

	if (!layout->image->backs_up)
		return KD_OK;
	status = kd_placement_high(&layout->placement, "copy of the first 640 KiB",
				   KD_LOW_MEMORY_BYTES, &layout->backup_paddr, err);
	if (status)
		return status;
	add_segment(layout->image, (struct kd_load_segment){
					   .name = "first 640 KiB",
					   .paddr = layout->backup_paddr,
					   .memory_bytes = KD_LOW_MEMORY_BYTES,
				   });
	layout->keep[layout->keep_count++] =
		(struct kd_memory_range){layout->backup_paddr, KD_LOW_MEMORY_BYTES, 0};
	return KD_OK;
}

static enum kd_status place_core_header(struct layout *layout, uint64_t *paddr, struct kd_err *err)
{
	const struct kd_elfcore_input input = {
		.paths = layout->request->paths,
		.memory = &layout->old,
		.layout = &layout->running,
		.backup_paddr = layout->backup_paddr,
		.least_bytes = layout->header_bytes_min,
	};
	enum kd_status status;
	size_t bytes;
	void *data;

	status = kd_elfcore_make(&input, &data, &bytes, err);
	if (!status)
		status = kd_load_image_own(layout->image, data, err);
	if (!status)
		status = kd_placement_high(&layout->placement, "core header", bytes, paddr, err);
	if (status)
		return status;
	add_segment(layout->image, (struct kd_load_segment){
					   .name = "core header",
					   .data = data,
					   .data_bytes = bytes,
					   .paddr = *paddr,
					   .memory_bytes = bytes,
					   .digested = !layout->header_follows_hotplug,
				   });
	layout->keep[layout->keep_count++] = (struct kd_memory_range){*paddr, bytes, 0};
	if (layout->header_follows_hotplug)
		layout->image->flags |= KD_KEXEC_UPDATE_ELFCOREHDR;
	return KD_OK;
}

static enum kd_status make_command_line(struct layout *layout, uint64_t header_paddr,
					struct kd_err *err)
{
	struct kd_command_line_needs needs = {.limit_bytes =
						      layout->kernel.command_line_limit_bytes};
	uint64_t rsdp = kd_acpi_rsdp(layout->request->paths);
	char header[24], pointer[24];

	snprintf(header, sizeof(header), "0x%" PRIx64, header_paddr);
	needs.elfcorehdr = header;
	if (rsdp) {
		snprintf(pointer, sizeof(pointer), "0x%" PRIx64, rsdp);
		needs.acpi_rsdp = pointer;
	}
	return kd_command_line_make(layout->request, &needs, &layout->image->command_line, err);
}

static enum kd_status place_boot_params(struct layout *layout, struct kd_err *err)
{
	struct kd_boot_params_input input = {
		.paths = layout->request->paths,
		.kernel = &layout->kernel,
		.memory = &layout->second,
		.command_line = layout->image->command_line,
		.initrd_paddr = layout->initrd_paddr,
		.initrd_bytes = layout->initrd_bytes,
	};
	enum kd_status status;
	size_t bytes;
	void *data;

	status = kd_boot_params_make(&input, &data, &bytes, err);
	if (status)
		return status;
	free(data); /* it only told its size */
	status = kd_placement_high(&layout->placement, "boot parameters", bytes,
				   &layout->params_paddr, err);
	if (status)
		return status;
	input.paddr = layout->params_paddr;
	status = kd_boot_params_make(&input, &data, &bytes, err);
	if (!status)
		status = kd_load_image_own(layout->image, data, err);
	if (status)
		return status;
	add_segment(layout->image, (struct kd_load_segment){
					   .name = "boot parameters",
					   .data = data,
					   .data_bytes = bytes,
					   .paddr = layout->params_paddr,
					   .memory_bytes = bytes,
					   .digested = true,
				   });
	return KD_OK;
}

static enum kd_status place_purgatory(struct layout *layout, struct kd_err *err)
{
	struct kd_purgatory_params *params;
	size_t data_bytes;
	uint64_t memory_bytes, paddr;
	enum kd_status status;
	void *data;

	status = kd_purgatory_copy(&data, &data_bytes, &memory_bytes, &params, err);
	if (!status)
		status = kd_load_image_own(layout->image, data, err);
	if (!status)
		status = kd_placement_high(&layout->placement, "purgatory", memory_bytes, &paddr,
					   err);
	if (status)
		return status;
	params->entry = layout->kernel_paddr + layout->kernel.entry_offset;
	params->boot_params = layout->params_paddr;
	if (layout->image->backs_up) {
		params->backup_destination = layout->backup_paddr;
		params->backup_bytes = KD_LOW_MEMORY_BYTES;
	}
	kd_uart_find(layout->request->paths, &params->uart);
	kd_purgatory_digest(layout->image, params);
	add_segment(layout->image, (struct kd_load_segment){
					   .name = "purgatory",
					   .data = data,
					   .data_bytes = data_bytes,
					   .paddr = paddr,
					   .memory_bytes = memory_bytes,
				   });
	layout->image->entry = paddr;
	return KD_OK;
}

static enum kd_status lay_out(struct layout *layout, struct kd_err *err)
{
	uint64_t header_paddr, spare;
	enum kd_status status;

	status = place_kernel(layout, err);
	if (!status)
		status = place_initrd(layout, err);
	if (!status)
		status = place_backup(layout, err);
	if (!status)
		status = place_core_header(layout, &header_paddr, err);
	if (!status)
		status = kd_memory_map_second(&layout->iomem, layout->keep, layout->keep_count,
					      &layout->second, err);
	if (!status)
		status = make_command_line(layout, header_paddr, err);
	if (!status)
		status = place_boot_params(layout, err);
	if (!status)
		status = place_purgatory(layout, err);
	if (!status)
		status = kd_placement_high(&layout->placement, "room for the jump", JUMP_BYTES,
					   &spare, err);
	return status;
}

static enum kd_status prepare(struct layout *layout, const struct kd_load_request *request,
			      struct kd_err *err)
{
	enum kd_status status;

	layout->request = request;
	layout->image = kd_load_image_new(KD_LOAD_SEGMENTS);
	if (!layout->image)
		return kd_fail_errno(err, ENOMEM, "load");
	status = gather(layout, err);
	return status ? status : lay_out(layout, err);
}

/* Lays everything out once more, in a reservation of any size, to say what one must have. */
static enum kd_status say_missing(const struct kd_load_request *request, uint64_t have,
				  struct kd_err *err)
{
	struct layout layout = {.imagined_bytes = IMAGINED_BYTES};
	uint64_t need;

	if (!prepare(&layout, request, err)) {
		need = kd_placement_used(&layout.placement);
		kd_fail(err, KD_INVALID,
			"the reservation of %llu MiB is too small: what is to be loaded takes %llu KiB, "
			"%llu KiB are missing, and the second kernel needs memory to run; "
			"boot with crashkernel=%lluM or more",
			(unsigned long long)(have >> 20), (unsigned long long)(need / 1024),
			(unsigned long long)((need - have + 1023) / 1024),
			(unsigned long long)((need + RUNNING_BYTES + (1 << 20) - 1) >> 20));
	}
	layout_deinit(&layout);
	return KD_INVALID;
}

enum kd_status kd_segments_prepare(const struct kd_load_request *request,
				   struct kd_load_image **image, struct kd_err *err)
{
	struct layout layout = {0};
	enum kd_status status = prepare(&layout, request, err);

	if (!status) {
		*image = layout.image;
		layout.image = NULL;
	} else if (layout.placement.too_small) {
		status = say_missing(request, layout.reservation.bytes, err);
	}
	layout_deinit(&layout);
	return status;
}

enum kd_status kd_segments_commit(struct kd_load_image *image, struct kd_err *err)
{
	return kd_kexec_load(image->entry, image->segments, image->segment_count, image->flags,
			     err);
}

enum kd_status kd_segments_unload(struct kd_err *err)
{
	return kd_kexec_load(0, NULL, 0, 0, err);
}
