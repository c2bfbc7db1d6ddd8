/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An ELF core that nobody wrote: its headers, and which page stands where in it. Private to this layer. */
#ifndef KD_VIEW_CORE_H
#define KD_VIEW_CORE_H

#include <pthread.h>
#include <stdbool.h>

#include "save/elf_core.h"

/* 32 bytes a run of pages. What a run has in the file ends where the next begins. */
struct kd_core_run {
	uint64_t first_pfn, ram_end, rank; /* as in struct kd_elf_run */
	uint64_t header;                   /* rank of its first PT_LOAD */
};

struct kd_core {
	bool kernel_only; /* leave out what dump level 31 leaves out */
	pthread_mutex_t lock;
	bool made; /* once; from then on it does not change */
	struct kd_elf_core elf;
	struct kd_core_run *runs; /* and one more behind them, for where the last ends */
	size_t count, room;
	uint64_t loads, bytes;
};

void kd_core_init(struct kd_core *core, bool kernel_only);
void kd_core_deinit(struct kd_core *core);

#endif
