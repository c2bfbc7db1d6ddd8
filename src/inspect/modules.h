/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The modules of a dead kernel (include/linux/module.h). */
#ifndef KD_INSPECT_MODULES_H
#define KD_INSPECT_MODULES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct kd_system;

enum { KD_MODULE_NAME_BYTES = 64, KD_MODULE_RANGES = 8, KD_MODULE_VERSION_BYTES = 32 };

struct kd_module {
	uint64_t vaddr; /* of its struct module */
	char name[KD_MODULE_NAME_BYTES];
	char version[KD_MODULE_VERSION_BYTES], source_version[KD_MODULE_VERSION_BYTES]; /* "" */
	/* where it lies: text, data, … (mod->mem), or as a whole (mod->core_layout, before 6.4) */
	struct {
		uint64_t vaddr, bytes;
	} ranges[KD_MODULE_RANGES];
	size_t range_count;
	uint64_t bytes;  /* of all ranges, those of its initialisation left out */
	uint64_t taints; /* bits as in the kernel's own taint mask */
	uint64_t state;  /* enum module_state: 0 live, 1 coming, 2 going, 3 unformed */
	int64_t references;
	/* struct mod_arch_specific: its ORC table; orc_count is 0 without */
	uint64_t orc_ip_vaddr, orc_vaddr;
	uint32_t orc_count;
};

/*
 * Reads the list `modules`; *list is allocated. Those that could be read are there also when the status is not KD_OK.
 */
enum kd_status kd_modules_read(struct kd_system *system, struct kd_module **list, size_t *count,
			       struct kd_err *err);
/* Tells of each section that a module was loaded from, as /sys/module/NAME/sections does. False stops. */
typedef bool kd_section_take(void *opaque, const char *name, uint64_t vaddr);
enum kd_status kd_module_sections_each(struct kd_system *system, const struct kd_module *module,
				       kd_section_take *take, void *opaque, struct kd_err *err);
/* Adds all of their symbols to the system's. */
enum kd_status kd_modules_add_symbols(struct kd_system *system, const struct kd_module *list,
				      size_t count, struct kd_err *err);

#endif
