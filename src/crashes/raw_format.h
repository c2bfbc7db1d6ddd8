/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A crash on a raw block device: docs/raw-target.md. All numbers little endian.
 */
#ifndef KD_CRASHES_RAW_FORMAT_H
#define KD_CRASHES_RAW_FORMAT_H

#include <stdint.h>

#define KD_RAW_MAGIC "KDUMPRAW"

enum {
	KD_RAW_VERSION = 1,
	KD_RAW_HEADER_BYTES = 4096,
	KD_RAW_PARTS = 8,
	/* parts begin at multiples of this */
	KD_RAW_ALIGNMENT = 4096,
	/* the dump begins here, whatever stands before it, so that it can be read in place */
	KD_RAW_DUMP_OFFSET = 64 << 20,
};

enum kd_raw_state {
	KD_RAW_WRITING = 1,
	KD_RAW_ENDED = 2,
	KD_RAW_TAKEN = 3, /* a reader has it, and wrote this */
};

struct kd_raw_part {
	char name[32]; /* NUL-terminated: "dmesg.txt", "vmcore", … */
	uint64_t offset;
	uint64_t bytes;
	uint32_t whole; /* 1: ended and synced */
	uint32_t reserved;
};

struct kd_raw_header {
	char magic[8];
	uint32_t version;
	uint32_t state;          /* enum kd_raw_state */
	uint64_t capture_time_s; /* Unix time */
	char host[72];
	uint32_t part_count;
	uint32_t reserved;
	struct kd_raw_part parts[KD_RAW_PARTS];
	uint8_t digest[32]; /* SHA-256 of everything before it */
};

#endif
