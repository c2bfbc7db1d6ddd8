/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What each CPU was doing: the registers that it saved in an NT_PRSTATUS note as it stopped. */
#ifndef KD_KERNEL_REGISTERS_H
#define KD_KERNEL_REGISTERS_H

#include <stddef.h>
#include <stdint.h>

#include "arch/arch.h"
#include "base/err.h"
#include "dump/dump.h"

struct kd_cpu_registers {
	/*
	 * The rank of the note among the dump's. The kernel writes one for each CPU that stopped and
	 * /proc/vmcore drops empty ones, so this is the CPU number unless a lower CPU was offline.
	 */
	unsigned int cpu;
	uint32_t pid; /* of the thread that ran there; 0 idle */
	const struct kd_arch *arch;
	const uint8_t *set; /* in the note, laid out as arch->registers says; owned by the dump */
};

/* How many CPUs left registers; 0 when the architecture's notes are unknown to us. */
unsigned int kd_registers_count(const struct kd_dump *dump);

/* KD_NOTFOUND past the last CPU, KD_CORRUPT when the note is too short. */
enum kd_status kd_registers_get(const struct kd_dump *dump, unsigned int cpu,
				struct kd_cpu_registers *registers, struct kd_err *err);

/* The value of arch->registers[index]; index must be below arch->register_count. */
uint64_t kd_register_value(const struct kd_cpu_registers *registers, size_t index);

#endif
