/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/mem_map.h"

#include "arch/arch.h"
#include "base/bytes.h"

/*
 * section_mem_map holds the address of the struct page that pfn 0 would have if this section's array
 * reached so far, with flags in its low bits (mm/sparse.c, sparse_encode_mem_map). The array is aligned to
 * a page, a section has at least 2^12 pages, and so the flags have this much room.
 */
enum {
	SECTION_FLAGS = 0xfff,
	SECTION_HAS_MEM_MAP = 2,
	POINTER_BYTES = 8,
	LEAST_SECTION_BITS = 24,
	MOST_SECTION_BITS = 40,
	MOST_MEMORY_BITS = 62,
	FINDS_ENOUGH = 128,
};

struct kd_mem_model {
	const char *name;
	/* KD_NOTFOUND when the kernel has another model. */
	enum kd_status (*init)(struct kd_mem_map *map, struct kd_kernel *kernel,
			       struct kd_err *err);
	enum kd_status (*find)(const struct kd_mem_map *map, struct kd_space *space, uint64_t pfn,
			       uint64_t *vaddr, uint64_t *count, struct kd_err *err);
};

static enum kd_status read_number(struct kd_space *space, uint64_t vaddr, uint64_t *number,
				  struct kd_err *err)
{
	return kd_space_read(space, vaddr, number, sizeof(*number), err);
}

static enum kd_status no_struct_page(uint64_t pfn, struct kd_err *err)
{
	return kd_fail(err, KD_NOTFOUND, "page 0x%llx has no struct page", (unsigned long long)pfn);
}

/* The address of struct mem_section number `section`; KD_NOTFOUND when there is none. */
static enum kd_status find_section(const struct kd_mem_map *map, struct kd_space *space,
				   uint64_t section, uint64_t *vaddr, struct kd_err *err)
{
	uint64_t root = map->sections_vaddr, index = section;
	enum kd_status status;

	if (section >= map->section_count)
		return kd_fail(err, KD_NOTFOUND, "no memory section %llu",
			       (unsigned long long)section);
	if (map->sections_per_root) {
		index = section % map->sections_per_root;
		status = read_number(space,
				     map->sections_vaddr +
					     section / map->sections_per_root * POINTER_BYTES,
				     &root, err);
		if (status)
			return kd_context(err, status, "mem_section");
		if (!root)
			return kd_fail(err, KD_NOTFOUND, "no memory section %llu",
				       (unsigned long long)section);
	}
	*vaddr = root + index * map->section_bytes;
	return KD_OK;
}

static enum kd_status sparse_find(const struct kd_mem_map *map, struct kd_space *space,
				  uint64_t pfn, uint64_t *vaddr, uint64_t *count,
				  struct kd_err *err)
{
	uint64_t section = pfn >> map->section_shift, at = 0, coded = 0;
	enum kd_status status = find_section(map, space, section, &at, err);

	if (!status)
		status = read_number(space, at + map->section_offset, &coded, err);
	if (status)
		return status;
	if (!(coded & SECTION_HAS_MEM_MAP))
		return no_struct_page(pfn, err);
	*vaddr = (coded & ~(uint64_t)SECTION_FLAGS) + pfn * map->struct_bytes;
	*count = ((section + 1) << map->section_shift) - pfn;
	return KD_OK;
}

/*
 * How well segments' first pages are found: 1 for a struct page that should be somewhere, and 1 more when it can be read
 * there, which in a dump that is incomplete it may not. Enough of them are enough.
 */
static unsigned int sparse_finds(const struct kd_mem_map *map, struct kd_kernel *kernel)
{
	struct kd_space *space = kd_kernel_space(kernel);
	uint64_t page_bytes = kd_dump_arch(kd_kernel_dump(kernel))->page_bytes;
	unsigned int found = 0;
	size_t count;
	const struct kd_segment *segment = kd_dump_segments(kd_kernel_dump(kernel), &count);

	for (; count && found < FINDS_ENOUGH; count--, segment++) {
		uint64_t vaddr, pages, flags;

		if (sparse_find(map, space, segment->paddr / page_bytes, &vaddr, &pages, NULL))
			continue;
		found += read_number(space, vaddr, &flags, NULL) ? 1 : 2;
	}
	return found;
}

/* Sections of 2^section_bits bytes, of 2^memory_bits altogether. */
struct sections {
	int64_t section_bits, memory_bits;
};

/* How the sections stand in memory; false when LENGTH(mem_section) is of neither way. */
static bool set_sections(struct kd_mem_map *map, const struct kd_vmcoreinfo *info,
			 uint64_t page_bytes, struct sections sections)
{
	uint64_t per_root = page_bytes / map->section_bytes, length;

	map->section_shift = (unsigned int)(sections.section_bits - __builtin_ctzll(page_bytes));
	map->section_count = UINT64_C(1) << (sections.memory_bits - sections.section_bits);
	map->sections_per_root = per_root;
	if (kd_vmcoreinfo_length(info, "mem_section", &length, NULL) ||
	    length == (map->section_count + per_root - 1) / per_root)
		return true;
	map->sections_per_root = 0;
	return length == map->section_count;
}

/*
 * How well it goes this way. From 4.15 until a0b1280368d1 the array was allocated, and the symbol still the
 * variable that points to it: what finds more of them is right.
 */
static unsigned int try_sections(struct kd_mem_map *map, struct kd_kernel *kernel)
{
	struct kd_mem_map pointed = *map;
	unsigned int found = sparse_finds(map, kernel), more = 0;

	if (!kd_kernel_read(kernel, map->sections_vaddr, &pointed.sections_vaddr,
			    sizeof(pointed.sections_vaddr), NULL))
		more = sparse_finds(&pointed, kernel);
	if (more <= found)
		return found;
	*map = pointed;
	return more;
}

/*
 * A kernel that does not say how large its sections are (SECTION_SIZE_BITS since 4f5aecdff25f, 5.13; MAX_PHYSMEM_BITS
 * since 1d50e5d0c505, 5.9): of what its architecture had until then, what finds most.
 */
static enum kd_status guess_sections(struct kd_mem_map *map, struct kd_kernel *kernel,
				     struct sections said, struct kd_err *err)
{
	const struct kd_arch *arch = kd_dump_arch(kd_kernel_dump(kernel));
	const struct kd_mem_map before = *map;
	unsigned int best = 0;

	for (int i = 0; i < 4; i++) {
		const struct sections sections = {
			said.section_bits ? said.section_bits : arch->section_bits[i / 2],
			said.memory_bits ? said.memory_bits : arch->memory_bits[i % 2]};
		struct kd_mem_map tried = before;
		unsigned int found;

		if (sections.section_bits < LEAST_SECTION_BITS ||
		    sections.memory_bits <= sections.section_bits ||
		    !set_sections(&tried, kd_kernel_vmcoreinfo(kernel), arch->page_bytes, sections))
			continue;
		found = try_sections(&tried, kernel);
		if (found <= best)
			continue;
		best = found;
		*map = tried;
	}
	return best ? KD_OK
		    : kd_fail(err, KD_UNSUPPORTED,
			      "VMCOREINFO has no %s, and by what %s kernels had no struct page is found",
			      said.section_bits ? "MAX_PHYSMEM_BITS" : "SECTION_SIZE_BITS",
			      arch->name);
}

/* A number that may be missing, and is 0 then. */
static enum kd_status find_bits(const struct kd_vmcoreinfo *info, const char *name, int64_t *number,
				struct kd_err *err)
{
	enum kd_status status = kd_vmcoreinfo_number(info, name, number, err);

	if (status == KD_NOTFOUND) {
		*number = 0;
		return KD_OK;
	}
	if (!status && (*number < LEAST_SECTION_BITS || *number > MOST_MEMORY_BITS))
		status = kd_fail(err, KD_CORRUPT, "VMCOREINFO: %s=%lld", name, (long long)*number);
	return status;
}

static enum kd_status sparse_init(struct kd_mem_map *map, struct kd_kernel *kernel,
				  struct kd_err *err)
{
	const struct kd_vmcoreinfo *info = kd_kernel_vmcoreinfo(kernel);
	uint64_t page_bytes = kd_dump_arch(kd_kernel_dump(kernel))->page_bytes;
	struct sections said = {0, 0};
	enum kd_status status;

	status = kd_vmcoreinfo_symbol(info, "mem_section", &map->sections_vaddr, err);
	if (status)
		return status;
	status = kd_vmcoreinfo_size(info, "mem_section", &map->section_bytes, err);
	if (!status)
		status = kd_vmcoreinfo_offset(info, "mem_section.section_mem_map",
					      &map->section_offset, err);
	if (!status)
		status = find_bits(info, "SECTION_SIZE_BITS", &said.section_bits, err);
	if (!status)
		status = find_bits(info, "MAX_PHYSMEM_BITS", &said.memory_bits, err);
	if (status) /* that it has sections is known: no other model need be tried */
		return status == KD_NOTFOUND ? KD_UNSUPPORTED : status;
	if (map->section_bytes < POINTER_BYTES || map->section_bytes > page_bytes ||
	    map->section_offset > map->section_bytes - POINTER_BYTES)
		return kd_fail(err, KD_CORRUPT, "VMCOREINFO: a mem_section of %llu bytes",
			       (unsigned long long)map->section_bytes);
	if (!said.section_bits || !said.memory_bits)
		return guess_sections(map, kernel, said, err);
	if (said.section_bits > MOST_SECTION_BITS || said.memory_bits <= said.section_bits)
		return kd_fail(err, KD_CORRUPT, "VMCOREINFO: sections of 2^%lld bytes of 2^%lld",
			       (long long)said.section_bits, (long long)said.memory_bits);
	set_sections(map, info, page_bytes, said);
	return try_sections(map, kernel)
		       ? KD_OK
		       : kd_fail(err, KD_CORRUPT, "mem_section leads to no section");
}

static enum kd_status node_find(const struct kd_mem_map *map, struct kd_space *space, uint64_t pfn,
				uint64_t *vaddr, uint64_t *count, struct kd_err *err)
{
	for (uint64_t node = 0; node < map->node_count; node++) {
		uint64_t data, start, pages, array;
		enum kd_status status;

		status = read_number(space, map->nodes_vaddr + node * POINTER_BYTES, &data, err);
		if (!status && !data)
			continue;
		if (!status)
			status = read_number(space, data + map->node_start_offset, &start, err);
		if (!status)
			status = read_number(space, data + map->node_pages_offset, &pages, err);
		if (!status)
			status = read_number(space, data + map->node_map_offset, &array, err);
		if (status)
			return kd_context(err, status, "node %llu", (unsigned long long)node);
		if (pfn < start || pfn - start >= pages)
			continue;
		*vaddr = array + (pfn - start) * map->struct_bytes;
		*count = pages - (pfn - start);
		return KD_OK;
	}
	return no_struct_page(pfn, err);
}

static enum kd_status node_init(struct kd_mem_map *map, struct kd_kernel *kernel,
				struct kd_err *err)
{
	const struct kd_vmcoreinfo *info = kd_kernel_vmcoreinfo(kernel);
	enum kd_status status;

	status = kd_vmcoreinfo_offset(info, "pglist_data.node_mem_map", &map->node_map_offset, err);
	if (!status)
		status = kd_vmcoreinfo_symbol(info, "node_data", &map->nodes_vaddr, err);
	if (!status)
		status = kd_vmcoreinfo_length(info, "node_data", &map->node_count, err);
	if (!status)
		status = kd_vmcoreinfo_offset(info, "pglist_data.node_start_pfn",
					      &map->node_start_offset, err);
	if (!status)
		status = kd_vmcoreinfo_offset(info, "pglist_data.node_spanned_pages",
					      &map->node_pages_offset, err);
	if (!status && map->node_count > 65536)
		return kd_fail(err, KD_CORRUPT, "VMCOREINFO: %llu nodes",
			       (unsigned long long)map->node_count);
	return status;
}

static enum kd_status flat_find(const struct kd_mem_map *map, struct kd_space *space, uint64_t pfn,
				uint64_t *vaddr, uint64_t *count, struct kd_err *err)
{
	if (!kd_multiply(pfn, map->struct_bytes, vaddr) || !kd_add(*vaddr, map->array_vaddr, vaddr))
		return no_struct_page(pfn, err);
	*count = UINT64_MAX / map->struct_bytes - pfn;
	return KD_OK;
}

static enum kd_status flat_init(struct kd_mem_map *map, struct kd_kernel *kernel,
				struct kd_err *err)
{
	uint64_t pointer;
	enum kd_status status =
		kd_vmcoreinfo_symbol(kd_kernel_vmcoreinfo(kernel), "mem_map", &pointer, err);

	if (status)
		return status;
	status = kd_kernel_read(kernel, pointer, &map->array_vaddr, sizeof(map->array_vaddr), err);
	return status == KD_NOTFOUND ? KD_CORRUPT : status;
}

static const struct kd_mem_model models[] = {
	{"sparse", sparse_init, sparse_find},
	{"discontiguous", node_init, node_find},
	{"flat", flat_init, flat_find},
};

enum kd_status kd_mem_map_init(struct kd_mem_map *map, struct kd_kernel *kernel,
			       const struct kd_page_layout *layout, struct kd_err *err)
{
	if (!kd_kernel_space(kernel)) {
		*err = *kd_kernel_space_error(kernel);
		return err->status;
	}
	for (size_t i = 0; i < sizeof(models) / sizeof(*models); i++) {
		enum kd_status status;

		*map = (struct kd_mem_map){.model = &models[i], .struct_bytes = layout->bytes};
		status = models[i].init(map, kernel, err);
		if (status != KD_NOTFOUND)
			return status;
	}
	return kd_fail(
		err, KD_NOTFOUND,
		"VMCOREINFO names no array of struct pages (mem_section, node_data, mem_map)");
}

const char *kd_mem_map_model(const struct kd_mem_map *map)
{
	return map->model->name;
}

enum kd_status kd_mem_map_find(const struct kd_mem_map *map, struct kd_space *space, uint64_t pfn,
			       uint64_t *vaddr, uint64_t *count, struct kd_err *err)
{
	return map->model->find(map, space, pfn, vaddr, count, err);
}
