/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kdump-compressed format, for those who read and write it: docs/format-kdump.md tells it whole.
 * It is makedumpfile's (its diskdump_mod.h: struct disk_dump_header, struct kdump_sub_header, page_desc_t),
 * here for 64-bit little-endian machines, as they write it themselves.
 *
 *     block 0         header
 *     block 1…        sub header; then notes, VMCOREINFO and what was erased, where the sub header says
 *     then            the bitmap of pages that are RAM, and the bitmap of pages that have a descriptor
 *     then            one descriptor for each bit of the second bitmap, in order
 *     then            page data, wherever a descriptor says; several may share it
 */
#ifndef KD_DUMP_KDUMP_FILE_H
#define KD_DUMP_KDUMP_FILE_H

#include <stdint.h>

#define KD_KDUMP_SIGNATURE "KDUMP   "

enum {
	KD_KDUMP_VERSION = 6, /* that we write; 1 to 6 are read */
	KD_KDUMP_UTS_BYTES = 65,
	KD_KDUMP_UTS_FIELDS = 6, /* sysname, nodename, release, version, machine, domainname */
	KD_KDUMP_UTS_NODENAME = 1,
	KD_KDUMP_UTS_RELEASE = 2,
	KD_KDUMP_UTS_MACHINE = 4,
};

/* Flags of the header beside enum kd_codec_flag. */
enum {
	KD_KDUMP_INCOMPLETE = 0x8, /* a descriptor with offset 0: the page never came */
	KD_KDUMP_EXCLUDED_VMEMMAP =
		0x10, /* struct pages of pages that were left out are left out */
};

struct kd_kdump_header {
	char signature[8];
	int32_t version;
	char uts[KD_KDUMP_UTS_FIELDS][KD_KDUMP_UTS_BYTES];
	char padding[6];
	int64_t time_s, time_us;
	uint32_t status; /* flags */
	int32_t block_bytes;
	int32_t sub_header_blocks;
	uint32_t bitmap_blocks; /* of both bitmaps */
	uint32_t max_pfn_32;    /* 0xffffffff from version 6 on where it does not fit */
	uint32_t total_ram_blocks;
	uint32_t device_blocks;
	uint32_t written_blocks;
	uint32_t current_cpu;
	int32_t cpus;
};

struct kd_kdump_sub_header {
	uint64_t phys_base;
	int32_t dump_level; /* version 1 and later */
	int32_t split;      /* version 2 and later, and so on */
	uint64_t start_pfn_32, end_pfn_32;
	uint64_t vmcoreinfo_offset, vmcoreinfo_bytes; /* 3 */
	uint64_t notes_offset, notes_bytes;           /* 4 */
	uint64_t erased_offset, erased_bytes;         /* 5 */
	uint64_t start_pfn, end_pfn, max_pfn;         /* 6 */
};

struct kd_kdump_desc {
	uint64_t offset;
	uint32_t bytes;
	uint32_t flags; /* enum kd_codec_flag */
	uint64_t page_flags;
};

_Static_assert(sizeof(struct kd_kdump_header) == 464, "disk_dump_header has 464 bytes");
_Static_assert(sizeof(struct kd_kdump_sub_header) == 104, "kdump_sub_header has 104 bytes");
_Static_assert(sizeof(struct kd_kdump_desc) == 24, "page_desc has 24 bytes");

#endif
