/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where the struct page of a page is: the kernel's memory models, told apart by what VMCOREINFO has.
 *
 * - sparse (include/linux/mmzone.h, struct mem_section): memory in sections of some 128 MiB; each section
 *   knows where its struct pages are, be they one virtual array (vmemmap) or pieces. The sections
 *   stand in one array (classic) or in an array of pointers to pages of them (extreme).
 * - discontiguous: an array of struct pages for each node.
 * - flat: one array.
 */
#ifndef KD_KERNEL_MEM_MAP_H
#define KD_KERNEL_MEM_MAP_H

#include <stdint.h>

#include "base/err.h"
#include "kernel/kernel.h"
#include "kernel/page_layout.h"
#include "memory/space.h"

struct kd_mem_map {
	const struct kd_mem_model *model;
	uint64_t struct_bytes;
	/* sparse */
	uint64_t sections_vaddr, section_bytes, section_offset; /* of mem_section and its member */
	uint64_t section_count, sections_per_root;              /* 0: classic */
	unsigned int section_shift;                             /* pages of a section, as a shift */
	/* flat */
	uint64_t array_vaddr;
	/* discontiguous */
	uint64_t nodes_vaddr, node_count;
	uint64_t node_start_offset, node_pages_offset, node_map_offset;
};

/*
 * KD_NOTFOUND when VMCOREINFO knows of no memory model; KD_UNSUPPORTED when it knows too little of it; KD_CORRUPT; or what reading memory says.
 */
enum kd_status kd_mem_map_init(struct kd_mem_map *map, struct kd_kernel *kernel,
			       const struct kd_page_layout *layout, struct kd_err *err);

const char *kd_mem_map_model(const struct kd_mem_map *map); /* "sparse", … */

/*
 * The virtual address of the struct page of pfn, and how many struct pages from it on lie together.
 * KD_NOTFOUND for a page without one; or what reading memory says.
 */
enum kd_status kd_mem_map_find(const struct kd_mem_map *map, struct kd_space *space, uint64_t pfn,
			       uint64_t *vaddr, uint64_t *count, struct kd_err *err);

#endif
