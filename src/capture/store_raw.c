/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/sha256.h"
#include "crashes/raw_format.h"
#include "capture/store.h"
#include "host/file.h"
#include "host/system.h"

_Static_assert(sizeof(struct kd_raw_header) <= KD_RAW_HEADER_BYTES, "the header is one block");
_Static_assert((int)KD_RAW_PARTS == (int)KD_CAPTURE_PARTS, "every part has an entry");

/* The whole header, written over the old one and synced. */
static enum kd_status write_header(struct kd_capture *capture, enum kd_raw_state state,
				   struct kd_err *err)
{
	struct kd_raw_header header = {
		.magic = KD_RAW_MAGIC,
		.version = KD_RAW_VERSION,
		.state = state,
		.capture_time_s = capture->capture_time_s,
		.part_count = capture->part_count,
	};
	KD_CLEANUP_CLOSE int fd = open(capture->node, O_WRONLY | O_CLOEXEC);
	uint8_t block[KD_RAW_HEADER_BYTES] = {0};
	struct kd_sha256 hash;

	if (fd < 0)
		return kd_fail_errno(err, errno, "%s", capture->node);
	snprintf(header.host, sizeof(header.host), "%s", capture->host);
	for (unsigned int i = 0; i < capture->part_count; i++) {
		const struct kd_part *part = &capture->parts[i];

		memcpy(header.parts[i].name, part->name, sizeof(part->name));
		header.parts[i].offset = part->offset;
		header.parts[i].bytes = part->bytes;
		header.parts[i].whole = part->whole;
	}
	kd_sha256_init(&hash);
	kd_sha256_update(&hash, &header, offsetof(struct kd_raw_header, digest));
	kd_sha256_final(&hash, header.digest);
	memcpy(block, &header, sizeof(header));
	if (pwrite(fd, block, sizeof(block), 0) != sizeof(block) || fsync(fd))
		return kd_fail_errno(err, errno, "%s", capture->node);
	return KD_OK;
}

static enum kd_status begin(struct kd_capture *capture, struct kd_err *err)
{
	return write_header(capture, KD_RAW_WRITING, err);
}

/* Behind the small parts that are there. */
static uint64_t next_offset(const struct kd_capture *capture)
{
	uint64_t end = KD_RAW_HEADER_BYTES;

	for (unsigned int i = 0; i < capture->part_count; i++) {
		const struct kd_part *part = &capture->parts[i];
		uint64_t part_end = part->offset + part->bytes;

		if (part->offset < KD_RAW_DUMP_OFFSET && part_end > end)
			end = part_end;
	}
	return kd_round_up(end, KD_RAW_ALIGNMENT);
}

static enum kd_status open_part(struct kd_capture *capture, const char *name, FILE **stream,
				struct kd_err *err)
{
	uint64_t offset = next_offset(capture);
	struct kd_part *part = kd_part(capture, name);
	int fd;

	if (!part || offset >= KD_RAW_DUMP_OFFSET)
		return kd_fail(err, KD_INVALID, "%s: no room before the dump", name);
	fd = open(capture->node, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return kd_fail_errno(err, errno, "%s", capture->node);
	*stream = fdopen(fd, "w");
	if (!*stream || fseeko(*stream, (off_t)offset, SEEK_SET)) {
		close(fd);
		return kd_fail_errno(err, errno, "%s", capture->node);
	}
	*part = (struct kd_part){.offset = offset};
	capture->open_part = (unsigned int)(part - capture->parts);
	snprintf(part->name, sizeof(part->name), "%s", name);
	return KD_OK;
}

static enum kd_status close_part(struct kd_capture *capture, FILE *stream, struct kd_err *err)
{
	struct kd_part *part = &capture->parts[capture->open_part];
	off_t end = ftello(stream);
	bool failed = fflush(stream) || ferror(stream) || fsync(fileno(stream));
	int error = errno;

	fclose(stream);
	if (failed || end < 0)
		return kd_fail_errno(err, error, "%s", part->name);
	part->bytes = (uint64_t)end - part->offset;
	part->whole = true;
	if ((uint64_t)end > KD_RAW_DUMP_OFFSET) {
		part->bytes = KD_RAW_DUMP_OFFSET - part->offset;
		part->whole = false;
	}
	return write_header(capture, KD_RAW_WRITING, err);
}

static enum kd_status open_dump(struct kd_capture *capture, struct kd_sink *sink,
				char path[PATH_MAX], struct kd_err *err)
{
	struct kd_part *part = kd_part(capture, "vmcore");

	if (!part)
		return kd_fail(err, KD_INVALID, "vmcore: too many parts");
	part->offset = KD_RAW_DUMP_OFFSET;
	snprintf(path, PATH_MAX, "%s", capture->node);
	return kd_sink_open_device(sink, path, KD_RAW_DUMP_OFFSET, err);
}

static enum kd_status close_dump(struct kd_capture *capture, struct kd_sink *sink,
				 struct kd_err *err)
{
	struct kd_part *part = kd_part(capture, "vmcore");

	part->bytes = capture->saved.file_bytes;
	part->whole = true;
	return write_header(capture, KD_RAW_WRITING, err);
}

/*
 * The small parts have a place of their own, before the dump. What is left to do is to tell how long the dump is that
 * was not ended, where its writer still could say so.
 */
static void make_room(struct kd_capture *capture)
{
	for (unsigned int i = 0; i < capture->part_count; i++)
		if (!strcmp(capture->parts[i].name, "vmcore") && !capture->parts[i].whole)
			capture->parts[i].bytes = capture->saved.file_bytes;
}

static enum kd_status end(struct kd_capture *capture, struct kd_err *err)
{
	return write_header(capture, KD_RAW_ENDED, err);
}

const struct kd_store kd_store_raw = {
	.name = "raw device",
	.begin = begin,
	.open_part = open_part,
	.close_part = close_part,
	.open_dump = open_dump,
	.close_dump = close_dump,
	.make_room = make_room,
	.end = end,
};
