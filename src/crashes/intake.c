/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "crashes/intake.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crashes/json.h"
#include "host/file.h"
#include "host/system.h"

enum { CHUNK_BYTES = 1 << 20, HOLE_BYTES = 64 << 10, MANIFEST_BYTES_MAX = 1 << 20 };

/* No host's name begins with a dot. */
static const char growing[] = ".kdump-collect";

/* Only the files that an intake makes: were others in it, the folder stays and making it again fails. */
static void clear(const struct kd_intake *intake)
{
	int fd = openat(intake->parent, growing, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return;
	for (size_t i = 0; kd_crash_files[i]; i++)
		unlinkat(fd, kd_crash_files[i], 0);
	close(fd);
	unlinkat(intake->parent, growing, AT_REMOVEDIR);
}

enum kd_status kd_intake_begin(struct kd_intake *intake, const char *path, struct kd_err *err)
{
	struct kd_intake begun = {.parent = -1, .fd = -1, .path = path};
	enum kd_status status = kd_make_folders(path, 0755, err);

	*intake = begun;
	if (status)
		return status;
	begun.parent = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (begun.parent < 0)
		return kd_fail_errno(err, errno, "%s", path);
	if (flock(begun.parent, LOCK_EX | LOCK_NB)) {
		status = errno == EWOULDBLOCK
				 ? kd_fail(err, KD_SYSTEM, "%s: another kdump collect is at work",
					   path)
				 : kd_fail_errno(err, errno, "%s", path);
		close(begun.parent);
		return status;
	}
	clear(&begun);
	if (!mkdirat(begun.parent, growing, 0700))
		begun.fd = openat(begun.parent, growing,
				  O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (begun.fd < 0) {
		status = kd_fail_errno(err, errno, "%s/%s", path, growing);
		close(begun.parent);
		return status;
	}
	*intake = begun;
	return KD_OK;
}

void kd_intake_end(struct kd_intake *intake)
{
	if (intake->fd >= 0) {
		close(intake->fd);
		clear(intake);
	}
	if (intake->parent >= 0)
		close(intake->parent);
	intake->fd = intake->parent = -1;
}

static int create(const struct kd_intake *intake, const char *name)
{
	return openat(intake->fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
}

enum kd_status kd_intake_put(struct kd_intake *intake, const char *name, const void *data,
			     size_t bytes, struct kd_err *err)
{
	KD_CLEANUP_CLOSE int fd = create(intake, name);
	enum kd_status status;

	if (fd < 0)
		return kd_fail_errno(err, errno, "%s", name);
	status = kd_write_all(fd, data, bytes, name, err);
	if (!status && fsync(fd))
		status = kd_fail_errno(err, errno, "%s", name);
	return status;
}

enum kd_status kd_intake_put_json(struct kd_intake *intake, const char *name, const json_t *root,
				  struct kd_err *err)
{
	KD_CLEANUP_FREE char *text = root ? json_dumps(root, JSON_INDENT(2)) : NULL;

	if (!text)
		return kd_fail_errno(err, ENOMEM, "%s", name);
	return kd_intake_put(intake, name, text, strlen(text), err);
}

static bool is_zero(const uint8_t *data, size_t bytes)
{
	return !bytes || (!data[0] && !memcmp(data, data + 1, bytes - 1));
}

/* Writes what is not zero; zeros are left out, as a hole. */
static enum kd_status write_piece(int fd, const char *name, uint64_t at, const uint8_t *data,
				  size_t bytes, struct kd_err *err)
{
	for (size_t done = 0; done < bytes; done += HOLE_BYTES) {
		size_t length = bytes - done < HOLE_BYTES ? bytes - done : HOLE_BYTES;
		enum kd_status status;

		if (is_zero(data + done, length))
			continue;
		if (lseek(fd, (off_t)(at + done), SEEK_SET) < 0)
			return kd_fail_errno(err, errno, "%s", name);
		status = kd_write_all(fd, data + done, length, name, err);
		if (status)
			return status;
	}
	return KD_OK;
}

enum kd_status kd_intake_copy(struct kd_intake *intake, const char *name, int from, uint64_t offset,
			      uint64_t bytes, const struct kd_progress *progress,
			      uint8_t digest[KD_SHA256_BYTES], struct kd_err *err)
{
	KD_CLEANUP_CLOSE int fd = create(intake, name);
	KD_CLEANUP_FREE uint8_t *buffer = malloc(CHUNK_BYTES);
	enum kd_status status = KD_OK;
	struct kd_sha256 hash;

	if (fd < 0 || !buffer)
		return kd_fail_errno(err, fd < 0 ? errno : ENOMEM, "%s", name);
	kd_sha256_init(&hash);
	while (hash.length < bytes && !status) {
		uint64_t at = hash.length, left = bytes - at;
		ssize_t got = pread(from, buffer, left < CHUNK_BYTES ? (size_t)left : CHUNK_BYTES,
				    (off_t)(offset + at));

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return kd_fail_errno(err, errno, "%s: reading", name);
		if (!got)
			return kd_fail(err, KD_TRUNCATED, "%s: ends too early", name);
		kd_sha256_update(&hash, buffer, (size_t)got);
		status = write_piece(fd, name, at, buffer, (size_t)got, err);
		if (!status && !kd_progress(progress, hash.length, bytes))
			status = kd_fail(err, KD_SYSTEM, "%s: stopped", name);
	}
	if (!status && (ftruncate(fd, (off_t)bytes) || fsync(fd)))
		status = kd_fail_errno(err, errno, "%s", name);
	if (!status)
		kd_sha256_final(&hash, digest);
	return status;
}

/* rename(2) would go over an empty folder. Not every file system knows RENAME_NOREPLACE: EINVAL. */
static int rename_to_free(const struct kd_intake *intake, const char *name)
{
	if (!renameat2(intake->parent, growing, intake->parent, name, RENAME_NOREPLACE))
		return 0;
	if (errno != EINVAL)
		return -1;
	if (!faccessat(intake->parent, name, F_OK, AT_SYMLINK_NOFOLLOW)) {
		errno = EEXIST;
		return -1;
	}
	return renameat(intake->parent, growing, intake->parent, name);
}

enum kd_status kd_intake_finish(struct kd_intake *intake, struct kd_crash_name *name,
				char text[KD_CRASH_NAME_BYTES], struct kd_err *err)
{
	if (fsync(intake->fd) && errno != EINVAL)
		return kd_fail_errno(err, errno, "%s/%s", intake->path, growing);
	for (name->serial = 1; name->serial <= KD_CRASH_SERIALS; name->serial++) {
		kd_crash_name_format(name, text);
		if (!rename_to_free(intake, text))
			break;
		if (errno != EEXIST)
			return kd_fail_errno(err, errno, "%s/%s", intake->path, text);
	}
	if (name->serial > KD_CRASH_SERIALS)
		return kd_fail_errno(err, EEXIST, "%s/%s", intake->path, text);
	close(intake->fd);
	intake->fd = -1;
	if (fsync(intake->parent) && errno != EINVAL)
		return kd_fail_errno(err, errno, "%s", intake->path);
	return KD_OK;
}

static bool is_from(const struct kd_intake *intake, const char *folder, const char *id)
{
	KD_CLEANUP_CLOSE int fd =
		openat(intake->parent, folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	json_t *manifest;
	const char *found;
	bool same;

	if (fd < 0 || kd_json_read(fd, "manifest.json", MANIFEST_BYTES_MAX, &manifest, NULL))
		return false;
	found = json_string_value(json_object_get(json_object_get(manifest, "collected"), "id"));
	same = found && !strcmp(found, id);
	json_decref(manifest);
	return same;
}

bool kd_intake_find(const struct kd_intake *intake, const struct kd_crash_name *name,
		    const char *id, char text[KD_CRASH_NAME_BYTES])
{
	struct kd_crash_name tried = *name;

	for (tried.serial = 1; tried.serial <= KD_CRASH_SERIALS; tried.serial++) {
		kd_crash_name_format(&tried, text);
		if (faccessat(intake->parent, text, F_OK, AT_SYMLINK_NOFOLLOW))
			return false;
		if (is_from(intake, text, id))
			return true;
	}
	return false;
}
