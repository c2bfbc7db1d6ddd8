/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How much memory a process had (struct mm_struct). */
#ifndef KD_INSPECT_MEMORY_USE_H
#define KD_INSPECT_MEMORY_USE_H

#include "inspect/tasks.h"

struct kd_memory_use {
	uint64_t rss_bytes;     /* resident: files, anonymous and shared memory */
	uint64_t virtual_bytes; /* address space */
};

/* KD_NOTFOUND for a kernel thread, and for a process that has given up its memory. */
enum kd_status kd_task_memory(struct kd_system *system, const struct kd_task *task,
			      struct kd_memory_use *use, struct kd_err *err);

#endif
