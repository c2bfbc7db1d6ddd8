/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "load/boot_params.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "host/file.h"
#include "host/system.h"
#include "load/efi.h"

enum {
	LOADER_UNDEFINED = 0xff, /* type_of_loader: none that has a number */
	DATA_ALIGNMENT = 16,
	PROTOCOL_MADE_UP = 0x020c,
};

/* The block while it is being laid out. */
struct block {
	uint8_t *data;
	size_t bytes, room;
	uint64_t paddr;
	size_t link_offset; /* where the address of the next setup_data entry goes */
};

/* Room for `bytes` more at an aligned offset, zeroed; false without memory. */
static bool extend(struct block *block, size_t bytes, size_t *offset)
{
	size_t at = (size_t)kd_round_up(block->bytes, DATA_ALIGNMENT);

	if (at + bytes > block->room) {
		size_t room = 2 * (at + bytes);
		uint8_t *grown = realloc(block->data, room);

		if (!grown)
			return false;
		memset(grown + block->room, 0, room - block->room);
		block->data = grown;
		block->room = room;
	}
	block->bytes = at + bytes;
	*offset = at;
	return true;
}

static void set_u64(struct block *block, size_t offset, uint64_t value)
{
	memcpy(block->data + offset, &value, sizeof(value));
}

/* Appends one entry to the setup_data list. */
static bool add_setup_data(struct block *block, uint32_t type, const void *payload, size_t bytes)
{
	struct setup_data header = {.type = type, .len = (uint32_t)bytes};
	size_t offset;

	if (!extend(block, sizeof(header) + bytes, &offset))
		return false;
	memcpy(block->data + offset, &header, sizeof(header));
	memcpy(block->data + offset + sizeof(header), payload, bytes);
	set_u64(block, block->link_offset, block->paddr + offset);
	block->link_offset = offset + offsetof(struct setup_data, next);
	return true;
}

/* The running kernel's own boot parameters; all zeros when it does not show them. */
static void read_running(const struct kd_paths *paths, struct boot_params *running)
{
	KD_CLEANUP_FREE char *data = NULL;
	char path[PATH_MAX];
	size_t bytes;

	memset(running, 0, sizeof(*running));
	if (!kd_file_read(kd_path(path, paths->sys, "kernel/boot_params/data"), 65536, &data,
			  &bytes, NULL) &&
	    bytes >= sizeof(*running))
		memcpy(running, data, sizeof(*running));
}

uint64_t kd_acpi_rsdp(const struct kd_paths *paths)
{
	struct boot_params running;

	read_running(paths, &running);
	return running.acpi_rsdp_addr ? running.acpi_rsdp_addr : kd_efi_acpi_rsdp(paths);
}

/* The setup header: the image's own, or for a vmlinux, which has none, the running kernel's. */
static void fill_header(const struct kd_boot_params_input *input, const struct boot_params *running,
			struct boot_params *params)
{
	struct setup_header header;

	if (input->kernel->has_setup_header) {
		header = input->kernel->setup_header;
	} else {
		header = running->hdr;
		header.boot_flag = 0xaa55;
		memcpy(&header.header, "HdrS", 4);
		if (header.version < PROTOCOL_MADE_UP)
			header.version = PROTOCOL_MADE_UP;
		header.setup_data = 0;
		header.loadflags = LOADED_HIGH;
	}
	header.type_of_loader = LOADER_UNDEFINED;
	header.loadflags &= (__u8)~CAN_USE_HEAP;
	header.ramdisk_image = (uint32_t)input->initrd_paddr;
	header.ramdisk_size = (uint32_t)input->initrd_bytes;
	params->ext_ramdisk_image = (uint32_t)(input->initrd_paddr >> 32);
	params->ext_ramdisk_size = (uint32_t)(input->initrd_bytes >> 32);
	if (!input->initrd_bytes)
		header.ramdisk_image = params->ext_ramdisk_image = 0;
	params->hdr = header;
}

/* The BIOS map; what does not fit into the page follows as SETUP_E820_EXT. */
static bool fill_memory(const struct kd_memory_map *memory, struct block *block,
			struct boot_params *params)
{
	size_t inside = memory->count < E820_MAX_ENTRIES_ZEROPAGE ? memory->count
								  : E820_MAX_ENTRIES_ZEROPAGE;
	size_t beyond = memory->count - inside;
	struct boot_e820_entry *entries;
	bool added;

	params->e820_entries = (__u8)inside;
	for (size_t i = 0; i < inside; i++)
		params->e820_table[i] = (struct boot_e820_entry){
			memory->ranges[i].start, memory->ranges[i].bytes, memory->ranges[i].type};
	if (!beyond)
		return true;
	entries = calloc(beyond, sizeof(*entries));
	if (!entries)
		return false;
	for (size_t i = 0; i < beyond; i++)
		entries[i] = (struct boot_e820_entry){memory->ranges[inside + i].start,
						      memory->ranges[inside + i].bytes,
						      memory->ranges[inside + i].type};
	added = add_setup_data(block, SETUP_E820_EXT, entries, beyond * sizeof(*entries));
	free(entries);
	return added;
}

static bool fill_efi(const struct kd_efi *efi, const struct boot_params *running,
		     struct block *block, struct boot_params *params)
{
	size_t map_bytes = efi->map_count * sizeof(*efi->map);
	struct efi_info info = {0};
	size_t offset;
	uint64_t map;

	if (!efi->present || !running->efi_info.efi_loader_signature)
		return true;
	if (!extend(block, map_bytes, &offset))
		return false;
	memcpy(block->data + offset, efi->map, map_bytes);
	map = block->paddr + offset;
	info.efi_loader_signature = running->efi_info.efi_loader_signature;
	info.efi_systab = running->efi_info.efi_systab;
	info.efi_systab_hi = running->efi_info.efi_systab_hi;
	info.efi_memdesc_size = sizeof(*efi->map);
	info.efi_memdesc_version = running->efi_info.efi_memdesc_version;
	info.efi_memmap = (uint32_t)map;
	info.efi_memmap_hi = (uint32_t)(map >> 32);
	info.efi_memmap_size = (uint32_t)map_bytes;
	params->efi_info = info;
	return add_setup_data(block, SETUP_EFI, &efi->setup, sizeof(efi->setup));
}

static bool fill(const struct kd_boot_params_input *input, const struct kd_efi *efi,
		 struct block *block, struct boot_params *params)
{
	size_t length = strlen(input->command_line) + 1, offset;
	struct boot_params running;
	uint64_t command_line;

	if (!extend(block, sizeof(*params), &offset))
		return false;
	/* list entries hang behind hdr.setup_data, which is inside params: linked when it is copied */
	block->link_offset =
		offsetof(struct boot_params, hdr) + offsetof(struct setup_header, setup_data);

	read_running(input->paths, &running);
	params->screen_info = running.screen_info;
	params->edid_info = running.edid_info;
	params->secure_boot = running.secure_boot;
	params->acpi_rsdp_addr = kd_acpi_rsdp(input->paths);
	fill_header(input, &running, params);

	if (!extend(block, length, &offset))
		return false;
	memcpy(block->data + offset, input->command_line, length);
	command_line = block->paddr + offset;
	params->hdr.cmd_line_ptr = (uint32_t)command_line;
	params->ext_cmd_line_ptr = (uint32_t)(command_line >> 32);

	return fill_memory(input->memory, block, params) && fill_efi(efi, &running, block, params);
}

enum kd_status kd_boot_params_make(const struct kd_boot_params_input *input, void **data,
				   size_t *bytes, struct kd_err *err)
{
	struct block block = {.paddr = input->paddr};
	struct boot_params params = {0};
	struct kd_efi efi = {0};
	enum kd_status status;
	uint64_t list = 0;

	status = kd_efi_read(input->paths, &efi, err);
	if (status)
		return kd_context(err, status, "boot parameters");
	if (!fill(input, &efi, &block, &params)) {
		kd_efi_deinit(&efi);
		free(block.data);
		return kd_fail_errno(err, ENOMEM, "boot parameters");
	}
	kd_efi_deinit(&efi);
	/* the first entry was linked in the block's still empty page: keep that word */
	memcpy(&list,
	       block.data + offsetof(struct boot_params, hdr) +
		       offsetof(struct setup_header, setup_data),
	       sizeof(list));
	params.hdr.setup_data = list;
	memcpy(block.data, &params, sizeof(params));
	*data = block.data;
	*bytes = block.bytes;
	return KD_OK;
}
