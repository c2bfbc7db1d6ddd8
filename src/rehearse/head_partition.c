/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * "12345678-02" is the signature of a disk with an MBR and the number of the partition, a whole UUID is that of a
 * partition in a GPT (block/partitions/msdos.c and efi.c; UEFI 2.10, 5.2 and 5.3). The second copy of a GPT, at the disk's
 * end, is not made: kernel and libblkid are content with the first.
 */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <zlib.h>

#include "rehearse/head.h"

enum {
	SIGNATURE_AT = 440, /* of the MBR */
	MBR_PARTITIONS = 4,
	GPT_ENTRIES = 128,
	GPT_ENTRY_BYTES = 128,
	GPT_HEADER_BYTES = 92,
	GPT_END_SECTORS = 33,
	TYPE_LINUX = 0x83,
	TYPE_PROTECTIVE = 0xee,
	UUID_DIGITS = 36,
};

static bool is_mbr(const char *identity, unsigned int *signature, unsigned int *number)
{
	int end = 0;

	return sscanf(identity, "%8x-%2x%n", signature, number, &end) == 2 && end == 11 &&
	       !identity[end] && *number >= 1 && *number <= MBR_PARTITIONS;
}

/* The bytes of a UUID as they lie on disk: the first three numbers little-endian. */
static bool read_uuid(const char *text, uint8_t uuid[16])
{
	unsigned int a, b, c, d;
	unsigned long long e;
	int end = 0;

	if (strlen(text) != UUID_DIGITS ||
	    sscanf(text, "%8x-%4x-%4x-%4x-%12llx%n", &a, &b, &c, &d, &e, &end) != 5 ||
	    end != UUID_DIGITS)
		return false;
	kd_head_put(uuid, a, 4);
	kd_head_put(uuid + 4, b, 2);
	kd_head_put(uuid + 6, c, 2);
	for (size_t i = 0; i < 2; i++)
		uuid[8 + i] = (uint8_t)(d >> (8 * (1 - i)));
	for (size_t i = 0; i < 6; i++)
		uuid[10 + i] = (uint8_t)(e >> (8 * (5 - i)));
	return true;
}

bool kd_head_can_partition(const char *identity)
{
	unsigned int signature, number;
	uint8_t uuid[16];

	return is_mbr(identity, &signature, &number) || read_uuid(identity, uuid);
}

static void put_mbr(uint8_t *head, unsigned int number, uint8_t type, uint64_t first,
		    uint64_t count)
{
	uint8_t *entry = head + SIGNATURE_AT + 6 + (size_t)(number - 1) * 16;

	entry[4] = type;
	kd_head_put(entry + 8, first, 4);
	kd_head_put(entry + 12, count < UINT32_MAX ? count : UINT32_MAX, 4);
	kd_head_put(head + 510, 0xaa55, 2);
}

static void put_gpt(uint8_t *head, const uint8_t uuid[16], uint64_t sectors)
{
	/* Linux file system data */
	static const uint8_t type[16] = {0xaf, 0x3d, 0xc6, 0x0f, 0x83, 0x84, 0x72, 0x47,
					 0x8e, 0x79, 0x3d, 0x69, 0xd8, 0x47, 0x7d, 0xe4};
	uint8_t *header = head + KD_HEAD_SECTOR, *entries = header + KD_HEAD_SECTOR;
	uint64_t first = KD_HEAD_BYTES / KD_HEAD_SECTOR, last = sectors - GPT_END_SECTORS - 1;

	put_mbr(head, 1, TYPE_PROTECTIVE, 1, sectors - 1);
	memcpy(entries, type, sizeof(type));
	memcpy(entries + 16, uuid, 16);
	kd_head_put(entries + 32, first, 8);
	kd_head_put(entries + 40, last, 8);
	memcpy(header, "EFI PART", 8);
	kd_head_put(header + 8, 0x10000, 4);
	kd_head_put(header + 12, GPT_HEADER_BYTES, 4);
	kd_head_put(header + 24, 1, 8);
	kd_head_put(header + 32, sectors - 1, 8);
	kd_head_put(header + 40, first, 8);
	kd_head_put(header + 48, last, 8);
	memcpy(header + 56, uuid, 16); /* the disk needs one, too */
	kd_head_put(header + 72, 2, 8);
	kd_head_put(header + 80, GPT_ENTRIES, 4);
	kd_head_put(header + 84, GPT_ENTRY_BYTES, 4);
	kd_head_put(header + 88, crc32(0, entries, GPT_ENTRIES * GPT_ENTRY_BYTES), 4);
	kd_head_put(header + 16, crc32(0, header, GPT_HEADER_BYTES), 4);
}

void kd_head_partition(uint8_t head[KD_HEAD_BYTES], const char *identity, uint64_t disk_bytes)
{
	uint64_t sectors = disk_bytes / KD_HEAD_SECTOR, first = KD_HEAD_BYTES / KD_HEAD_SECTOR;
	unsigned int signature, number;
	uint8_t uuid[16];

	if (is_mbr(identity, &signature, &number)) {
		kd_head_put(head + SIGNATURE_AT, signature, 4);
		put_mbr(head, number, TYPE_LINUX, first, sectors - first);
	} else if (read_uuid(identity, uuid)) {
		put_gpt(head, uuid, sectors);
	}
}
