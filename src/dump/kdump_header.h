/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The headers of a kdump-compressed dump, whoever wrote them. Private to this layer. */
#ifndef KD_DUMP_KDUMP_HEADER_H
#define KD_DUMP_KDUMP_HEADER_H

#include <stdbool.h>

#include "dump/dump.h"
#include "dump/kdump_file.h"
#include "dump/medium.h"

/*
 * The facility from which the format comes; the same headers but for the sub header, and no notes
 * (crash's diskdump.h).
 */
#define KD_DISKDUMP_SIGNATURE "DISKDUMP"

struct kd_kdump_headers {
	bool is_diskdump;
	bool is_32_bit;
	/*
	 * As a 64-bit machine has them in version 6: what a version lacks is 0, its start_pfn, end_pfn and
	 * max_pfn are those of 32 bits, and flags of DISKDUMP are those of KDUMP.
	 */
	struct kd_kdump_header header;
	struct kd_kdump_sub_header sub;
};

/* KD_UNSUPPORTED, KD_CORRUPT, KD_TRUNCATED, KD_SYSTEM. Sizes and offsets are still to be checked. */
enum kd_status kd_kdump_headers_read(const struct kd_medium *medium,
				     struct kd_kdump_headers *headers, struct kd_err *err);

/* A field of its utsname (KD_KDUMP_UTS_…) as it can be printed. */
void kd_kdump_text(const struct kd_kdump_header *header, int field, char text[KD_FACT_TEXT_BYTES]);
/* What they tell of the dump and its kernel. */
void kd_kdump_facts(const struct kd_kdump_headers *headers, struct kd_dump_facts *facts);

#endif
