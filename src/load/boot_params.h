/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What an x86 kernel is told at its entry: struct boot_params ("the zero page",
 * Documentation/arch/x86/zero-page.rst), its command line and its setup_data list, in one block.
 */
#ifndef KD_LOAD_BOOT_PARAMS_H
#define KD_LOAD_BOOT_PARAMS_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "host/paths.h"
#include "load/kernel_image.h"
#include "load/memory_map.h"

struct kd_boot_params_input {
	const struct kd_paths *paths;
	const struct kd_kernel_image *kernel;
	const struct kd_memory_map *memory; /* the BIOS map of the second kernel */
	const char *command_line;
	uint64_t initrd_paddr, initrd_bytes; /* bytes 0: none */
	uint64_t paddr;                      /* where the block will lie; 0 while measuring */
};

/*
 * Makes the block: *data of *bytes, the caller's to free; its first 4 KiB are struct boot_params. Its
 * size does not depend on addresses, so that it can be made once to learn it and again when placed.
 * KD_NOMEM.
 */
enum kd_status kd_boot_params_make(const struct kd_boot_params_input *input, void **data,
				   size_t *bytes, struct kd_err *err);

/*
 * The physical address of the ACPI root pointer as the running kernel's loader or EFI told it, 0
 * where neither did (the second kernel then searches the BIOS area, as the first one did).
 */
uint64_t kd_acpi_rsdp(const struct kd_paths *paths);

#endif
