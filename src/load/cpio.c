/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "load/cpio.h"

#include <archive.h>
#include <archive_entry.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "host/file.h"

static const struct kd_cpio_entry *find(const struct kd_cpio *cpio, const char *path, size_t length)
{
	for (size_t i = 0; i < cpio->count; i++)
		if (strlen(cpio->entries[i].path) == length &&
		    !memcmp(cpio->entries[i].path, path, length))
			return &cpio->entries[i];
	return NULL;
}

/* Takes over entry->data; entry->path is borrowed. */
static enum kd_status append(struct kd_cpio *cpio, struct kd_cpio_entry entry, struct kd_err *err)
{
	struct kd_cpio_entry *grown =
		realloc(cpio->entries, (cpio->count + 1) * sizeof(*cpio->entries));

	if (grown)
		cpio->entries = grown;
	entry.path = grown ? strdup(entry.path) : NULL;
	if (!entry.path) {
		free(entry.data);
		return kd_fail(err, KD_NOMEM, "initramfs: no memory");
	}
	cpio->entries[cpio->count++] = entry;
	return KD_OK;
}

static enum kd_status add(struct kd_cpio *cpio, struct kd_cpio_entry entry, struct kd_err *err)
{
	KD_CLEANUP_FREE char *path = strdup(entry.path + strspn(entry.path, "/"));
	enum kd_status status = KD_OK;

	if (!path)
		status = kd_fail(err, KD_NOMEM, "initramfs: no memory");
	else if (find(cpio, path, strlen(path)))
		status = kd_fail(err, KD_INVALID, "/%s: twice in the image", path);
	for (char *slash = path; !status && (slash = strchr(slash, '/')); slash++) {
		if (find(cpio, path, (size_t)(slash - path)))
			continue;
		*slash = '\0';
		status = append(cpio, (struct kd_cpio_entry){.path = path, .mode = S_IFDIR | 0755},
				err);
		*slash = '/';
	}
	if (status) {
		free(entry.data);
		return status;
	}
	entry.path = path;
	return append(cpio, entry, err);
}

bool kd_cpio_has(const struct kd_cpio *cpio, const char *path)
{
	path += strspn(path, "/");
	return find(cpio, path, strlen(path)) != NULL;
}

enum kd_status kd_cpio_add_folder(struct kd_cpio *cpio, const char *path, unsigned int mode,
				  struct kd_err *err)
{
	KD_CLEANUP_FREE char *name = strdup(path);

	if (!name)
		return kd_fail(err, KD_NOMEM, "initramfs: no memory");
	return add(cpio, (struct kd_cpio_entry){.path = name, .mode = S_IFDIR | mode}, err);
}

enum kd_status kd_cpio_add_device(struct kd_cpio *cpio, const char *path, unsigned int mode,
				  unsigned int device_major, unsigned int device_minor,
				  struct kd_err *err)
{
	KD_CLEANUP_FREE char *name = strdup(path);

	if (!name)
		return kd_fail(err, KD_NOMEM, "initramfs: no memory");
	return add(cpio,
		   (struct kd_cpio_entry){.path = name,
					  .mode = S_IFCHR | mode,
					  .device_major = device_major,
					  .device_minor = device_minor},
		   err);
}

enum kd_status kd_cpio_add_file(struct kd_cpio *cpio, const char *path, unsigned int mode,
				void *data, size_t bytes, struct kd_err *err)
{
	KD_CLEANUP_FREE char *name = strdup(path);

	if (!name) {
		free(data);
		return kd_fail(err, KD_NOMEM, "initramfs: no memory");
	}
	return add(cpio,
		   (struct kd_cpio_entry){
			   .path = name, .mode = S_IFREG | mode, .data = data, .bytes = bytes},
		   err);
}

void kd_cpio_deinit(struct kd_cpio *cpio)
{
	for (size_t i = 0; i < cpio->count; i++) {
		free(cpio->entries[i].path);
		free(cpio->entries[i].data);
	}
	free(cpio->entries);
	*cpio = (struct kd_cpio){0};
}

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct kd_cpio_entry *)a)->path,
		      ((const struct kd_cpio_entry *)b)->path);
}

static la_ssize_t write_stream(struct archive *archive, void *stream, const void *data,
			       size_t bytes)
{
	return fwrite(data, 1, bytes, stream) == bytes ? (la_ssize_t)bytes : -1;
}

static bool write_entry(struct archive *archive, const struct kd_cpio_entry *from, size_t number)
{
	struct archive_entry *entry = archive_entry_new();
	bool written;

	if (!entry)
		return false;
	archive_entry_set_pathname(entry, from->path);
	archive_entry_set_mode(entry, (mode_t)from->mode);
	archive_entry_set_size(entry, (la_int64_t)from->bytes);
	archive_entry_set_nlink(entry, 1);
	archive_entry_set_ino64(entry, (la_int64_t)number);
	archive_entry_set_mtime(entry, 0, 0);
	archive_entry_set_rdevmajor(entry, from->device_major);
	archive_entry_set_rdevminor(entry, from->device_minor);
	written = archive_write_header(archive, entry) == ARCHIVE_OK &&
		  (!from->bytes ||
		   archive_write_data(archive, from->data, from->bytes) == (la_ssize_t)from->bytes);
	archive_entry_free(entry);
	return written;
}

enum kd_status kd_cpio_pack(struct kd_cpio *cpio, char **data, size_t *bytes, struct kd_err *err)
{
	struct archive *archive = archive_write_new();
	char *buffer = NULL;
	size_t size = 0;
	FILE *stream = open_memstream(&buffer, &size);
	bool written = archive && stream;

	/* A folder sorts before what is in it, which is the order that the kernel needs. */
	qsort(cpio->entries, cpio->count, sizeof(*cpio->entries), by_path);
	written = written && !archive_write_set_format_cpio_newc(archive) &&
		  !archive_write_set_bytes_in_last_block(archive, 1) &&
		  !archive_write_open(archive, stream, NULL, write_stream, NULL);
	for (size_t i = 0; i < cpio->count && written; i++)
		written = write_entry(archive, &cpio->entries[i], i + 1);
	written = written && archive_write_close(archive) == ARCHIVE_OK;
	if (!written)
		kd_fail(err, KD_SYSTEM, "initramfs: %s",
			archive && archive_error_string(archive) ? archive_error_string(archive)
								 : "no memory");
	archive_write_free(archive);
	if (stream && fclose(stream) && written) {
		kd_fail(err, KD_NOMEM, "initramfs: no memory");
		written = false;
	}
	if (!written) {
		free(buffer);
		return KD_SYSTEM;
	}
	*data = buffer;
	*bytes = size;
	return KD_OK;
}
