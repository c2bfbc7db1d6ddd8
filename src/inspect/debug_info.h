/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Source lines and inlined functions out of a vmlinux and modules with DWARF, where they are at hand: read through
 * elfutils. Nothing else in this layer needs it.
 */
#ifndef KD_INSPECT_DEBUG_INFO_H
#define KD_INSPECT_DEBUG_INFO_H

#include <stdbool.h>

#include "inspect/system.h"

struct kd_debug_info;

/*
 * Opens the vmlinux at path; with NULL, the one of the kernel's build-id below the folder ("/usr/lib/debug", and copied),
 * or where distributions put it by release. Those of modules are looked for in the folder when they are needed. The
 * system is borrowed. KD_NOTFOUND: there is none; KD_INVALID: it is of another build; KD_UNSUPPORTED: it has no DWARF; or
 * what kd_vmlinux_check() says.
 */
enum kd_status kd_debug_info_open(struct kd_system *system, const char *path, const char *folder,
				  struct kd_debug_info **info, struct kd_err *err);
void kd_debug_info_close(struct kd_debug_info *info);

/* A place in the source. The texts live as long as the debug information. */
struct kd_source_place {
	const char *function; /* NULL: not told */
	const char *file;     /* as the compiler was given it; NULL: not told */
	unsigned int line;    /* 0: not told */
	bool is_inlined;      /* into the place that comes next */
};

/*
 * Tells where an address of the kernel at run time is from: inlined functions first, innermost first, and at last the
 * function that was compiled. Nothing for code without lines. False stops.
 */
typedef bool kd_source_take(void *opaque, const struct kd_source_place *place);
void kd_debug_info_places(struct kd_debug_info *info, uint64_t vaddr, kd_source_take *take,
			  void *opaque);

#endif
