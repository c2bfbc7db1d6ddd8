/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Run-time services can be moved to virtual addresses only once in the life of the firmware
 * (SetVirtualAddressMap), and the first kernel has done it. The second must therefore map them where
 * the first did: it gets the run-time regions with those addresses in place of the firmware's map, and
 * SETUP_EFI tells it that they are final (efi_setup, arch/x86/platform/efi/quirks.c; the kernel's own
 * loader does the same in arch/x86/kernel/kexec-bzimage64.c, setup_efi_state).
 */
#include "load/efi.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/file.h"
#include "host/system.h"

enum { REGIONS_MAX = 4096 };

static enum kd_status read_region(const struct kd_paths *paths, size_t index,
				  struct kd_efi_descriptor *region, struct kd_err *err)
{
	uint64_t type = 0;
	const struct {
		const char *file;
		uint64_t *value;
	} fields[] = {
		{"type", &type},
		{"phys_addr", &region->physical_start},
		{"virt_addr", &region->virtual_start},
		{"num_pages", &region->number_of_pages},
		{"attribute", &region->attribute},
	};

	*region = (struct kd_efi_descriptor){0};
	for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++) {
		char path[PATH_MAX];
		enum kd_status status;

		status = kd_file_read_number(kd_path(path, paths->sys,
						     "firmware/efi/runtime-map/%zu/%s", index,
						     fields[i].file),
					     0, fields[i].value, err);
		if (status)
			return status;
	}
	if (type > UINT32_MAX)
		return kd_fail(err, KD_CORRUPT, "EFI run-time map: region %zu has type 0x%llx",
			       index, (unsigned long long)type);
	region->type = (uint32_t)type;
	return KD_OK;
}

static enum kd_status read_map(const struct kd_paths *paths, struct kd_efi *efi, struct kd_err *err)
{
	for (size_t i = 0; i < REGIONS_MAX; i++) {
		struct kd_efi_descriptor *grown;
		char path[PATH_MAX];
		enum kd_status status;

		if (access(kd_path(path, paths->sys, "firmware/efi/runtime-map/%zu", i), F_OK))
			return KD_OK;
		grown = reallocarray(efi->map, i + 1, sizeof(*grown));
		if (!grown)
			return kd_fail_errno(err, ENOMEM, "EFI run-time map");
		efi->map = grown;
		status = read_region(paths, i, &efi->map[i], err);
		if (status)
			return status;
		efi->map_count = i + 1;
	}
	return kd_fail(err, KD_CORRUPT, "EFI run-time map: more than %d regions", REGIONS_MAX);
}

enum kd_status kd_efi_read(const struct kd_paths *paths, struct kd_efi *efi, struct kd_err *err)
{
	struct kd_efi found = {0};
	char path[PATH_MAX];
	enum kd_status status;

	if (access(kd_path(path, paths->sys, "firmware/efi/runtime-map/0"), F_OK)) {
		*efi = found;
		return KD_OK;
	}
	status = read_map(paths, &found, err);
	if (!status)
		status = kd_file_read_number(kd_path(path, paths->sys, "firmware/efi/fw_vendor"), 0,
					     &found.setup.fw_vendor, err);
	if (!status)
		status = kd_file_read_number(kd_path(path, paths->sys, "firmware/efi/config_table"),
					     0, &found.setup.tables, err);
	if (status) {
		kd_efi_deinit(&found);
		return status;
	}
	found.present = true;
	*efi = found;
	return KD_OK;
}

void kd_efi_deinit(struct kd_efi *efi)
{
	free(efi->map);
	*efi = (struct kd_efi){0};
}

uint64_t kd_efi_acpi_rsdp(const struct kd_paths *paths)
{
	KD_CLEANUP_FREE char *text = NULL;
	char path[PATH_MAX];
	const char *at;
	size_t bytes;

	if (kd_file_read(kd_path(path, paths->sys, "firmware/efi/systab"), 65536, &text, &bytes,
			 NULL))
		return 0;
	at = strstr(text, "ACPI20=");
	if (!at)
		at = strstr(text, "ACPI=");
	return at ? strtoull(strchr(at, '=') + 1, NULL, 0) : 0;
}
