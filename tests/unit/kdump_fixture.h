/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Made-up kdump-compressed dumps, with the headers of any version that a 32-bit or a 64-bit machine wrote.
 *
 * Of KDUMP_PAGES pages those from 8 to 55 are RAM, and of these every third is left out. A page that is there
 * holds its own number in every word, and is stored as it is.
 */
#ifndef KD_TESTS_UNIT_KDUMP_FIXTURE_H
#define KD_TESTS_UNIT_KDUMP_FIXTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	KDUMP_BLOCK = 4096,
	KDUMP_PAGES = 64,
	KDUMP_FIRST_RAM = 8,
	KDUMP_END_RAM = 56,
	KDUMP_SUB_BYTES = 512, /* the texts stand behind it */
	KDUMP_MOST_BYTES = (5 + KDUMP_PAGES) * KDUMP_BLOCK,
};

struct kdump_spec {
	bool is_32_bit, is_diskdump;
	bool one_bitmap;     /* of a DISKDUMP: nothing is left out */
	int version;         /* 0: 6 */
	const char *machine; /* NULL: what goes with is_32_bit */
	uint32_t status;
	bool split;
	uint64_t start_pfn, end_pfn;
	const char *info;   /* VMCOREINFO; NULL: "OSRELEASE=6.1\n" */
	uint8_t note;       /* the last byte of the only note */
	const char *erased; /* NULL: nothing */
};

bool kdump_has_page(const struct kdump_spec *spec, uint64_t pfn);

/* Makes the dump in bytes, which has room for KDUMP_MOST_BYTES, and returns its size. */
size_t kdump_make(const struct kdump_spec *spec, uint8_t *bytes);

#endif
