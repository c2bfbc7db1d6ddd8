/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * /proc/iomem: what the physical address space holds (kernel/resource.c, r_show: "start-end : name",
 * two spaces of indentation a level, end inclusive).
 */
#ifndef KD_LOAD_IOMEM_H
#define KD_LOAD_IOMEM_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "host/paths.h"

struct kd_iomem_range {
	uint64_t start;
	uint64_t bytes;
	unsigned int depth; /* 0: top level */
	char name[48];
};

struct kd_iomem {
	struct kd_iomem_range *ranges; /* in the order of the file */
	size_t count;
};

/*
 * Reads paths->proc/iomem. KD_INVALID when every address is zero, as the kernel shows it without
 * CAP_SYS_ADMIN; KD_CORRUPT, KD_SYSTEM, KD_NOMEM.
 */
enum kd_status kd_iomem_read(const struct kd_paths *paths, struct kd_iomem *iomem,
			     struct kd_err *err);
/* The same from text. */
enum kd_status kd_iomem_parse(const char *text, struct kd_iomem *iomem, struct kd_err *err);
void kd_iomem_deinit(struct kd_iomem *iomem);

/* The next range of that name at or after index *at, which moves behind it; NULL at the end. */
const struct kd_iomem_range *kd_iomem_next(const struct kd_iomem *iomem, const char *name,
					   size_t *at);

/* What crashkernel= reserved; bytes 0: nothing. */
struct kd_reservation {
	uint64_t start, bytes;         /* where the second kernel goes: the larger one */
	uint64_t low_start, low_bytes; /* the second, below 4 GiB, for devices that need it */
};

void kd_iomem_reservation(const struct kd_iomem *iomem, struct kd_reservation *reservation);

#endif
