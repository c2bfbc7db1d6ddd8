/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A physical volume of LVM with one logical volume: pvcreate(8) wants a block device, and root. The label and the header of
 * the physical volume lie in its sector 1, the metadata from 4 KiB on (LVM2: lib/label/label.h, lib/format_text/layout.h).
 */
#include <stdio.h>
#include <string.h>
#include <zlib.h>

#include "rehearse/head.h"

enum {
	LABEL_AT = KD_HEAD_SECTOR,
	AREA_AT = 4096, /* the metadata area: a header of one sector, and the text */
	AREA_BYTES = KD_HEAD_BYTES - AREA_AT,
	TEXT_AT = AREA_AT + KD_HEAD_SECTOR,
	EXTENT_BYTES = 4 << 20,
};

/* As they are in the text; on disk without the dashes. */
#define IDENTITY(last) "kdreha-stan-dinf-orth-etar-get0-00000" last

static const char text_format[] = "%.*s {\nid = \"" IDENTITY(
	"1") "\"\nseqno = 1\nformat = \"lvm2\"\n"
	     "status = [\"RESIZEABLE\", \"READ\", \"WRITE\"]\nflags = []\nextent_size = %u\nmax_lv = 0\n"
	     "max_pv = 0\nmetadata_copies = 0\nphysical_volumes {\npv0 {\nid = \"" IDENTITY(
		     "2") "\"\n"
			  "device = \"/dev/vda\"\nstatus = [\"ALLOCATABLE\"]\nflags = []\ndev_size = %llu\n"
			  "pe_start = %u\npe_count = %llu\n}\n}\nlogical_volumes {\n%s {\nid = \"" IDENTITY(
				  "3") "\"\n"
				       "status = [\"READ\", \"WRITE\", \"VISIBLE\"]\nflags = []\nsegment_count = 1\nsegment1 {\n"
				       "start_extent = 0\nextent_count = %llu\ntype = \"striped\"\nstripe_count = 1\n"
				       "stripes = [\"pv0\", 0]\n}\n}\n}\n}\ncontents = \"Text Format Volume Group\"\nversion = 1\n"
				       "description = \"\"\ncreation_host = \"rehearsal\"\ncreation_time = 1\n";

/* The usual polynomial with a start of its own, and not inverted (lib/misc/crc.c, INITIAL_CRC). */
static uint32_t checksum(const uint8_t *data, size_t bytes)
{
	return (uint32_t)~crc32(0xf597a6cf ^ UINT32_MAX, data, (unsigned int)bytes);
}

static uint64_t extents(uint64_t disk_bytes)
{
	return (disk_bytes - KD_HEAD_BYTES) / EXTENT_BYTES;
}

uint64_t kd_head_volume_bytes(uint64_t disk_bytes)
{
	return extents(disk_bytes) * EXTENT_BYTES;
}

static void put_label(uint8_t *label, uint64_t disk_bytes)
{
	static const char identity[] = IDENTITY("2");
	uint8_t *at = label + 32;

	memcpy(label, "LABELONE", 8);
	kd_head_put(label + 8, LABEL_AT / KD_HEAD_SECTOR, 8);
	kd_head_put(label + 20, 32, 4); /* where the volume's header is */
	memcpy(label + 24, "LVM2 001", 8);
	for (size_t i = 0; identity[i]; i++)
		if (identity[i] != '-')
			*at++ = (uint8_t)identity[i];
	kd_head_put(at, disk_bytes, 8);
	kd_head_put(at + 8, KD_HEAD_BYTES, 8); /* the list of data areas; zeros end each */
	kd_head_put(at + 40, AREA_AT, 8);      /* that of metadata areas */
	kd_head_put(at + 48, AREA_BYTES, 8);
	kd_head_put(at + 72, 2, 4); /* an extension: its version, and that the volume is used */
	kd_head_put(at + 76, 1, 4);
	/* all that follows the checksum */
	kd_head_put(label + 16, checksum(label + 20, KD_HEAD_SECTOR - 20), 4);
}

void kd_head_volume(uint8_t head[KD_HEAD_BYTES], const char *volume, uint64_t disk_bytes)
{
	uint8_t *area = head + AREA_AT;
	int group = (int)strcspn(volume, "/");
	unsigned long long count = extents(disk_bytes);
	/* The text ends with a NUL, which counts. */
	size_t bytes =
		1 + (size_t)snprintf((char *)head + TEXT_AT, KD_HEAD_BYTES - TEXT_AT, text_format,
				     group, volume, EXTENT_BYTES / KD_HEAD_SECTOR,
				     (unsigned long long)(disk_bytes / KD_HEAD_SECTOR),
				     KD_HEAD_BYTES / KD_HEAD_SECTOR, count, volume + group + 1,
				     count);

	put_label(head + LABEL_AT, disk_bytes);
	memcpy(area + 4, " LVM2 x[5A%r0N*>", 16);
	kd_head_put(area + 20, 1, 4);
	kd_head_put(area + 24, AREA_AT, 8);
	kd_head_put(area + 32, AREA_BYTES, 8);
	kd_head_put(area + 40, KD_HEAD_SECTOR, 8); /* the text, from the area's start */
	kd_head_put(area + 48, bytes, 8);
	kd_head_put(area + 56, checksum(head + TEXT_AT, bytes), 4);
	kd_head_put(area, checksum(area + 4, KD_HEAD_SECTOR - 4), 4);
}
