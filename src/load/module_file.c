/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <archive.h>
#include <archive_entry.h>
#include <elf.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "host/file.h"
#include "load/modules.h"

/* No module comes near; a file that unpacks to more is damaged or malicious. */
enum { MODULE_BYTES_MAX = 256 << 20 };

static bool is_elf(const char *data, size_t bytes)
{
	return bytes >= SELFMAG && !memcmp(data, ELFMAG, SELFMAG);
}

static enum kd_status unpack_all(struct archive *archive, const char *path, char **data,
				 size_t *bytes, struct kd_err *err)
{
	KD_CLEANUP_FREE char *buffer = NULL;
	size_t room = 0, filled = 0;

	for (;;) {
		la_ssize_t got;

		if (filled == room) {
			size_t larger = room ? room * 2 : 256 << 10;
			char *grown;

			if (larger > MODULE_BYTES_MAX)
				return kd_fail(err, KD_UNSUPPORTED, "%s: unpacks to over %d bytes",
					       path, MODULE_BYTES_MAX / 2);
			grown = realloc(buffer, larger);
			if (!grown)
				return kd_fail(err, KD_NOMEM, "%s: no memory", path);
			buffer = grown;
			room = larger;
		}
		got = archive_read_data(archive, buffer + filled, room - filled);
		if (got < 0)
			return kd_fail(err, KD_CORRUPT, "%s: %s", path,
				       archive_error_string(archive));
		if (!got)
			break;
		filled += (size_t)got;
	}
	*data = buffer;
	*bytes = filled;
	buffer = NULL;
	return KD_OK;
}

static enum kd_status unpack(const char *path, const char *stored, size_t stored_bytes, char **data,
			     size_t *bytes, struct kd_err *err)
{
	struct archive *archive = archive_read_new();
	struct archive_entry *entry;
	enum kd_status status;

	if (!archive)
		return kd_fail(err, KD_NOMEM, "%s: no memory", path);
	archive_read_support_filter_xz(archive);
	archive_read_support_filter_zstd(archive);
	archive_read_support_filter_gzip(archive);
	archive_read_support_format_raw(archive);
	if (archive_read_open_memory(archive, stored, stored_bytes) ||
	    archive_read_next_header(archive, &entry))
		status = kd_fail(err, KD_CORRUPT, "%s: %s", path, archive_error_string(archive));
	else
		status = unpack_all(archive, path, data, bytes, err);
	archive_read_free(archive);
	return status;
}

enum kd_status kd_module_read(const char *path, char **data, size_t *bytes, size_t *stored_bytes,
			      struct kd_err *err)
{
	KD_CLEANUP_FREE char *stored = NULL;
	char *unpacked = NULL;
	size_t size, unpacked_size = 0;
	enum kd_status status = kd_file_read(path, MODULE_BYTES_MAX, &stored, &size, err);

	if (status)
		return status;
	if (is_elf(stored, size)) {
		unpacked = stored;
		unpacked_size = size;
		stored = NULL;
	} else {
		status = size ? unpack(path, stored, size, &unpacked, &unpacked_size, err)
			      : kd_fail(err, KD_CORRUPT, "%s: empty", path);
		if (status)
			return status;
		if (!is_elf(unpacked, unpacked_size)) {
			free(unpacked);
			return kd_fail(err, KD_CORRUPT,
				       "%s: not a module, nor one packed by xz, zstd or gzip",
				       path);
		}
	}
	*data = unpacked;
	*bytes = unpacked_size;
	*stored_bytes = size;
	return KD_OK;
}
