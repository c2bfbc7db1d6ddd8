/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How large a dump of the running system would be at each level, and how long it would take: its pages are
 * counted by kind, and of each kind some are read, tested for zeros and compressed as the dump would be.
 */
#ifndef KD_ADVISE_DUMP_SIZE_H
#define KD_ADVISE_DUMP_SIZE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "config/config.h"
#include "host/paths.h"
#include "kernel/page_kind.h"

/* What is known of the content of one kind of pages. */
struct kd_kind_sample {
	uint64_t pages; /* of the machine */
	uint64_t read;  /* of them looked at; 0: what is assumed is below */
	double zero_share;
	double stored_bytes; /* of a page that is not zero, on average */
};

struct kd_dump_size {
	struct kd_kind_sample kinds[KD_PAGE_KINDS];
	uint64_t last_pfn; /* of RAM, and one more */
	bool sampled;      /* contents were looked at */
	char why_not[KD_ERR_TEXT_BYTES];
	enum kd_dump_format format;
	unsigned int cpus;
	double pack_ns; /* of one thread for one page that is not zero */
	double zero_ns; /* to find out that it is one */
	double disk_bytes_per_s;
	bool disk_measured; /* by reading; else assumed */
	char disk[64];      /* its kernel name, "" not known */
};

/*
 * Looks at the running system. The configuration tells format, codec and CPUs; block is the kernel name of the
 * device that takes the dump, NULL when it is not known. KD_SYSTEM and KD_NOTFOUND where kpageflags or
 * iomem cannot be read; that contents cannot is no failure.
 */
enum kd_status kd_dump_size_measure(const struct kd_paths *paths, const struct kd_config *config,
				    const char *block, struct kd_dump_size *size,
				    struct kd_err *err);

struct kd_level_size {
	uint64_t pages, zero_pages; /* kept, and zero ones among them */
	uint64_t disk_bytes;        /* that the dump takes on the target */
	double seconds;             /* to write it, the second kernel's boot not counted */
};

struct kd_level_size kd_dump_size_at(const struct kd_dump_size *size, unsigned int level);

/* Which of the levels is the first whose dump takes no more than free_bytes; count: none of them. */
unsigned int kd_dump_size_fits(const struct kd_dump_size *size, const unsigned int levels[],
			       unsigned int count, uint64_t free_bytes);

#endif
