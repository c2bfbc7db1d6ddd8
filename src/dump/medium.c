/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dump/medium.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "host/system.h"

enum { MAGIC_BYTES = 16 };

struct kd_file_id kd_file_id(const struct stat *st)
{
	if (S_ISBLK(st->st_mode))
		return (struct kd_file_id){st->st_rdev, 0}; /* files have other numbers */
	return (struct kd_file_id){st->st_dev, st->st_ino};
}

static enum kd_status open_file(struct kd_medium *medium, const char *path, struct kd_err *err)
{
	struct statfs fs;
	struct stat st;
	off_t end;

	/* O_NONBLOCK: a fifo would wait for its writer; it does not matter to a file */
	medium->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (medium->fd < 0)
		return kd_fail_errno(err, errno, "opening");
	if (fstat(medium->fd, &st))
		return kd_fail_errno(err, errno, "reading its size");
	if (S_ISDIR(st.st_mode))
		return kd_fail(err, KD_UNSUPPORTED, "a folder, not a dump");
	if (!S_ISREG(st.st_mode) && !S_ISBLK(st.st_mode))
		return kd_fail(err, KD_UNSUPPORTED,
			       "not a file or block device: a dump is read at any offset");
	medium->id = kd_file_id(&st);
	medium->file_bytes = (uint64_t)st.st_size;
	if (S_ISBLK(st.st_mode)) {
		end = lseek(medium->fd, 0, SEEK_END);
		if (end < 0)
			return kd_fail_errno(err, errno, "reading its size");
		medium->file_bytes = (uint64_t)end;
	}
	medium->is_proc = !fstatfs(medium->fd, &fs) && fs.f_type == PROC_SUPER_MAGIC;
	medium->is_file = S_ISREG(st.st_mode) && !medium->is_proc;
	medium->bytes = medium->file_bytes;
	return KD_OK;
}

enum kd_status kd_medium_open(struct kd_medium *medium, const char *path, bool as_it_stands,
			      struct kd_err *err)
{
	char magic[MAGIC_BYTES];
	enum kd_status status;
	size_t got;

	*medium = (struct kd_medium){.fd = -1};
	status = open_file(medium, path, err);
	if (status)
		return status;
	if (!medium->file_bytes)
		return kd_fail(err, KD_TRUNCATED, "the file is empty");
	if (as_it_stands)
		return KD_OK;
	status = kd_medium_read(medium, 0, magic, sizeof(magic), &got, err);
	if (!status && kd_is_flattened(magic, got))
		status = kd_flattened_index(medium, err);
	return status;
}

void kd_medium_close(struct kd_medium *medium)
{
	if (medium->fd >= 0)
		close(medium->fd);
	free(medium->extents);
	*medium = (struct kd_medium){.fd = -1};
}

/* The first extent that ends after offset, or the end of them. */
static const struct kd_extent *find_extent(const struct kd_medium *medium, uint64_t offset)
{
	size_t low = 0, high = medium->extent_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct kd_extent *extent = &medium->extents[middle];

		if (extent->offset + extent->bytes <= offset)
			low = middle + 1;
		else
			high = middle;
	}
	return medium->extents + low;
}

/* Where the byte at offset stands; false: nowhere, it is zero. *bytes is cut to what lies together. */
static bool locate(const struct kd_medium *medium, uint64_t offset, size_t *bytes,
		   uint64_t *file_offset)
{
	const struct kd_extent *extent;
	bool inside;
	uint64_t end;

	*file_offset = offset;
	if (!medium->extents)
		return true;
	extent = find_extent(medium, offset);
	if (extent == medium->extents + medium->extent_count)
		return false;
	inside = extent->offset <= offset;
	end = inside ? extent->offset + extent->bytes : extent->offset;
	if (*bytes > end - offset)
		*bytes = (size_t)(end - offset);
	*file_offset = extent->file_offset + (offset - extent->offset);
	return inside;
}

enum kd_status kd_medium_read(const struct kd_medium *medium, uint64_t offset, void *buffer,
			      size_t bytes, size_t *got, struct kd_err *err)
{
	uint64_t file_offset;

	if (offset >= medium->bytes)
		return kd_fail(err, KD_TRUNCATED, "the file ends before byte 0x%llx of it",
			       (unsigned long long)offset);
	if (bytes > medium->bytes - offset)
		bytes = (size_t)(medium->bytes - offset);
	if (!locate(medium, offset, &bytes, &file_offset)) {
		memset(buffer, 0, bytes);
		*got = bytes;
		return KD_OK;
	}
	for (;;) {
		ssize_t count = pread(medium->fd, buffer, bytes, (off_t)file_offset);

		if (count > 0) {
			*got = (size_t)count;
			return KD_OK;
		}
		if (!count)
			return kd_fail(err, KD_TRUNCATED, "the file ends before byte 0x%llx of it",
				       (unsigned long long)file_offset);
		if (errno != EINTR)
			return kd_fail_errno(err, errno, "reading at 0x%llx",
					     (unsigned long long)file_offset);
	}
}

enum kd_status kd_medium_copy(const struct kd_medium *medium, uint64_t offset, void *buffer,
			      size_t bytes, struct kd_err *err)
{
	for (size_t done = 0, got; done < bytes; done += got) {
		enum kd_status status = kd_medium_read(medium, offset + done, (char *)buffer + done,
						       bytes - done, &got, err);

		if (status)
			return status;
	}
	return KD_OK;
}

uint64_t kd_medium_next_data(const struct kd_medium *medium, uint64_t offset)
{
	off_t data;

	if (medium->extents || !medium->is_file)
		return offset;
	data = lseek(medium->fd, (off_t)offset, SEEK_DATA);
	if (data < 0)
		return errno == ENXIO ? medium->bytes : offset;
	return (uint64_t)data;
}
