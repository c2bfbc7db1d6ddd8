/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Damaged kdump-compressed dumps, plain and flattened. Random bytes would hardly ever be a dump, so the input is
 * laid over one that is whole: XORed onto its blocks, and cut into records where it is flattened.
 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "codec/codec.h"
#include "dump/dump.h"
#include "dump/kdump_file.h"

enum { BLOCK = 4096, BLOCKS = 6, FILE_BYTES = BLOCKS * BLOCK, PAGES = 32, RECORD_BYTES = 16 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Header, sub header, two bitmaps, descriptors, data: pages 8 to 15, one of them compressed, two zero. */
static void make_dump(uint8_t file[FILE_BYTES])
{
	struct kd_kdump_header header = {
		.signature = "KDUMP  ",
		.version = 6,
		.block_bytes = BLOCK,
		.sub_header_blocks = 1,
		.bitmap_blocks = 2,
		.max_pfn_32 = PAGES,
	};
	const struct kd_kdump_sub_header sub = {
		.max_pfn = PAGES,
		.vmcoreinfo_offset = BLOCK + 512,
		.vmcoreinfo_bytes = 14,
		.notes_offset = BLOCK + 1024,
		.notes_bytes = 32,
	};
	struct kd_kdump_desc descs[8];

	memset(file, 0, FILE_BYTES);
	header.signature[7] = ' ';
	strcpy(header.uts[KD_KDUMP_UTS_MACHINE], "x86_64");
	memcpy(file, &header, sizeof(header));
	memcpy(file + BLOCK, &sub, sizeof(sub));
	memcpy(file + BLOCK + 512, "OSRELEASE=6.1\n", 14);
	memcpy(file + BLOCK + 1024, "\5\0\0\0\4\0\0\0\1\0\0\0CORE\0\0\0\0\1\2\3\4", 24);
	file[2 * BLOCK + 1] = file[3 * BLOCK + 1] = 0xff;
	for (int i = 0; i < 8; i++)
		descs[i] = (struct kd_kdump_desc){5 * BLOCK - 64, 23, 1 << i % 3, 0};
	descs[1] = (struct kd_kdump_desc){BLOCK * 5, BLOCK, KD_CODEC_STORED, 0};
	descs[2] = (struct kd_kdump_desc){BLOCK * 5, 100, KD_CODEC_ZSTD, 0};
	memcpy(file + 4 * BLOCK, descs, sizeof(descs));
}

static void put_number(uint8_t *to, uint64_t value)
{
	for (int i = 0; i < 8; i++)
		to[i] = (uint8_t)(value >> (56 - 8 * i));
}

static void write_record(int fd, uint64_t offset, uint64_t bytes, const uint8_t *data)
{
	uint8_t record[RECORD_BYTES];

	put_number(record, offset);
	put_number(record + 8, bytes);
	if (write(fd, record, sizeof(record)) < 0 || (data && write(fd, data, bytes) < 0))
		_exit(1);
}

/* As records of sizes that the input gives, every fourth of them twice. */
static void write_flattened(int fd, const uint8_t *file, const uint8_t *data, size_t size)
{
	uint8_t header[BLOCK] = "makedumpfile";
	size_t at = 0;

	put_number(header + 16, 1);
	put_number(header + 24, 1);
	if (write(fd, header, sizeof(header)) < 0)
		_exit(1);
	for (size_t i = 0; at < FILE_BYTES; i++) {
		size_t bytes = size ? data[i % size] * 16 + 1 : BLOCK;

		if (bytes > FILE_BYTES - at)
			bytes = FILE_BYTES - at;
		write_record(fd, at, bytes, file + at);
		if (i % 4 == 3)
			write_record(fd, at / 2, bytes, file + at / 2);
		at += bytes;
	}
	if (!size || data[0] % 3)
		write_record(fd, UINT64_MAX, UINT64_MAX, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t file[FILE_BYTES], page[BLOCK];
	bool flattened = size && data[0] & 1;
	struct kd_dump *dump;
	char path[64];
	int fd = memfd_create("fuzz", MFD_CLOEXEC);

	if (fd < 0)
		return 0;
	make_dump(file);
	/* pairs of a place and what is XORed onto it: most of a dump stays whole */
	for (size_t i = 0; i + 2 < size; i += 3) {
		size_t block = data[i] % BLOCKS, into = (data[i + 1] | data[i] << 8) % 1536;

		file[block * BLOCK + into] ^= data[i + 2];
	}
	if (flattened)
		write_flattened(fd, file, data, size);
	else if (write(fd, file, sizeof(file)) < 0)
		_exit(1);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (!kd_dump_open(path, NULL, &dump, NULL)) {
		uint64_t bits[2];

		for (uint64_t paddr = 0; paddr < (PAGES + 1) * BLOCK; paddr += BLOCK)
			kd_dump_read(dump, paddr, page, sizeof(page), NULL);
		kd_reader_present(kd_dump_reader(dump), 3, 128, bits, NULL);
		kd_dump_close(dump);
	}
	close(fd);
	return 0;
}
