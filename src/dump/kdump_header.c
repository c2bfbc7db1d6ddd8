/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The headers of kdump-compressed dumps as the machine that wrote them laid them out, brought into one form.
 *
 * They are C structures with `struct timeval`, `long` and `off_t` in them (makedumpfile's diskdump_mod.h), so that
 * a 32-bit program wrote others than a 64-bit one. i386 aligns 64-bit numbers to 4 bytes, and that form is read
 * here; QEMU writes it too (its include/sysemu/dump.h, DiskDumpHeader32 and KdumpSubHeader32, packed). 32-bit ARM
 * and MIPS align them to 8 (crash's diskdump.c, kdump_sub_header_ARM_target); their machines are not known here.
 */
#include <string.h>

#include "codec/codec.h"
#include "dump/format.h"
#include "dump/kdump_header.h"

enum {
	LEAST_PAGE_BYTES = 4096,
	MOST_PAGE_BYTES = 65536,
	/* status of DISKDUMP, whose header is the same: DUMP_HEADER_INCOMPLETED, _COMPRESSED */
	DISKDUMP_INCOMPLETE = 1,
	DISKDUMP_COMPRESSED = 8,
};

struct header_32 {
	char signature[8];
	int32_t version;
	char uts[KD_KDUMP_UTS_FIELDS][KD_KDUMP_UTS_BYTES];
	char padding[2];
	int32_t time_s, time_us;
	uint32_t status;
	int32_t block_bytes;
	int32_t sub_header_blocks;
	uint32_t bitmap_blocks;
	uint32_t max_pfn_32;
	uint32_t total_ram_blocks;
	uint32_t device_blocks;
	uint32_t written_blocks;
	uint32_t current_cpu;
	int32_t cpus;
};

struct sub_header_32 {
	uint32_t phys_base;
	int32_t dump_level;
	int32_t split;
	uint32_t start_pfn_32, end_pfn_32;
	uint64_t vmcoreinfo_offset;
	uint32_t vmcoreinfo_bytes;
	uint64_t notes_offset;
	uint32_t notes_bytes;
	uint64_t erased_offset;
	uint32_t erased_bytes;
	uint64_t start_pfn, end_pfn, max_pfn;
} __attribute__((packed, aligned(4)));

_Static_assert(sizeof(struct header_32) == 452, "disk_dump_header has 452 bytes on i386");
_Static_assert(sizeof(struct sub_header_32) == 80, "kdump_sub_header has 80 bytes on i386");
_Static_assert((int)KD_FACT_TEXT_BYTES > (int)KD_KDUMP_UTS_BYTES, "a text of the header has room");

static bool is_layout(int32_t block_bytes, int32_t sub_header_blocks)
{
	uint32_t block = (uint32_t)block_bytes;

	return block >= LEAST_PAGE_BYTES && block <= MOST_PAGE_BYTES && !(block & (block - 1)) &&
	       sub_header_blocks >= 1;
}

/*
 * Nothing in a header says how it is laid out. Where a 64-bit one has its block size, a 32-bit one has
 * max_mapnr and then total_ram_blocks, which is 0 in makedumpfile's; and the other way round there stand the two
 * halves of the microseconds, of which the upper one is 0. The machine's name would not do: a 64-bit program
 * may save an i386 dump.
 */
static bool is_32_bit(const struct kd_kdump_header *header, const struct header_32 *narrow)
{
	char machine[KD_KDUMP_UTS_BYTES + 1] = "";
	const char *name = narrow->uts[KD_KDUMP_UTS_MACHINE];

	if (!is_layout(narrow->block_bytes, narrow->sub_header_blocks))
		return false;
	if (!is_layout(header->block_bytes, header->sub_header_blocks))
		return true;
	memcpy(machine, name, KD_KDUMP_UTS_BYTES);
	return !strcmp(machine, kd_arch_i386.name);
}

static void widen_header(struct kd_kdump_header *header, const struct header_32 *narrow)
{
	struct kd_kdump_header wide = {
		.version = narrow->version,
		.time_s = narrow->time_s,
		.time_us = narrow->time_us,
		.status = narrow->status,
		.block_bytes = narrow->block_bytes,
		.sub_header_blocks = narrow->sub_header_blocks,
		.bitmap_blocks = narrow->bitmap_blocks,
		.max_pfn_32 = narrow->max_pfn_32,
		.total_ram_blocks = narrow->total_ram_blocks,
		.device_blocks = narrow->device_blocks,
		.written_blocks = narrow->written_blocks,
		.current_cpu = narrow->current_cpu,
		.cpus = narrow->cpus,
	};

	memcpy(wide.signature, narrow->signature, sizeof(wide.signature));
	memcpy(wide.uts, narrow->uts, sizeof(wide.uts));
	*header = wide;
}

static void widen_sub_header(struct kd_kdump_sub_header *sub, const struct sub_header_32 *narrow)
{
	*sub = (struct kd_kdump_sub_header){
		.phys_base = narrow->phys_base,
		.dump_level = narrow->dump_level,
		.split = narrow->split,
		.start_pfn_32 = narrow->start_pfn_32,
		.end_pfn_32 = narrow->end_pfn_32,
		.vmcoreinfo_offset = narrow->vmcoreinfo_offset,
		.vmcoreinfo_bytes = narrow->vmcoreinfo_bytes,
		.notes_offset = narrow->notes_offset,
		.notes_bytes = narrow->notes_bytes,
		.erased_offset = narrow->erased_offset,
		.erased_bytes = narrow->erased_bytes,
		.start_pfn = narrow->start_pfn,
		.end_pfn = narrow->end_pfn,
		.max_pfn = narrow->max_pfn,
	};
}

static enum kd_status check_header(const struct kd_kdump_headers *headers, struct kd_err *err)
{
	const struct kd_kdump_header *header = &headers->header;

	if (!headers->is_diskdump && (header->version < 1 || header->version > KD_KDUMP_VERSION))
		return kd_fail(err, KD_UNSUPPORTED,
			       "kdump-compressed, version %d: 1 to %d are read", header->version,
			       KD_KDUMP_VERSION);
	if (header->sub_header_blocks < 1)
		return kd_fail(err, KD_CORRUPT, "%d blocks of sub header",
			       header->sub_header_blocks);
	if (!is_layout(header->block_bytes, header->sub_header_blocks))
		return kd_fail(err, KD_CORRUPT, "blocks of %u bytes",
			       (uint32_t)header->block_bytes);
	return KD_OK;
}

/* The fields that later versions of the header brought, in the earlier ones. */
static void fill_up(struct kd_kdump_headers *headers)
{
	struct kd_kdump_sub_header *sub = &headers->sub;
	int version = headers->header.version;

	if (headers->is_diskdump) /* its sub header is another: struct disk_dump_sub_header */
		*sub = (struct kd_kdump_sub_header){.dump_level = -1};
	if (headers->is_diskdump || version < 2)
		sub->split = 0;
	if (headers->is_diskdump || version < 3)
		sub->vmcoreinfo_offset = sub->vmcoreinfo_bytes = 0;
	if (headers->is_diskdump || version < 4)
		sub->notes_offset = sub->notes_bytes = 0;
	if (headers->is_diskdump || version < 5)
		sub->erased_offset = sub->erased_bytes = 0;
	if (headers->is_diskdump || version < 6) {
		sub->start_pfn = sub->start_pfn_32;
		sub->end_pfn = sub->end_pfn_32;
		sub->max_pfn = headers->header.max_pfn_32;
	}
	if (headers->is_diskdump) {
		uint32_t status = headers->header.status;

		headers->header.status = (status & DISKDUMP_INCOMPLETE ? KD_KDUMP_INCOMPLETE : 0) |
					 (status & DISKDUMP_COMPRESSED ? KD_CODEC_ZLIB : 0);
	}
}

enum kd_status kd_kdump_headers_read(const struct kd_medium *medium,
				     struct kd_kdump_headers *headers, struct kd_err *err)
{
	struct kd_kdump_headers made = {0};
	struct sub_header_32 sub;
	struct header_32 narrow;
	enum kd_status status;
	uint64_t block;

	status = kd_medium_copy(medium, 0, &made.header, sizeof(made.header), err);
	if (status)
		return status;
	memcpy(&narrow, &made.header, sizeof(narrow));
	made.is_diskdump =
		!memcmp(made.header.signature, KD_DISKDUMP_SIGNATURE, sizeof(narrow.signature));
	made.is_32_bit = is_32_bit(&made.header, &narrow);
	if (made.is_32_bit)
		widen_header(&made.header, &narrow);
	status = check_header(&made, err);
	if (status)
		return status;
	block = (uint64_t)made.header.block_bytes;
	if (made.is_32_bit) {
		status = kd_medium_copy(medium, block, &sub, sizeof(sub), err);
		if (!status)
			widen_sub_header(&made.sub, &sub);
	} else {
		status = kd_medium_copy(medium, block, &made.sub, sizeof(made.sub), err);
	}
	if (status)
		return kd_context(err, status, "sub header");
	fill_up(&made);
	*headers = made;
	return KD_OK;
}

void kd_kdump_text(const struct kd_kdump_header *header, int field, char text[KD_FACT_TEXT_BYTES])
{
	memcpy(text, header->uts[field], KD_KDUMP_UTS_BYTES);
	text[KD_KDUMP_UTS_BYTES] = '\0';
	for (char *c = text; *c; c++)
		if (*c < ' ' || *c > '~')
			*c = '?';
}

void kd_kdump_facts(const struct kd_kdump_headers *headers, struct kd_dump_facts *facts)
{
	const struct kd_kdump_header *header = &headers->header;

	facts->level = headers->sub.dump_level;
	facts->codec_flags = header->status & KD_CODEC_FLAGS;
	facts->incomplete = header->status & KD_KDUMP_INCOMPLETE;
	facts->time_s = header->time_s > 0 ? (uint64_t)header->time_s : 0;
	kd_kdump_text(header, KD_KDUMP_UTS_RELEASE, facts->release);
	kd_kdump_text(header, KD_KDUMP_UTS_NODENAME, facts->nodename);
}
