/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What EFI left to the running kernel, for handing on to the second. */
#ifndef KD_LOAD_EFI_H
#define KD_LOAD_EFI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "host/paths.h"

/* UEFI 2.10, 7.2.3: EFI_MEMORY_DESCRIPTOR version 1. */
struct kd_efi_descriptor {
	uint32_t type;
	uint32_t pad;
	uint64_t physical_start;
	uint64_t virtual_start;
	uint64_t number_of_pages; /* of 4 KiB */
	uint64_t attribute;
};

/* struct efi_setup_data, arch/x86/include/asm/efi.h: the payload of SETUP_EFI. */
struct kd_efi_setup {
	uint64_t fw_vendor;
	uint64_t unused;
	uint64_t tables;
	uint64_t smbios;
	uint64_t reserved[8];
};

struct kd_efi {
	bool present; /* booted by EFI, and the run-time map can be handed on */
	struct kd_efi_setup setup;
	struct kd_efi_descriptor *map; /* the run-time regions with their virtual addresses */
	size_t map_count;
};

/*
 * Reads SYS/firmware/efi. A machine that did not boot by EFI, or a kernel without
 * CONFIG_EFI_RUNTIME_MAP, is no error: present is false. KD_CORRUPT, KD_NOMEM, KD_SYSTEM.
 */
enum kd_status kd_efi_read(const struct kd_paths *paths, struct kd_efi *efi, struct kd_err *err);
void kd_efi_deinit(struct kd_efi *efi);

/* The ACPI root pointer from SYS/firmware/efi/systab, or 0. */
uint64_t kd_efi_acpi_rsdp(const struct kd_paths *paths);

#endif
