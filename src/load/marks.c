/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "load/marks.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/config.h"
#include "host/file.h"
#include "host/system.h"
#include "load/iomem.h"

enum { LINE_LIMIT_BYTES = 4096, CONFIG_LIMIT_BYTES = 1 << 20 };

enum kd_status kd_marks_line(const char *root, const char *name, char *line, size_t bytes,
			     struct kd_err *err)
{
	KD_CLEANUP_FREE char *content = NULL;
	char path[PATH_MAX];
	size_t size;
	enum kd_status status = kd_file_read(kd_path(path, root, "%s", name), LINE_LIMIT_BYTES,
					     &content, &size, err);

	if (status)
		return status;
	size = strcspn(content, "\n");
	if (size >= bytes)
		return kd_fail(err, KD_UNSUPPORTED, "%s: %zu bytes in a line", path, size);
	memcpy(line, content, size);
	line[size] = '\0';
	return KD_OK;
}

enum kd_status kd_marks_release(const struct kd_paths *paths, char release[65], struct kd_err *err)
{
	return kd_marks_line(paths->proc, "sys/kernel/osrelease", release, 65, err);
}

enum kd_status kd_marks_boot_id(const struct kd_paths *paths, char boot_id[64], struct kd_err *err)
{
	return kd_marks_line(paths->proc, "sys/kernel/random/boot_id", boot_id, 64, err);
}

/*
 * The top-level "System RAM" lines only: what lies inside them (kernel text, the reservation) moves
 * without the RAM having changed.
 */
static void digest_ram(struct kd_sha256 *hash, const struct kd_iomem *iomem)
{
	const struct kd_iomem_range *range;
	char line[64];

	for (size_t at = 0; (range = kd_iomem_next(iomem, "System RAM", &at));) {
		if (range->depth)
			continue;
		snprintf(line, sizeof(line), "0x%" PRIx64 " 0x%" PRIx64 "\n", range->start,
			 range->bytes);
		kd_sha256_update(hash, line, strlen(line));
	}
}

enum kd_status kd_marks_layout(const struct kd_paths *paths, char layout[KD_SHA256_TEXT_BYTES],
			       struct kd_err *err)
{
	uint8_t digest[KD_SHA256_BYTES];
	struct kd_iomem iomem = {0};
	struct kd_sha256 hash;
	char cpus[LINE_LIMIT_BYTES];
	enum kd_status status;

	status = kd_marks_line(paths->sys, "devices/system/cpu/present", cpus, sizeof(cpus), err);
	if (!status)
		status = kd_iomem_read(paths, &iomem, err);
	if (status)
		return status;
	kd_sha256_init(&hash);
	digest_ram(&hash, &iomem);
	kd_iomem_deinit(&iomem);
	kd_sha256_update(&hash, cpus, strlen(cpus));
	kd_sha256_final(&hash, digest);
	kd_sha256_text(digest, layout);
	return KD_OK;
}

bool kd_marks_kernel_follows_hotplug(const struct kd_paths *paths)
{
	/* since 6.6: Documentation/ABI/testing/sysfs-devices-system-cpu and -memory */
	static const char *const switches[] = {
		"devices/system/cpu/crash_hotplug",
		"devices/system/memory/crash_hotplug",
	};
	char line[16];

	for (size_t i = 0; i < sizeof(switches) / sizeof(*switches); i++)
		if (kd_marks_line(paths->sys, switches[i], line, sizeof(line), NULL) ||
		    strcmp(line, "1") != 0)
			return false;
	return true;
}

enum kd_status kd_marks_file(const char *path, struct kd_load_file *file, struct kd_err *err)
{
	uint8_t digest[KD_SHA256_BYTES];
	struct kd_load_file marked = {0};
	enum kd_status status = kd_file_sha256(path, digest, &marked.bytes, err);

	if (status)
		return status;
	kd_sha256_text(digest, marked.sha256);
	marked.path = strdup(path);
	if (!marked.path)
		return kd_fail_errno(err, ENOMEM, "%s", path);
	*file = marked;
	return KD_OK;
}

struct config_digest {
	struct kd_sha256 hash;
	uint64_t bytes;
};

static enum kd_status take_config(void *opaque, const char *path, struct kd_err *err)
{
	struct config_digest *digest = opaque;
	KD_CLEANUP_FREE char *content = NULL;
	size_t bytes;
	enum kd_status status = kd_file_read(path, CONFIG_LIMIT_BYTES, &content, &bytes, err);

	if (status)
		return status;
	kd_sha256_update(&digest->hash, content, bytes);
	digest->bytes += bytes;
	return KD_OK;
}

enum kd_status kd_marks_config(const struct kd_paths *paths, struct kd_load_file *file,
			       struct kd_err *err)
{
	struct config_digest digest = {.bytes = 0};
	struct kd_load_file marked = {0};
	uint8_t result[KD_SHA256_BYTES];
	enum kd_status status;

	kd_sha256_init(&digest.hash);
	status = kd_config_files(paths->config, take_config, &digest, err);
	if (status)
		return status;
	kd_sha256_final(&digest.hash, result);
	kd_sha256_text(result, marked.sha256);
	marked.bytes = digest.bytes;
	marked.path = strdup(paths->config);
	if (!marked.path)
		return kd_fail_errno(err, ENOMEM, "%s", paths->config);
	*file = marked;
	return KD_OK;
}
