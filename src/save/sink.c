/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "save/sink.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "host/system.h"

/* Not yet written back, and being written back: each at most this much of the page cache. */
enum { PACE_BYTES = 2 << 20 };

static enum kd_status fail(struct kd_sink *sink, int error, uint64_t offset, struct kd_err *err)
{
	return kd_fail_errno(err, error, "%s: after %llu MiB", sink->path,
			     (unsigned long long)(offset >> 20));
}

static enum kd_status write_at(struct kd_sink *sink, uint64_t offset, const void *data,
			       size_t bytes, struct kd_err *err)
{
	const char *at = data;

	while (bytes) {
		ssize_t put = pwrite(sink->fd, at, bytes, (off_t)(sink->base + offset));

		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0)
			return fail(sink, put ? errno : ENOSPC, offset, err);
		at += put;
		offset += (uint64_t)put;
		bytes -= (size_t)put;
	}
	return KD_OK;
}

/* A file is a hole where nothing was written. */
static enum kd_status file_zero(struct kd_sink *sink, uint64_t offset, uint64_t bytes,
				struct kd_err *err)
{
	return KD_OK;
}

static enum kd_status file_end(struct kd_sink *sink, uint64_t total_bytes, struct kd_err *err)
{
	if (ftruncate(sink->fd, (off_t)total_bytes))
		return fail(sink, errno, total_bytes, err);
	return KD_OK;
}

static const struct kd_sink_kind file_kind = {"file", file_zero, file_end};

/* A device holds what it held: zeros are written, by the device itself where it can. */
static enum kd_status device_zero(struct kd_sink *sink, uint64_t offset, uint64_t bytes,
				  struct kd_err *err)
{
	static const char zeros[65536];
	uint64_t range[2] = {sink->base + offset, bytes};
	enum kd_status status = KD_OK;

	if (!((range[0] | range[1]) & 511) && !ioctl(sink->fd, BLKZEROOUT, range))
		return KD_OK;
	while (bytes && !status) {
		size_t piece = bytes < sizeof(zeros) ? (size_t)bytes : sizeof(zeros);

		status = write_at(sink, offset, zeros, piece, err);
		offset += piece;
		bytes -= piece;
	}
	return status;
}

static enum kd_status device_end(struct kd_sink *sink, uint64_t total_bytes, struct kd_err *err)
{
	return KD_OK;
}

static const struct kd_sink_kind device_kind = {"block device", device_zero, device_end};

enum kd_status kd_sink_open_file(struct kd_sink *sink, const char *path, struct kd_err *err)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0)
		return kd_fail_errno(err, errno, "%s", path);
	*sink = (struct kd_sink){
		.kind = &file_kind,
		.path = path,
		.fd = fd,
		.limit_bytes = UINT64_MAX,
	};
	return KD_OK;
}

enum kd_status kd_sink_open_device(struct kd_sink *sink, const char *path, uint64_t base,
				   struct kd_err *err)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	off_t end;

	if (fd < 0)
		return kd_fail_errno(err, errno, "%s", path);
	end = lseek(fd, 0, SEEK_END);
	if (end < 0 || (uint64_t)end < base) {
		close(fd);
		return kd_fail(err, KD_SYSTEM, "%s: too small for a dump", path);
	}
	*sink = (struct kd_sink){
		.kind = &device_kind,
		.path = path,
		.fd = fd,
		.base = base,
		.limit_bytes = (uint64_t)end - base,
	};
	return KD_OK;
}

void kd_sink_close(struct kd_sink *sink)
{
	if (sink->kind)
		close(sink->fd);
	sink->kind = NULL;
}

/* Keeps the page cache small; advice, so that a failure is nobody's error. */
static void pace(struct kd_sink *sink, uint64_t written_bytes)
{
	uint64_t base = sink->base;

	if (written_bytes < sink->started_bytes + PACE_BYTES)
		return;
	sync_file_range(sink->fd, (off_t)(base + sink->started_bytes),
			(off_t)(written_bytes - sink->started_bytes), SYNC_FILE_RANGE_WRITE);
	sync_file_range(sink->fd, (off_t)(base + sink->settled_bytes),
			(off_t)(sink->started_bytes - sink->settled_bytes),
			SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE |
				SYNC_FILE_RANGE_WAIT_AFTER);
	posix_fadvise(sink->fd, (off_t)(base + sink->settled_bytes),
		      (off_t)(sink->started_bytes - sink->settled_bytes), POSIX_FADV_DONTNEED);
	sink->settled_bytes = sink->started_bytes;
	sink->started_bytes = written_bytes;
}

static enum kd_status check_room(struct kd_sink *sink, uint64_t offset, uint64_t bytes,
				 struct kd_err *err)
{
	if (offset > sink->limit_bytes || bytes > sink->limit_bytes - offset)
		return fail(sink, ENOSPC, offset, err);
	return KD_OK;
}

enum kd_status kd_sink_write(struct kd_sink *sink, uint64_t offset, const void *data, size_t bytes,
			     struct kd_err *err)
{
	enum kd_status status = check_room(sink, offset, bytes, err);

	if (!status)
		status = write_at(sink, offset, data, bytes, err);
	if (!status)
		pace(sink, offset + bytes);
	return status;
}

enum kd_status kd_sink_zero(struct kd_sink *sink, uint64_t offset, uint64_t bytes,
			    struct kd_err *err)
{
	enum kd_status status = check_room(sink, offset, bytes, err);

	return status ? status : sink->kind->zero(sink, offset, bytes, err);
}

enum kd_status kd_sink_end(struct kd_sink *sink, uint64_t total_bytes, struct kd_err *err)
{
	enum kd_status status = sink->kind->end(sink, total_bytes, err);

	if (!status && fsync(sink->fd))
		status = fail(sink, errno, total_bytes, err);
	return status;
}
