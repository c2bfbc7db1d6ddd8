/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/file.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/system.h"

void kd_free_p(void *pointer)
{
	free(*(void **)pointer);
}

void kd_close_p(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

enum kd_status kd_file_read(const char *path, size_t limit_bytes, char **data, size_t *bytes,
			    struct kd_err *err)
{
	KD_CLEANUP_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
	KD_CLEANUP_FREE char *buffer = NULL;
	size_t room = 0, filled = 0;

	if (fd < 0)
		return kd_fail_errno(err, errno, "%s", path);
	for (;;) {
		ssize_t got;

		if (filled + 1 >= room) {
			size_t larger = room ? room * 2 : 16384;
			char *grown = realloc(buffer, larger);

			if (!grown)
				return kd_fail_errno(err, ENOMEM, "%s", path);
			buffer = grown;
			room = larger;
		}
		got = read(fd, buffer + filled, room - filled - 1);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return kd_fail_errno(err, errno, "%s", path);
		if (!got)
			break;
		filled += (size_t)got;
		if (filled > limit_bytes)
			return kd_fail(err, KD_UNSUPPORTED, "%s: larger than %zu bytes", path,
				       limit_bytes);
	}
	buffer[filled] = '\0';
	*data = buffer;
	*bytes = filled;
	buffer = NULL;
	return KD_OK;
}

enum kd_status kd_file_read_number(const char *path, int base, uint64_t *value, struct kd_err *err)
{
	enum { NUMBER_BYTES_MAX = 4096 };
	KD_CLEANUP_FREE char *text = NULL;
	unsigned long long number;
	enum kd_status status;
	size_t bytes;
	char *end;

	status = kd_file_read(path, NUMBER_BYTES_MAX, &text, &bytes, err);
	if (status)
		return status;
	errno = 0;
	number = strtoull(text, &end, base);
	if (errno || end == text || end[strspn(end, " \t\n")])
		return kd_fail(err, KD_CORRUPT, "%s: not a number", path);
	*value = number;
	return KD_OK;
}

enum kd_status kd_write_all(int fd, const void *data, size_t bytes, const char *what,
			    struct kd_err *err)
{
	const char *at = data;

	while (bytes) {
		ssize_t put = write(fd, at, bytes);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return kd_fail_errno(err, errno, "%s", what);
		at += put;
		bytes -= (size_t)put;
	}
	return KD_OK;
}

static enum kd_status sync_folder_of(const char *path, struct kd_err *err)
{
	KD_CLEANUP_FREE char *copy = strdup(path);
	const char *folder = copy ? dirname(copy) : "";
	KD_CLEANUP_CLOSE int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	/* EINVAL: a file system that cannot sync a folder, as vfat on some kernels */
	if (fd < 0 || (fsync(fd) && errno != EINVAL))
		return kd_fail_errno(err, errno, "%s", folder);
	return KD_OK;
}

/* A device or a pipe: what is put in its place would be no such thing. */
static enum kd_status write_into(const char *path, const void *data, size_t bytes,
				 struct kd_err *err)
{
	KD_CLEANUP_CLOSE int fd = open(path, O_WRONLY | O_CLOEXEC);

	return fd < 0 ? kd_fail_errno(err, errno, "%s", path)
		      : kd_write_all(fd, data, bytes, path, err);
}

enum kd_status kd_file_replace(const char *path, const void *data, size_t bytes, unsigned int mode,
			       struct kd_err *err)
{
	KD_CLEANUP_FREE char *beside = NULL;
	KD_CLEANUP_CLOSE int fd = -1;
	enum kd_status status;
	struct stat st;

	if (!stat(path, &st) && !S_ISREG(st.st_mode))
		return write_into(path, data, bytes, err);
	if (asprintf(&beside, "%s.new", path) < 0) {
		beside = NULL;
		return kd_fail_errno(err, ENOMEM, "%s", path);
	}
	fd = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
	if (fd < 0)
		return kd_fail_errno(err, errno, "%s", path);
	status = kd_write_all(fd, data, bytes, path, err);
	if (!status && fsync(fd))
		status = kd_fail_errno(err, errno, "%s", path);
	if (!status && rename(beside, path))
		status = kd_fail_errno(err, errno, "%s", path);
	if (status) {
		unlink(beside);
		return status;
	}
	return sync_folder_of(path, err);
}

/* From where fd stands; no more than limit_bytes. */
static enum kd_status hash_file(int fd, const char *path, uint64_t limit_bytes,
				struct kd_sha256 *hash, struct kd_err *err)
{
	enum { CHUNK_BYTES = 256 << 10 };
	KD_CLEANUP_FREE char *buffer = malloc(CHUNK_BYTES);

	if (!buffer)
		return kd_fail_errno(err, ENOMEM, "%s", path);
	kd_sha256_init(hash);
	while (hash->length < limit_bytes) {
		uint64_t left = limit_bytes - hash->length;
		ssize_t got = read(fd, buffer, left < CHUNK_BYTES ? (size_t)left : CHUNK_BYTES);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return kd_fail_errno(err, errno, "%s", path);
		if (!got)
			break;
		kd_sha256_update(hash, buffer, (size_t)got);
	}
	return KD_OK;
}

enum kd_status kd_file_sha256(const char *path, uint8_t digest[KD_SHA256_BYTES], uint64_t *bytes,
			      struct kd_err *err)
{
	KD_CLEANUP_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
	enum kd_status status;
	struct kd_sha256 hash;

	if (fd < 0)
		return kd_fail_errno(err, errno, "%s", path);
	status = hash_file(fd, path, UINT64_MAX, &hash, err);
	if (status)
		return status;
	if (bytes)
		*bytes = hash.length;
	kd_sha256_final(&hash, digest);
	return KD_OK;
}

enum kd_status kd_file_sha256_range(const char *path, uint64_t offset, uint64_t bytes,
				    uint8_t digest[KD_SHA256_BYTES], struct kd_err *err)
{
	KD_CLEANUP_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
	enum kd_status status;
	struct kd_sha256 hash;

	if (fd < 0 || lseek(fd, (off_t)offset, SEEK_SET) < 0)
		return kd_fail_errno(err, errno, "%s", path);
	status = hash_file(fd, path, bytes, &hash, err);
	if (!status && hash.length != bytes)
		status = kd_fail(err, KD_TRUNCATED, "%s: ends %llu bytes too early", path,
				 (unsigned long long)(bytes - hash.length));
	if (!status)
		kd_sha256_final(&hash, digest);
	return status;
}

enum kd_status kd_make_folders(const char *path, unsigned int mode, struct kd_err *err)
{
	char partial[PATH_MAX];
	size_t length = strlen(path);

	if (length >= sizeof(partial))
		return kd_fail_errno(err, ENAMETOOLONG, "%s", path);
	for (size_t i = 1; i <= length; i++) {
		if (path[i] && path[i] != '/')
			continue;
		memcpy(partial, path, i);
		partial[i] = '\0';
		if (mkdir(partial, mode) && errno != EEXIST)
			return kd_fail_errno(err, errno, "%s", partial);
	}
	return KD_OK;
}
