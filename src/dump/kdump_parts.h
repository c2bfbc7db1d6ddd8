/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the reader of kdump-compressed dumps is made of: bitmaps, and pages that have a descriptor. */
#ifndef KD_DUMP_KDUMP_PARTS_H
#define KD_DUMP_KDUMP_PARTS_H

#include "dump/format.h"

/* What a page may take when compressed, times its size: more than any codec's bound. */
enum { KD_KDUMP_PACKED_FACTOR = 2 };

static inline uint64_t kd_kdump_page_bytes(const struct kd_dump *dump)
{
	return dump->arch->page_bytes;
}

/* Makes segments, ranks and the numbers of pages out of both bitmaps. */
enum kd_status kd_kdump_bitmaps_read(struct kd_dump *dump, struct kd_err *err);
/* KD_OK when a physical address has a descriptor; KD_HOLE and KD_EXCLUDED are told apart. */
enum kd_status kd_kdump_check_saved(struct kd_reader *reader, uint64_t paddr, struct kd_err *err);
/* The `present` of the format. */
enum kd_status kd_kdump_present(struct kd_reader *reader, uint64_t pfn, unsigned int count,
				uint64_t *bits, struct kd_err *err);
/* How many pages before pfn are saved, pfn at most max_pfn: from the nearest place where that is known. */
enum kd_status kd_kdump_rank(struct kd_reader *reader, uint64_t pfn, uint64_t *rank,
			     struct kd_err *err);

/* Unpacks a page that has a descriptor. */
enum kd_status kd_kdump_unpack(struct kd_reader *reader, uint64_t pfn, uint8_t *page,
			       struct kd_err *err);
/* How many bytes a file with so many descriptors lacks. */
uint64_t kd_kdump_missing_bytes(const struct kd_dump *dump, const struct kd_medium *medium,
				uint64_t count);

#endif
