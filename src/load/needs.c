/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * modules.dep knows what a module's symbols need. Some needs are not symbols: a file system asks for
 * a checksum or a character set by name, and the kernel runs modprobe for it. The second kernel has
 * no modprobe, so they are listed here.
 */
#include "load/needs.h"

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/file.h"
#include "load/drivers.h"

/* What was asked for and is neither a module nor built in; the text of the refusal. */
struct missing {
	char text[256];
	unsigned int count;
};

static void note_missing(struct missing *missing, const char *name, const char *why)
{
	size_t used = strlen(missing->text);

	snprintf(missing->text + used, sizeof(missing->text) - used, "%s%s (%s)",
		 missing->count++ ? ", " : "", name, why);
}

/* The version that runs now; "" when /proc does not tell. */
static void running_version(const struct kd_paths *paths, char version[], size_t bytes)
{
	char path[4096], *text = NULL;
	size_t size;

	version[0] = '\0';
	kd_path(path, paths->proc, "sys/kernel/osrelease");
	if (kd_file_read(path, 4096, &text, &size, NULL))
		return;
	snprintf(version, bytes, "%.*s", (int)strcspn(text, "\n"), text);
	free(text);
}

/* A PCI bridge (base class 06): forwarding needs no driver, and hotplug drivers answer to it. */
static bool is_bridge(const char *modalias)
{
	const char *class = !strncmp(modalias, "pci:", 4) ? strstr(modalias, "bc") : NULL;

	return class && !strncmp(class, "bc06", 4);
}

static enum kd_status need_driver(const struct kd_driver *driver, bool same_kernel,
				  struct kd_modules *modules, struct missing *missing,
				  struct kd_err *err)
{
	enum kd_status status = KD_OK;
	bool found = false;

	/* Built in here: so it is in the same kernel; another may have it as a module. */
	if (!driver->module && (same_kernel || !driver->modalias || is_bridge(driver->modalias)))
		return KD_OK;
	if (driver->module)
		status = kd_modules_want(modules, driver->module, &found, err);
	if (!status && !found && driver->modalias)
		status = kd_modules_want(modules, driver->modalias, &found, err);
	if (!status && !found && driver->module)
		note_missing(missing, driver->module, driver->device);
	return status;
}

static enum kd_status need_drivers(const struct kd_paths *paths, const char *version,
				   const char *block, struct kd_modules *modules,
				   struct missing *missing, struct kd_err *err)
{
	struct kd_drivers drivers = {0};
	enum kd_status status = kd_drivers_find(paths, block, &drivers, err);
	char running[256];

	running_version(paths, running, sizeof(running));
	/* From the bus to the disk, the order in which they were found here. */
	for (size_t i = drivers.count; i-- > 0 && !status;)
		status = need_driver(&drivers.items[i], !strcmp(running, version), modules, missing,
				     err);
	kd_drivers_deinit(&drivers);
	return status;
}

static enum kd_status need_named(const char *name, const char *why, struct kd_modules *modules,
				 struct missing *missing, struct kd_err *err)
{
	bool found = false;
	enum kd_status status = kd_modules_want(modules, name, &found, err);

	/* Without `missing`, it is welcome but not needed. */
	if (!status && !found && missing)
		note_missing(missing, name, why);
	return status;
}

/* The value of a mount option ("iocharset=utf8"), else of the kernel's default; false: unknown. */
static bool fat_setting(const char *options, const char *option, const struct kd_kconfig *kconfig,
			const char *fallback, char value[], size_t bytes)
{
	for (const char *at = options; *at;
	     at += strcspn(at, ",") + (at[strcspn(at, ",")] == ',')) {
		if (strncmp(at, option, strlen(option)))
			continue;
		at += strlen(option);
		snprintf(value, bytes, "%.*s", (int)strcspn(at, ","), at);
		return true;
	}
	return kd_kconfig_get(kconfig, fallback, value, bytes);
}

/* fat_fill_super() of fs/fat/inode.c loads both tables or does not mount. */
static enum kd_status need_character_sets(const struct kd_target *target,
					  const struct kd_kconfig *kconfig,
					  struct kd_modules *modules, struct missing *missing,
					  struct kd_err *err)
{
	static const char *const usual[] = {"nls_cp437", "nls_iso8859_1", "nls_ascii", "nls_utf8"};
	const char *options = target->config.options;
	char page[32], set[32], name[64];
	enum kd_status status = KD_OK;

	if (fat_setting(options, "codepage=", kconfig, "CONFIG_FAT_DEFAULT_CODEPAGE", page,
			sizeof(page)) &&
	    fat_setting(options, "iocharset=", kconfig, "CONFIG_FAT_DEFAULT_IOCHARSET", set,
			sizeof(set))) {
		snprintf(name, sizeof(name), "nls_cp%s", page);
		status = need_named(name, "code page of vfat", modules, missing, err);
		snprintf(name, sizeof(name), "nls_%s", set);
		return status ? status
			      : need_named(name, "character set of vfat", modules, missing, err);
	}
	for (size_t i = 0; i < sizeof(usual) / sizeof(*usual) && !status; i++)
		status = need_named(usual[i], "", modules, NULL, err);
	return status;
}

static enum kd_status need_file_system(const struct kd_target *target,
				       const struct kd_kconfig *kconfig, struct kd_modules *modules,
				       struct missing *missing, struct kd_err *err)
{
	const char *name = kd_target_type_name(target->config.type);
	enum kd_status status;

	if (target->config.type == KD_TARGET_RAW)
		return KD_OK;
	status = need_named(name, "file system of the target", modules, missing, err);
	if (status)
		return status;
	if (target->config.type == KD_TARGET_VFAT)
		return need_character_sets(target, kconfig, modules, missing, err);
	/* crypto_alloc_shash("crc32c"); newer kernels have it as plain library code. */
	return need_named("crypto-crc32c", "", modules, NULL, err);
}

/*
 * Where the second kernel puts its last words when it reaches no target. Not needed to capture; and not there on
 * a machine that was not started by EFI.
 */
static enum kd_status need_pstore(const struct kd_paths *paths, struct kd_modules *modules,
				  struct kd_err *err)
{
	char path[PATH_MAX];

	if (access(kd_path(path, paths->sys, "firmware/efi"), F_OK))
		return KD_OK;
	return need_named("efivarfs", "", modules, NULL, err);
}

enum kd_status kd_need_modules(const struct kd_paths *paths, const char *version,
			       const struct kd_target *target, const struct kd_kconfig *kconfig,
			       struct kd_modules *modules, struct kd_err *err)
{
	struct missing missing = {0};
	enum kd_status status = KD_OK;

	for (size_t i = 0; i < target->stack.disks.count && !status; i++)
		status = need_drivers(paths, version, target->stack.disks.items[i], modules,
				      &missing, err);
	for (size_t i = 0; i < target->stack.modules.count && !status; i++)
		status = need_named(target->stack.modules.items[i], "what the target is made of",
				    modules, &missing, err);
	if (!status)
		status = need_file_system(target, kconfig, modules, &missing, err);
	if (!status)
		status = need_pstore(paths, modules, err);
	if (!status && missing.count)
		status = kd_fail(err, KD_NOTFOUND,
				 "kernel %s has no module for %s: the second kernel could not "
				 "reach /dev/%s; install the package that holds it",
				 version, missing.text, target->block);
	return status;
}
