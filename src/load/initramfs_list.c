/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "host/system.h"
#include "load/initramfs.h"

enum { CHUNK_BYTES = 64 << 10 };

enum kd_status kd_initramfs_entry_read(const struct kd_initramfs_entry *entry, size_t limit_bytes,
				       char **data, size_t *bytes, struct kd_err *err)
{
	size_t size = (size_t)entry->bytes, filled = 0;
	char *buffer;

	if (entry->bytes > limit_bytes)
		return kd_fail(err, KD_UNSUPPORTED, "%s: is larger than %zu bytes", entry->path,
			       limit_bytes);
	buffer = malloc(size + 1);
	if (!buffer)
		return kd_fail(err, KD_NOMEM, "%s: no memory", entry->path);
	while (filled < size) {
		la_ssize_t got = archive_read_data(entry->archive, buffer + filled, size - filled);

		if (got <= 0) {
			free(buffer);
			return kd_fail(err, KD_CORRUPT, "%s: %s", entry->path,
				       got ? archive_error_string(entry->archive) : "ends early");
		}
		filled += (size_t)got;
	}
	buffer[size] = '\0';
	*data = buffer;
	*bytes = size;
	return KD_OK;
}

static enum kd_status list(struct archive *archive, const char *path,
			   void (*show)(void *opaque, const struct kd_initramfs_entry *entry),
			   void *opaque, struct kd_err *err)
{
	struct archive_entry *entry;
	int result;

	if (archive_read_open_filename(archive, path, CHUNK_BYTES))
		return kd_fail(err, KD_CORRUPT, "%s: %s", path, archive_error_string(archive));
	while ((result = archive_read_next_header(archive, &entry)) == ARCHIVE_OK) {
		const struct kd_initramfs_entry shown = {
			.path = archive_entry_pathname(entry),
			.mode = archive_entry_mode(entry),
			.bytes = (uint64_t)archive_entry_size(entry),
			.archive = archive,
		};

		if (!shown.path)
			return kd_fail(err, KD_CORRUPT, "%s: an entry has no name", path);
		show(opaque, &shown);
	}
	if (result != ARCHIVE_EOF)
		return kd_fail(err, KD_CORRUPT, "%s: %s", path, archive_error_string(archive));
	return KD_OK;
}

enum kd_status kd_initramfs_list(const char *path,
				 void (*show)(void *opaque, const struct kd_initramfs_entry *entry),
				 void *opaque, struct kd_err *err)
{
	struct archive *archive;
	enum kd_status status;

	if (access(path, R_OK))
		return kd_fail_errno(err, errno, "%s", path);
	archive = archive_read_new();
	if (!archive)
		return kd_fail(err, KD_NOMEM, "%s: no memory", path);
	archive_read_support_filter_zstd(archive);
	archive_read_support_filter_gzip(archive);
	archive_read_support_format_cpio(archive);
	status = list(archive, path, show, opaque, err);
	archive_read_free(archive);
	return status;
}
