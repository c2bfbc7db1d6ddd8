/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The ELF core header that the second kernel turns into /proc/vmcore (fs/proc/vmcore.c): where old
 * memory lies, and where the notes are that the dying kernel writes. p_offset is a physical address.
 */
#ifndef KD_LOAD_ELFCORE_H
#define KD_LOAD_ELFCORE_H

#include "base/err.h"
#include "host/paths.h"
#include "load/memory_map.h"

/* Where the running kernel maps itself, from the headers of /proc/kcore. */
struct kd_kernel_layout {
	uint64_t direct_map_vaddr;                   /* of physical address 0 */
	uint64_t text_vaddr, text_paddr, text_bytes; /* bytes 0: not found */
};

/* KD_UNSUPPORTED when /proc/kcore does not tell; KD_SYSTEM, KD_CORRUPT. */
enum kd_status kd_kernel_layout_read(const struct kd_paths *paths, struct kd_kernel_layout *layout,
				     struct kd_err *err);

struct kd_elfcore_input {
	const struct kd_paths *paths; /* for the addresses of the notes */
	const struct kd_memory_map *memory;
	const struct kd_kernel_layout *layout;
	uint64_t backup_paddr; /* where the first 640 KiB will be; 0: where they are */
	size_t least_bytes;    /* room to leave for what the kernel adds on hotplug */
};

/*
 * Makes the header: *data of *bytes (a multiple of the page size), the caller's to free. KD_NOTFOUND
 * when the kernel shows no crash notes or no vmcoreinfo; KD_SYSTEM, KD_NOMEM.
 */
enum kd_status kd_elfcore_make(const struct kd_elfcore_input *input, void **data, size_t *bytes,
			       struct kd_err *err);

#endif
