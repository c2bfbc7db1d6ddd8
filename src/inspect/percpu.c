/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "inspect/percpu.h"

#include "inspect/fields.h"

static enum kd_status read_mask(struct kd_system *system, const char *name, unsigned int count,
				uint64_t *mask, struct kd_err *err)
{
	uint64_t vaddr = 0;
	enum kd_status status = kd_system_symbol(system, name, &vaddr, err);

	for (unsigned int i = 0; !status && i < (count + 63) / 64; i++)
		status = kd_read_u64(system, vaddr + 8 * i, &mask[i], err);
	return status;
}

enum kd_status kd_cpus_read(struct kd_system *system, struct kd_cpus *cpus, struct kd_err *err)
{
	uint64_t vaddr = 0, active[KD_CPUS_MOST / 64];
	uint32_t count = 0;
	enum kd_status status = kd_system_symbol(system, "nr_cpu_ids", &vaddr, err);

	*cpus = (struct kd_cpus){.count = 0};
	if (!status)
		status = kd_system_read(system, vaddr, &count, sizeof(count), err);
	if (!status && (!count || count > KD_CPUS_MOST))
		status = kd_fail(err, KD_CORRUPT, "%u CPUs", count);
	cpus->count = count;
	if (!status)
		status = read_mask(system, "__cpu_possible_mask", count, cpus->possible, err);
	if (!status)
		status = read_mask(system, "__cpu_online_mask", count, cpus->online, err);
	/*
	 * A CPU that a panic stops takes itself out of those that are online (stop_this_cpu() of
	 * arch/x86/kernel/process.c), but stays active; one that was taken offline is neither.
	 */
	if (!status && !read_mask(system, "__cpu_active_mask", count, active, NULL))
		for (unsigned int i = 0; i < (count + 63) / 64; i++)
			cpus->online[i] |= active[i];
	return status;
}

enum kd_status kd_percpu_address(struct kd_system *system, uint64_t variable, unsigned int cpu,
				 uint64_t *vaddr, struct kd_err *err)
{
	uint64_t offsets = 0, offset = 0;
	enum kd_status status = kd_system_symbol(system, "__per_cpu_offset", &offsets, err);

	if (!status)
		status = kd_read_u64(system, offsets + 8 * (uint64_t)cpu, &offset, err);
	if (!status)
		*vaddr = variable + offset;
	return status;
}

enum kd_status kd_percpu_symbol(struct kd_system *system, const char *name, unsigned int cpu,
				uint64_t *vaddr, struct kd_err *err)
{
	uint64_t variable = 0;
	enum kd_status status = kd_system_symbol(system, name, &variable, err);

	return status ? status : kd_percpu_address(system, variable, cpu, vaddr, err);
}
