/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "crashes/raw.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "crashes/crash.h"
#include "host/file.h"
#include "host/system.h"

_Static_assert(sizeof(struct kd_raw_header) <= KD_RAW_HEADER_BYTES, "the header is one block");
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the header is little endian, as we are");

static void header_digest(const struct kd_raw_header *header, uint8_t digest[KD_SHA256_BYTES])
{
	struct kd_sha256 hash;

	kd_sha256_init(&hash);
	kd_sha256_update(&hash, header, offsetof(struct kd_raw_header, digest));
	kd_sha256_final(&hash, digest);
}

static enum kd_status read_header(int fd, const char *device, struct kd_raw_header *header,
				  struct kd_err *err)
{
	uint8_t digest[KD_SHA256_BYTES];
	ssize_t got = pread(fd, header, sizeof(*header), 0);

	if (got < 0)
		return kd_fail_errno(err, errno, "%s", device);
	if ((size_t)got < sizeof(*header) ||
	    memcmp(header->magic, KD_RAW_MAGIC, sizeof(header->magic)))
		return kd_fail(err, KD_NOTFOUND, "%s: there is no crash on it", device);
	header_digest(header, digest);
	if (memcmp(digest, header->digest, sizeof(digest)))
		return kd_fail(err, KD_CORRUPT, "%s: the header's digest does not fit it", device);
	if (header->version != KD_RAW_VERSION)
		return kd_fail(err, KD_UNSUPPORTED, "%s: version %u; this program knows %d", device,
			       header->version, KD_RAW_VERSION);
	return KD_OK;
}

static bool is_part_name(const char name[32])
{
	if (!memchr(name, '\0', 32) || !strcmp(name, "vmcore.incomplete"))
		return false;
	for (size_t i = 0; kd_crash_files[i]; i++)
		if (!strcmp(name, kd_crash_files[i]))
			return true;
	return false;
}

static enum kd_status check_part(const struct kd_raw_header *header, unsigned int index,
				 uint64_t device_bytes, const char *device, struct kd_err *err)
{
	const struct kd_raw_part *part = &header->parts[index];
	uint64_t end;

	if (!is_part_name(part->name))
		return kd_fail(err, KD_CORRUPT, "%s: part %u has no name that is known", device,
			       index);
	for (unsigned int i = 0; i < index; i++)
		if (!strcmp(header->parts[i].name, part->name))
			return kd_fail(err, KD_CORRUPT, "%s: %s stands there twice", device,
				       part->name);
	if (!kd_add(part->offset, part->bytes, &end) || part->offset < KD_RAW_HEADER_BYTES)
		return kd_fail(err, KD_CORRUPT, "%s: %s: no such place", device, part->name);
	if (end > device_bytes)
		return kd_fail(err, KD_TRUNCATED, "%s: %s: runs past the end of the device", device,
			       part->name);
	return KD_OK;
}

enum kd_status kd_raw_read(const char *device, struct kd_raw_crash *crash, struct kd_err *err)
{
	KD_CLEANUP_CLOSE int fd = open(device, O_RDONLY | O_CLOEXEC);
	struct kd_raw_crash found = {0};
	struct kd_raw_header header;
	enum kd_status status;
	off_t end;

	if (fd < 0)
		return kd_fail_errno(err, errno, "%s", device);
	status = read_header(fd, device, &header, err);
	if (status)
		return status;
	end = lseek(fd, 0, SEEK_END);
	if (end < 0)
		return kd_fail_errno(err, errno, "%s", device);
	if (header.part_count > KD_RAW_PARTS || header.state < KD_RAW_WRITING ||
	    header.state > KD_RAW_TAKEN)
		return kd_fail(err, KD_CORRUPT, "%s: %u parts, state %u", device, header.part_count,
			       header.state);
	for (unsigned int i = 0; i < header.part_count && !status; i++)
		status = check_part(&header, i, (uint64_t)end, device, err);
	if (status)
		return status;
	header.host[sizeof(header.host) - 1] = '\0';
	kd_host_name(header.host, found.host);
	found.state = (enum kd_raw_state)header.state;
	found.capture_time_s = header.capture_time_s;
	found.part_count = header.part_count;
	memcpy(found.parts, header.parts, sizeof(found.parts));
	memcpy(found.digest, header.digest, sizeof(found.digest));
	*crash = found;
	return KD_OK;
}

enum kd_status kd_raw_mark_taken(const char *device, const struct kd_raw_crash *crash,
				 struct kd_err *err)
{
	KD_CLEANUP_CLOSE int fd = open(device, O_RDWR | O_CLOEXEC);
	struct kd_raw_header header;
	enum kd_status status;

	if (fd < 0)
		return kd_fail_errno(err, errno, "%s", device);
	status = read_header(fd, device, &header, err);
	if (status)
		return status;
	if (memcmp(header.digest, crash->digest, sizeof(header.digest)))
		return kd_fail(err, KD_CORRUPT, "%s: another crash is on it by now", device);
	header.state = KD_RAW_TAKEN;
	header_digest(&header, header.digest);
	if (pwrite(fd, &header, sizeof(header), 0) != sizeof(header) || fsync(fd))
		return kd_fail_errno(err, errno, "%s", device);
	return KD_OK;
}
