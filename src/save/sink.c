/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "save/sink.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "host/system.h"

/* Not yet written back, and being written back: each at most this much of the page cache. */
enum { PACE_BYTES = 2 << 20, ZERO_BYTES = 64 << 10 };

enum { STOP_LOOK_MS = 100 };

static const char zeros[ZERO_BYTES];

static enum kd_status fail(struct kd_sink *sink, int error, uint64_t offset, struct kd_err *err)
{
	if (error == ENOSPC || error == EDQUOT || error == EFBIG)
		sink->full = true;
	return kd_fail_errno(err, error, "%s: after %llu MiB", sink->path,
			     (unsigned long long)(offset >> 20));
}

static bool is_stopped(const struct kd_sink *sink)
{
	return sink->stop && *sink->stop;
}

static enum kd_status write_at(struct kd_sink *sink, uint64_t offset, const void *data,
			       size_t bytes, struct kd_err *err)
{
	const char *at = data;

	while (bytes) {
		ssize_t put = pwrite(sink->fd, at, bytes, (off_t)(sink->base + offset));

		if (put < 0 && errno == EINTR && !is_stopped(sink))
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

static const struct kd_sink_kind file_kind = {
	.name = "file",
	.write = write_at,
	.zero = file_zero,
	.end = file_end,
};

/* A device holds what it held: zeros are written, by the device itself where it can. */
static enum kd_status device_zero(struct kd_sink *sink, uint64_t offset, uint64_t bytes,
				  struct kd_err *err)
{
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

static const struct kd_sink_kind device_kind = {
	.name = "block device",
	.has_past = true,
	.write = write_at,
	.zero = device_zero,
	.end = device_end,
};

/*
 * Waits until a stream takes something, or is stopped. A signal reaches any one thread, perhaps another than the one that
 * waits in write(2): so that one waits here, and looks now and then.
 */
static void wait_for_reader(const struct kd_sink *sink)
{
	struct pollfd room = {.fd = sink->fd, .events = POLLOUT};

	while (!is_stopped(sink) && poll(&room, 1, STOP_LOOK_MS) <= 0)
		;
}

/* Puts bytes behind what was written. */
static enum kd_status append(struct kd_sink *sink, const void *data, size_t bytes,
			     struct kd_err *err)
{
	const char *at = data;

	while (bytes) {
		/* a pipe that takes anything takes so much without waiting: pipe(7) */
		size_t piece =
			sink->stop && !sink->owns_file && bytes > PIPE_BUF ? PIPE_BUF : bytes;
		ssize_t put;

		if (sink->stop && !sink->owns_file)
			wait_for_reader(sink);
		if (is_stopped(sink))
			return fail(sink, EINTR, sink->at, err);
		put = write(sink->fd, at, piece);
		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0)
			return fail(sink, put ? errno : ENOSPC, sink->at, err);
		at += put;
		sink->at += (uint64_t)put;
		bytes -= (size_t)put;
	}
	return KD_OK;
}

static enum kd_status plain_zero(struct kd_sink *sink, uint64_t offset, uint64_t bytes,
				 struct kd_err *err)
{
	enum kd_status status = KD_OK;

	if (offset < sink->at)
		return kd_fail(err, KD_INVALID, "%s: this format needs a file", sink->path);
	bytes += offset - sink->at;
	while (bytes && !status) {
		size_t piece = bytes < sizeof(zeros) ? (size_t)bytes : sizeof(zeros);

		status = append(sink, zeros, piece, err);
		bytes -= piece;
	}
	return status;
}

static enum kd_status plain_write(struct kd_sink *sink, uint64_t offset, const void *data,
				  size_t bytes, struct kd_err *err)
{
	enum kd_status status = KD_OK;

	if (offset < sink->at)
		return kd_fail(err, KD_INVALID, "%s: this format needs a file", sink->path);
	if (offset > sink->at)
		status = plain_zero(sink, sink->at, offset - sink->at, err);
	return status ? status : append(sink, data, bytes, err);
}

static enum kd_status plain_end(struct kd_sink *sink, uint64_t total_bytes, struct kd_err *err)
{
	return total_bytes > sink->at ? plain_zero(sink, sink->at, total_bytes - sink->at, err)
				      : KD_OK;
}

static const struct kd_sink_kind plain_kind = {
	.name = "stream",
	.in_order = true,
	.write = plain_write,
	.zero = plain_zero,
	.end = plain_end,
};

/* The flattened format: see dump/flattened.c. */
enum { FLAT_HEADER_BYTES = 4096, FLAT_TYPE = 1, FLAT_VERSION = 1, FLAT_TYPE_OFFSET = 16 };

static void put_big_endian(uint8_t *to, uint64_t value)
{
	for (int i = 0; i < 8; i++)
		to[i] = (uint8_t)(value >> (56 - 8 * i));
}

static enum kd_status flat_begin(struct kd_sink *sink, struct kd_err *err)
{
	uint8_t header[FLAT_HEADER_BYTES] = "makedumpfile";

	put_big_endian(header + FLAT_TYPE_OFFSET, FLAT_TYPE);
	put_big_endian(header + FLAT_TYPE_OFFSET + 8, FLAT_VERSION);
	return append(sink, header, sizeof(header), err);
}

static enum kd_status flat_write(struct kd_sink *sink, uint64_t offset, const void *data,
				 size_t bytes, struct kd_err *err)
{
	uint8_t record[16];
	enum kd_status status;

	put_big_endian(record, offset);
	put_big_endian(record + 8, bytes);
	if (sink->end_bytes < offset + bytes)
		sink->end_bytes = offset + bytes;
	status = append(sink, record, sizeof(record), err);
	return status ? status : append(sink, data, bytes, err);
}

/* What no record has is zero. */
static enum kd_status flat_zero(struct kd_sink *sink, uint64_t offset, uint64_t bytes,
				struct kd_err *err)
{
	return KD_OK;
}

static enum kd_status flat_end(struct kd_sink *sink, uint64_t total_bytes, struct kd_err *err)
{
	uint8_t record[16];
	enum kd_status status = KD_OK;

	/* the last record gives the length: a byte there, for a dump that ends with zeros */
	if (total_bytes > sink->end_bytes)
		status = flat_write(sink, total_bytes - 1, zeros, 1, err);
	put_big_endian(record, UINT64_MAX);
	put_big_endian(record + 8, UINT64_MAX);
	return status ? status : append(sink, record, sizeof(record), err);
}

static const struct kd_sink_kind flat_kind = {
	.name = "flattened stream",
	.begin = flat_begin,
	.write = flat_write,
	.zero = flat_zero,
	.end = flat_end,
};

enum kd_status kd_sink_open_file(struct kd_sink *sink, const char *path, struct kd_err *err)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0)
		return kd_fail_errno(err, errno, "%s", path);
	*sink = (struct kd_sink){
		.kind = &file_kind,
		.path = path,
		.fd = fd,
		.owns_file = true,
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

enum kd_status kd_sink_open_stream(struct kd_sink *sink, int fd, bool flattened, struct kd_err *err)
{
	int own = fcntl(fd, F_DUPFD_CLOEXEC, 0);

	if (own < 0)
		return kd_fail_errno(err, errno, "standard output");
	*sink = (struct kd_sink){
		.kind = flattened ? &flat_kind : &plain_kind,
		.path = "standard output",
		.fd = own,
		.limit_bytes = UINT64_MAX,
	};
	return sink->kind->begin ? sink->kind->begin(sink, err) : KD_OK;
}

enum kd_status kd_sink_flatten(struct kd_sink *sink, struct kd_err *err)
{
	sink->kind = &flat_kind;
	return flat_begin(sink, err);
}

void kd_sink_close(struct kd_sink *sink)
{
	if (sink->kind)
		close(sink->fd);
	sink->kind = NULL;
}

bool kd_sink_can_rewrite(const struct kd_sink *sink)
{
	return sink->kind == &file_kind || sink->kind == &device_kind;
}

bool kd_sink_can_restart(const struct kd_sink *sink)
{
	return sink->owns_file || kd_sink_can_rewrite(sink);
}

enum kd_status kd_sink_restart(struct kd_sink *sink, struct kd_err *err)
{
	sink->started_bytes = sink->settled_bytes = 0;
	sink->at = sink->end_bytes = 0;
	sink->full = false;
	if (sink->owns_file && (ftruncate(sink->fd, 0) || lseek(sink->fd, 0, SEEK_SET) < 0))
		return fail(sink, errno, 0, err);
	/* file systems give freed blocks out again when the transaction that freed them is on disk, not before */
	if (sink->owns_file)
		fsync(sink->fd);
	return sink->kind->begin ? sink->kind->begin(sink, err) : KD_OK;
}

/* Keeps the page cache small; advice, so that a failure is nobody's error. */
static void pace(struct kd_sink *sink, uint64_t written_bytes)
{
	uint64_t base = sink->base;

	if (!sink->pace || written_bytes < sink->started_bytes + PACE_BYTES)
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
	if (offset <= sink->limit_bytes && bytes <= sink->limit_bytes - offset)
		return KD_OK;
	sink->full = true;
	return kd_fail(err, KD_SYSTEM,
		       "%s: after %llu MiB: No space left, it may become %llu MiB large",
		       sink->path, (unsigned long long)(offset >> 20),
		       (unsigned long long)(sink->limit_bytes >> 20));
}

enum kd_status kd_sink_reserve(struct kd_sink *sink, uint64_t offset, uint64_t bytes,
			       struct kd_err *err)
{
	enum kd_status status = check_room(sink, offset, bytes, err);

	if (status || !bytes)
		return status;
	if (sink->kind == &file_kind && fallocate(sink->fd, 0, (off_t)offset, (off_t)bytes)) {
		if (errno == ENOSPC || errno == EDQUOT || errno == EFBIG)
			return fail(sink, errno, offset, err);
		return KD_OK; /* not on this file system: then it must do without */
	}
	return sink->kind->zero(sink, offset, bytes, err);
}

enum kd_status kd_sink_write(struct kd_sink *sink, uint64_t offset, const void *data, size_t bytes,
			     struct kd_err *err)
{
	enum kd_status status = check_room(sink, offset, bytes, err);

	if (!status && bytes)
		status = sink->kind->write(sink, offset, data, bytes, err);
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

enum kd_status kd_sink_cut(struct kd_sink *sink, uint64_t total_bytes, struct kd_err *err)
{
	return sink->kind == &file_kind ? file_end(sink, total_bytes, err) : KD_OK;
}

enum kd_status kd_sink_sync(struct kd_sink *sink, struct kd_err *err)
{
	/* a pipe or a terminal has nothing to sync */
	if (fsync(sink->fd) && errno != EINVAL && errno != EROFS)
		return fail(sink, errno, sink->at, err);
	return KD_OK;
}

enum kd_status kd_sink_end(struct kd_sink *sink, uint64_t total_bytes, struct kd_err *err)
{
	enum kd_status status = sink->kind->end(sink, total_bytes, err);

	return status ? status : kd_sink_sync(sink, err);
}
