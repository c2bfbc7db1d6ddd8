/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rehearse/controllers.h"

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const struct kd_controller kd_controller_virtio = {"virtio_blk", NULL, "virtio-blk-pci",
						   "virtio_pci virtio_blk"};

static const struct kd_controller controllers[] = {
	{"nvme", NULL, "nvme,serial=rehearsal", "nvme"},
	{"ahci", "ich9-ahci,id=controller", "ide-hd,bus=controller.0", "ahci sd_mod"},
	{"ata_piix", NULL, "ide-hd,bus=ide.0", "ata_piix sd_mod"},
	{"virtio_scsi", "virtio-scsi-pci,id=controller", "scsi-hd,bus=controller.0",
	 "virtio_pci virtio_scsi sd_mod"},
	{"megaraid_sas", "megasas,id=controller", "scsi-hd,bus=controller.0",
	 "megaraid_sas sd_mod"},
	{"mptsas", "mptsas1068,id=controller", "scsi-hd,bus=controller.0", "mptsas sd_mod"},
	{"vmw_pvscsi", "pvscsi,id=controller", "scsi-hd,bus=controller.0", "vmw_pvscsi sd_mod"},
	{"sym53c8xx", "lsi53c895a,id=controller", "scsi-hd,bus=controller.0", "sym53c8xx sd_mod"},
	{"usb-storage", "qemu-xhci,id=controller", "usb-storage,bus=controller.0",
	 "xhci_pci usb_storage sd_mod"},
};

const struct kd_controller *kd_controller_find(const char *driver)
{
	if (!strcmp(driver, kd_controller_virtio.driver))
		return &kd_controller_virtio;
	for (size_t i = 0; i < sizeof(controllers) / sizeof(*controllers); i++)
		if (!strcmp(driver, controllers[i].driver))
			return &controllers[i];
	return NULL;
}

/* The driver of a device's folder in /sys; false when it has none. */
static bool driver_at(const char *folder, char *driver, size_t bytes)
{
	char link[PATH_MAX], to[PATH_MAX];
	const char *name;
	ssize_t length = readlink(kd_path(link, folder, "driver"), to, sizeof(to) - 1);

	if (length < 0)
		return false;
	to[length] = '\0';
	name = strrchr(to, '/') ? strrchr(to, '/') + 1 : to;
	return (size_t)snprintf(driver, bytes, "%s", name) < bytes;
}

void kd_controller_of(const struct kd_paths *paths, const char *block, char *driver, size_t bytes)
{
	char path[PATH_MAX], folder[PATH_MAX], found[64], *slash;
	size_t top = strlen(paths->sys);

	*driver = '\0';
	if (!realpath(kd_path(path, paths->sys, "class/block/%s", block), folder))
		return;
	for (; strlen(folder) > top && (slash = strrchr(folder, '/')); *slash = '\0') {
		if (!driver_at(folder, found, sizeof(found)))
			continue;
		if (!*driver || kd_controller_find(found))
			snprintf(driver, bytes, "%s", found);
		if (kd_controller_find(found))
			return;
	}
}
