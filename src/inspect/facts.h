/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a system was and how it was doing: machine, load, what its memory was used for. */
#ifndef KD_INSPECT_FACTS_H
#define KD_INSPECT_FACTS_H

#include "inspect/system.h"

enum { KD_FACT_BYTES = 80, KD_LOADS = 3 };

/* "" for what cannot be told. */
struct kd_machine {
	char cpu_model[KD_FACT_BYTES];
	char vendor[KD_FACT_BYTES], product[KD_FACT_BYTES], firmware[KD_FACT_BYTES]; /* by DMI */
};

void kd_machine_read(struct kd_system *system, struct kd_machine *machine);

/* Load averages over 1, 5 and 15 minutes. */
enum kd_status kd_loads_read(struct kd_system *system, double loads[KD_LOADS], struct kd_err *err);

/*
 * Memory by use, in bytes, from the kernel's own counters, as /proc/meminfo has them but for what CPUs have not yet added
 * up (some hundred KiB each).
 */
enum kd_memory_kind {
	KD_MEMORY_FREE,
	KD_MEMORY_CACHE,     /* files, tmpfs left out */
	KD_MEMORY_SHARED,    /* tmpfs and shared memory */
	KD_MEMORY_ANONYMOUS, /* of processes */
	KD_MEMORY_SLAB,
	KD_MEMORY_PAGE_TABLES,
	KD_MEMORY_STACKS,
	KD_MEMORY_OTHER, /* hugetlb, vmalloc, drivers, … */
	KD_MEMORY_KINDS,
};

struct kd_memory {
	uint64_t total_bytes;
	uint64_t bytes[KD_MEMORY_KINDS];
};

const char *kd_memory_kind_name(enum kd_memory_kind kind);
enum kd_status kd_memory_read(struct kd_system *system, struct kd_memory *memory,
			      struct kd_err *err);

#endif
