/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The types that a module brought along: BTF that is split from the kernel's. */
#ifndef KD_INSPECT_MODULE_TYPES_H
#define KD_INSPECT_MODULE_TYPES_H

#include "inspect/system.h"
#include "kernel/types.h"

struct kd_module_types {
	unsigned int module; /* as in struct kd_symbol */
	struct kd_types types;
};

/*
 * Reads the list btf_modules (kernel/bpf/btf.c, since 5.11, 36e68442d1af); *list is allocated, and what could be read
 * before something was damaged is in it also when the status is not KD_OK. KD_NOTFOUND for a kernel without. Types
 * that make no sense are left out.
 */
enum kd_status kd_module_types_read(struct kd_system *system, struct kd_module_types **list,
				    size_t *count, struct kd_err *err);
void kd_module_types_free(struct kd_module_types *list, size_t count);

#endif
