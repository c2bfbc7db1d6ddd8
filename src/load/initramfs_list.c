/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <unistd.h>

#include "host/system.h"
#include "load/initramfs.h"

enum { CHUNK_BYTES = 64 << 10 };

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
