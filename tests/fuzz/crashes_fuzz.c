/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any bytes as a file of pstore, as an EFI variable and as the start of a raw device (with a digest that fits, so that what
 * it covers is looked at). And any text that is cut into records comes back whole, in whatever order they are found.
 */
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "crashes/raw.h"
#include "crashes/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void join_all(const struct kd_records *records)
{
	for (size_t i = 0; i < records->count; i++) {
		const struct kd_record *record = &records->items[i];
		size_t bytes;
		char *text;

		if (record->offset + record->bytes > record->total_bytes)
			abort();
		if (kd_records_join(records, record->id, record->kind, &text, &bytes, NULL))
			abort();
		free(text);
	}
}

static void read_as_file(const char *data, size_t size)
{
	struct kd_records records = {0};
	size_t ours;

	if (kd_records_add(&records, data, size, &ours, NULL) || ours > size)
		abort();
	join_all(&records);
	kd_records_deinit(&records);
}

static void cut_and_join(const uint8_t *data, size_t size)
{
	const struct kd_record_source source = {KD_RECORD_LOG, 7, (const char *)data, size};
	size_t piece = size ? 1 + data[0] : 1, bytes, ours, count = (size + piece - 1) / piece;
	struct kd_records records = {0};
	char record[512], *text;

	for (size_t i = 0; i < count; i++) {
		size_t at = (count - 1 - i) * piece, left = size - at;

		bytes = kd_record_format(&source, at, left < piece ? left : piece, record,
					 sizeof(record));
		if (!bytes || kd_records_add(&records, record, bytes, &ours, NULL) || ours != bytes)
			abort();
	}
	if (count && (kd_records_join(&records, 7, KD_RECORD_LOG, &text, &bytes, NULL) ||
		      bytes != size || memcmp(text, data, size)))
		abort();
	if (count)
		free(text);
	kd_records_deinit(&records);
}

static void pack_and_unpack(const uint8_t *data, size_t size)
{
	uint8_t packed[8192], plain[KD_RECORD_BYTES];
	size_t taken = size < sizeof(plain) ? size : sizeof(plain);
	size_t bytes = kd_record_deflate(data, taken, packed, sizeof(packed));

	if (taken && (!bytes || kd_record_inflate(packed, bytes, plain, sizeof(plain)) != taken ||
		      memcmp(plain, data, taken)))
		abort();
	kd_record_inflate(data, size, plain, sizeof(plain));
}

static void read_as_device(const uint8_t *data, size_t size)
{
	int fd = memfd_create("device", MFD_CLOEXEC);
	struct kd_raw_header header = {.magic = KD_RAW_MAGIC, .version = KD_RAW_VERSION};
	struct kd_raw_crash crash;
	struct kd_sha256 hash;
	char path[64];

	memcpy((uint8_t *)&header + 12, data,
	       size < offsetof(struct kd_raw_header, digest) - 12
		       ? size
		       : offsetof(struct kd_raw_header, digest) - 12);
	kd_sha256_init(&hash);
	kd_sha256_update(&hash, &header, offsetof(struct kd_raw_header, digest));
	kd_sha256_final(&hash, header.digest);
	if (write(fd, &header, sizeof(header)) != sizeof(header) || ftruncate(fd, 65536))
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (!kd_raw_read(path, &crash, NULL))
		for (unsigned int i = 0; i < crash.part_count; i++)
			if (crash.parts[i].offset + crash.parts[i].bytes > 65536 ||
			    strchr(crash.parts[i].name, '/'))
				abort();
	close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	read_as_file((const char *)data, size);
	cut_and_join(data, size);
	pack_and_unpack(data, size);
	read_as_device(data, size);
	return 0;
}
