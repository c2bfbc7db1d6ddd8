/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The CPUs of a dead system, and the variables that each of them has for itself. */
#ifndef KD_INSPECT_PERCPU_H
#define KD_INSPECT_PERCPU_H

#include <stdbool.h>

#include "inspect/system.h"

enum { KD_CPUS_MOST = 8192 };

struct kd_cpus {
	unsigned int count; /* possible numbers: nr_cpu_ids */
	uint64_t possible[KD_CPUS_MOST / 64];
	uint64_t online[KD_CPUS_MOST / 64]; /* or were, until the panic stopped them */
};

enum kd_status kd_cpus_read(struct kd_system *system, struct kd_cpus *cpus, struct kd_err *err);

static inline bool kd_cpu_is_possible(const struct kd_cpus *cpus, unsigned int cpu)
{
	return cpu < cpus->count && cpus->possible[cpu / 64] >> cpu % 64 & 1;
}

static inline bool kd_cpu_is_online(const struct kd_cpus *cpus, unsigned int cpu)
{
	return cpu < cpus->count && cpus->online[cpu / 64] >> cpu % 64 & 1;
}

/* Where a CPU has its own of a variable, by the variable's symbol or address. */
enum kd_status kd_percpu_symbol(struct kd_system *system, const char *name, unsigned int cpu,
				uint64_t *vaddr, struct kd_err *err);
enum kd_status kd_percpu_address(struct kd_system *system, uint64_t variable, unsigned int cpu,
				 uint64_t *vaddr, struct kd_err *err);

#endif
