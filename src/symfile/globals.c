/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where one begins to look at a kernel. BTF has the types of per-CPU variables only (of others since pahole 1.28, where the kernel
 * is built so); these have had theirs for many releases. One whose symbol or type a kernel lacks is left out.
 */
#include <dwarf.h>

#include "symfile/dwarf.h"

static const struct {
	const char *symbol;
	enum kd_btf_kind kind;
	const char *type;
	const char *shape; /* what it is of that type, outwards: "*" a pointer, "[" an array */
} globals[] = {
	/* tasks and what they share */
	{"init_task", KD_BTF_STRUCT, "task_struct", ""},
	{"init_mm", KD_BTF_STRUCT, "mm_struct", ""},
	{"init_cred", KD_BTF_STRUCT, "cred", ""},
	{"init_files", KD_BTF_STRUCT, "files_struct", ""},
	{"init_fs", KD_BTF_STRUCT, "fs_struct", ""},
	{"init_nsproxy", KD_BTF_STRUCT, "nsproxy", ""},
	{"init_pid_ns", KD_BTF_STRUCT, "pid_namespace", ""},
	{"init_user_ns", KD_BTF_STRUCT, "user_namespace", ""},
	{"init_uts_ns", KD_BTF_STRUCT, "uts_namespace", ""},
	{"init_ipc_ns", KD_BTF_STRUCT, "ipc_namespace", ""},
	{"init_css_set", KD_BTF_STRUCT, "css_set", ""},
	{"cgrp_dfl_root", KD_BTF_STRUCT, "cgroup_root", ""},
	{"root_task_group", KD_BTF_STRUCT, "task_group", ""},
	{"workqueues", KD_BTF_STRUCT, "list_head", ""},
	/* CPUs */
	{"__per_cpu_offset", KD_BTF_INT, "long unsigned int", "["},
	{"__cpu_possible_mask", KD_BTF_STRUCT, "cpumask", ""},
	{"__cpu_online_mask", KD_BTF_STRUCT, "cpumask", ""},
	{"nr_cpu_ids", KD_BTF_INT, "unsigned int", ""},
	{"boot_cpu_data", KD_BTF_STRUCT, "cpuinfo_x86", ""},
	/* modules, the log, time */
	{"modules", KD_BTF_STRUCT, "list_head", ""},
	{"prb", KD_BTF_STRUCT, "printk_ringbuffer", "*"},
	{"log_buf", KD_BTF_INT, "char", "*"},
	{"saved_command_line", KD_BTF_INT, "char", "*"},
	{"linux_banner", KD_BTF_INT, "char", "["},
	{"jiffies", KD_BTF_INT, "long unsigned int", ""},
	{"jiffies_64", KD_BTF_TYPEDEF, "u64", ""},
	{"panic_on_oops", KD_BTF_INT, "int", ""},
	{"oops_in_progress", KD_BTF_INT, "int", ""},
	/* memory */
	{"mem_section", KD_BTF_STRUCT, "mem_section", "**"},
	{"node_data", KD_BTF_TYPEDEF, "pg_data_t", "*["},
	{"contig_page_data", KD_BTF_STRUCT, "pglist_data", ""},
	{"vmemmap_base", KD_BTF_INT, "long unsigned int", ""},
	{"page_offset_base", KD_BTF_INT, "long unsigned int", ""},
	{"vmalloc_base", KD_BTF_INT, "long unsigned int", ""},
	{"phys_base", KD_BTF_INT, "long unsigned int", ""},
	{"max_pfn", KD_BTF_INT, "long unsigned int", ""},
	{"_totalram_pages", KD_BTF_TYPEDEF, "atomic_long_t", ""},
	{"vm_node_stat", KD_BTF_TYPEDEF, "atomic_long_t", "["},
	{"vm_zone_stat", KD_BTF_TYPEDEF, "atomic_long_t", "["},
	{"vmap_area_list", KD_BTF_STRUCT, "list_head", ""},
	{"slab_caches", KD_BTF_STRUCT, "list_head", ""},
	{"iomem_resource", KD_BTF_STRUCT, "resource", ""},
	{"ioport_resource", KD_BTF_STRUCT, "resource", ""},
	{"init_top_pgt", KD_BTF_TYPEDEF, "pgd_t", "["},
	/* file systems and block devices */
	{"super_blocks", KD_BTF_STRUCT, "list_head", ""},
	{"file_systems", KD_BTF_STRUCT, "file_system_type", "*"},
	{"inode_hashtable", KD_BTF_STRUCT, "hlist_head", "*"},
	{"dentry_hashtable", KD_BTF_STRUCT, "hlist_bl_head", "*"},
	{"mount_hashtable", KD_BTF_STRUCT, "hlist_head", "*"},
	/* network */
	{"init_net", KD_BTF_STRUCT, "net", ""},
	{"net_namespace_list", KD_BTF_STRUCT, "list_head", ""},
	{"tcp_hashinfo", KD_BTF_STRUCT, "inet_hashinfo", ""},
	{"udp_table", KD_BTF_STRUCT, "udp_table", ""},
	/* devices */
	{"devices_kset", KD_BTF_STRUCT, "kset", "*"},
	{"pci_root_buses", KD_BTF_STRUCT, "list_head", ""},
};

/* The types between that one and the variable's: pointers to it, arrays of it. Returns where the last of them is. */
static uint32_t put_shape(struct kd_dies *dies, uint32_t place, const char *shape)
{
	for (; *shape; shape++) {
		bool is_array = *shape == '[';
		uint32_t outer = kd_die_begin(
			dies, is_array ? DW_TAG_array_type : DW_TAG_pointer_type, is_array);

		if (!is_array)
			kd_die_number(dies, DW_AT_byte_size, 8);
		kd_die_reference(dies, DW_AT_type, place);
		kd_die_end(dies);
		if (is_array) { /* how long it is, is not known */
			kd_die_begin(dies, DW_TAG_subrange_type, false);
			kd_die_end(dies);
			kd_die_children_end(dies);
		}
		place = outer;
	}
	return place;
}

void kd_dwarf_globals(struct kd_dwarf *dwarf, const struct kd_unit *unit)
{
	const struct kd_symbols *symbols = kd_system_symbols(dwarf->layout->system);
	struct kd_dies *dies = &dwarf->dies;

	for (size_t i = 0; i < sizeof(globals) / sizeof(*globals); i++) {
		const char *name = globals[i].symbol;
		const struct kd_symbol *symbol = kd_symbols_find(symbols, name, NULL);
		struct kd_btf_type type;
		uint32_t place;

		if (!symbol || symbol->module != unit->module ||
		    !kd_btf_find(unit->btf, KD_BTF_VARIABLE, name, &type, NULL) ||
		    kd_btf_find(unit->btf, globals[i].kind, globals[i].type, &type, NULL))
			continue;
		place = put_shape(dies, unit->places[type.id - unit->btf->first_id],
				  globals[i].shape);
		kd_die_begin(dies, DW_TAG_variable, false);
		kd_die_text(dies, DW_AT_name, (uint32_t)kd_put_text(&dwarf->texts, name));
		kd_die_flag(dies, DW_AT_external);
		kd_die_reference(dies, DW_AT_type, place);
		kd_die_location(dies, DW_AT_location, symbol->vaddr);
		kd_die_end(dies);
	}
}
