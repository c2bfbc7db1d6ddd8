/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kdump_fixture.h"

#include <string.h>

/* Puts numbers where makedumpfile's structures have them: one after the other, aligned as the ABI says. */
struct out {
	uint8_t *to;
	size_t at;
	bool is_32_bit;
};

static void put(struct out *out, uint64_t value, size_t bytes, size_t align)
{
	out->at = (out->at + align - 1) / align * align;
	memcpy(out->to + out->at, &value, bytes); /* hosts of the tests are little-endian */
	out->at += bytes;
}

static void put_int(struct out *out, uint64_t value)
{
	put(out, value, 4, 4);
}

static void put_long(struct out *out, uint64_t value)
{
	put(out, value, out->is_32_bit ? 4 : 8, out->is_32_bit ? 4 : 8);
}

/* off_t and unsigned long long */
static void put_wide(struct out *out, uint64_t value)
{
	put(out, value, 8, out->is_32_bit ? 4 : 8);
}

bool kdump_has_page(const struct kdump_spec *spec, uint64_t pfn)
{
	return pfn >= KDUMP_FIRST_RAM && pfn < KDUMP_END_RAM && (spec->one_bitmap || pfn % 3);
}

static void put_header(const struct kdump_spec *spec, uint8_t *bytes)
{
	struct out out = {bytes, 8, spec->is_32_bit};
	const char *machine = spec->machine ? spec->machine : spec->is_32_bit ? "i686" : "x86_64";

	memcpy(bytes, spec->is_diskdump ? "DISKDUMP" : "KDUMP   ", 8);
	put_int(&out, spec->version ? (uint64_t)spec->version : 6);
	strcpy((char *)bytes + out.at, "Linux");
	strcpy((char *)bytes + out.at + 65, "made-up");
	memset(bytes + out.at + 2 * 65, '6', 64); /* as long as a release may be */
	bytes[out.at + 2 * 65 + 64] = 1;
	strcpy((char *)bytes + out.at + 4 * 65, machine);
	out.at += 6 * 65;
	put_long(&out, 1700000000); /* struct timeval */
	put_long(&out, 123456);
	put_int(&out, spec->status);
	put_int(&out, KDUMP_BLOCK);
	put_int(&out, 1);                        /* sub_hdr_size */
	put_int(&out, spec->one_bitmap ? 1 : 2); /* bitmap_blocks */
	put_int(&out, spec->one_bitmap ? 8 * KDUMP_BLOCK : KDUMP_PAGES);
	for (int i = 0; i < 4; i++) /* total_ram_blocks … current_cpu */
		put_int(&out, 0);
	put_int(&out, 1);
}

static void put_sub_header(const struct kdump_spec *spec, uint8_t *bytes)
{
	struct out out = {bytes, 0, spec->is_32_bit};
	const char *info = spec->info ? spec->info : "OSRELEASE=6.1\n";
	int version = spec->version ? spec->version : 6;
	uint64_t at = KDUMP_BLOCK + KDUMP_SUB_BYTES;
	/* a note of 8 bytes, and what version 4 and 5 have it at */
	static const uint8_t note[] = "\5\0\0\0\4\0\0\0\1\0\0\0CORE\0\0\0\0\1\2\3\4";

	if (spec->is_diskdump) {
		memset(bytes, 0xa5, KDUMP_SUB_BYTES); /* elf_regs: none of ours */
		return;
	}
	put_long(&out, 0x1000000);
	put_int(&out, 31);
	if (version >= 2) {
		put_int(&out, spec->split);
		put_long(&out, spec->start_pfn);
		put_long(&out, spec->end_pfn);
	}
	if (version >= 3) {
		put_wide(&out, at);
		put_long(&out, strlen(info));
		strcpy((char *)bytes + KDUMP_SUB_BYTES, info);
	}
	if (version >= 4) {
		put_wide(&out, at + 1024);
		put_long(&out, 24);
		memcpy(bytes + KDUMP_SUB_BYTES + 1024, note, 24);
		bytes[KDUMP_SUB_BYTES + 1024 + 23] = spec->note;
	}
	if (version >= 5) {
		put_wide(&out, spec->erased ? at + 2048 : 0);
		put_long(&out, spec->erased ? strlen(spec->erased) : 0);
		if (spec->erased)
			strcpy((char *)bytes + KDUMP_SUB_BYTES + 2048, spec->erased);
	}
	if (version >= 6) {
		put_wide(&out, spec->start_pfn);
		put_wide(&out, spec->end_pfn);
		put_wide(&out, KDUMP_PAGES);
	} else { /* not yet part of it: must not matter */
		memset(bytes + out.at, 0xa5, 64);
	}
}

static bool is_written(const struct kdump_spec *spec, uint64_t pfn)
{
	return kdump_has_page(spec, pfn) &&
	       (!spec->split || (pfn >= spec->start_pfn && pfn < spec->end_pfn));
}

size_t kdump_make(const struct kdump_spec *spec, uint8_t *bytes)
{
	uint8_t *saved = bytes + (spec->one_bitmap ? 2 : 3) * KDUMP_BLOCK;
	struct out descs = {saved + KDUMP_BLOCK, 0, spec->is_32_bit};
	size_t size = (size_t)(saved - bytes) + 2 * KDUMP_BLOCK;

	memset(bytes, 0, KDUMP_MOST_BYTES);
	put_header(spec, bytes);
	put_sub_header(spec, bytes + KDUMP_BLOCK);
	for (uint64_t pfn = KDUMP_FIRST_RAM; pfn < KDUMP_END_RAM; pfn++) {
		bytes[2 * KDUMP_BLOCK + pfn / 8] |= (uint8_t)(1 << pfn % 8);
		/* every file of a set has the bitmaps of all */
		if (kdump_has_page(spec, pfn))
			saved[pfn / 8] |= (uint8_t)(1 << pfn % 8);
		if (!is_written(spec, pfn))
			continue;
		put(&descs, size, 8, 8);
		put(&descs, KDUMP_BLOCK, 4, 4);
		put(&descs, 0, 4, 4);
		put(&descs, 0, 8, 8);
		for (size_t i = 0; i < KDUMP_BLOCK; i += sizeof(pfn))
			memcpy(bytes + size + i, &pfn, sizeof(pfn));
		size += KDUMP_BLOCK;
	}
	return size;
}
