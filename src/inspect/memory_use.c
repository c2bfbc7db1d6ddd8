/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "inspect/memory_use.h"

#include <stdio.h>

#include "arch/arch.h"
#include "inspect/fields.h"

/* MM_FILEPAGES, MM_ANONPAGES and, behind MM_SWAPENTS, MM_SHMEMPAGES (include/linux/mm_types_task.h) */
static const int counters[] = {0, 1, 3};

/* A struct percpu_counter: its sum, and what each CPU has not yet added (f1a7941243c1, 6.2). */
static enum kd_status read_percpu(struct kd_system *system, const struct kd_cpus *cpus, uint64_t mm,
				  int counter, int64_t *sum, struct kd_err *err)
{
	char path[64];
	uint64_t count = 0, deltas = 0, vaddr;
	enum kd_status status;

	snprintf(path, sizeof(path), "mm_struct.rss_stat[%d].count", counter);
	status = kd_get(system, mm, path, &count, err);
	snprintf(path, sizeof(path), "mm_struct.rss_stat[%d].counters", counter);
	if (!status)
		status = kd_get(system, mm, path, &deltas, err);
	*sum = (int64_t)count;
	for (unsigned int cpu = 0; !status && cpu < cpus->count; cpu++) {
		int32_t delta = 0;

		if (!kd_cpu_is_possible(cpus, cpu))
			continue;
		status = kd_percpu_address(system, deltas, cpu, &vaddr, err);
		if (!status)
			status = kd_system_read(system, vaddr, &delta, sizeof(delta), err);
		*sum += delta;
	}
	return status;
}

static enum kd_status read_counter(struct kd_system *system, const struct kd_cpus *cpus,
				   uint64_t mm, int counter, int64_t *pages, struct kd_err *err)
{
	char path[64];
	uint64_t value;

	snprintf(path, sizeof(path), "mm_struct.rss_stat.count[%d].counter", counter);
	if (!kd_get(system, mm, path, &value, NULL)) {
		*pages = (int64_t)value;
		return KD_OK;
	}
	return read_percpu(system, cpus, mm, counter, pages, err);
}

enum kd_status kd_task_memory(struct kd_system *system, const struct kd_task *task,
			      struct kd_memory_use *use, struct kd_err *err)
{
	uint64_t page_bytes = kd_dump_arch(kd_kernel_dump(kd_system_kernel(system)))->page_bytes;
	uint64_t virtual_pages = 0;
	struct kd_cpus cpus;
	int64_t all = 0;
	enum kd_status status;

	if (!task->mm)
		return kd_fail(err, KD_NOTFOUND, "%s has no memory of its own", task->comm);
	status = kd_cpus_read(system, &cpus, err);
	for (size_t i = 0; !status && i < sizeof(counters) / sizeof(*counters); i++) {
		int64_t pages = 0;

		status = read_counter(system, &cpus, task->mm, counters[i], &pages, err);
		/* a counter that is a sum of parts may be below zero for a moment */
		all += pages > 0 ? pages : 0;
	}
	if (!status)
		status = kd_get(system, task->mm, "mm_struct.total_vm", &virtual_pages, err);
	if (status)
		return status;
	*use = (struct kd_memory_use){(uint64_t)all * page_bytes, virtual_pages * page_bytes};
	return KD_OK;
}
