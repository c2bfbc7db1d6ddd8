/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "inspect/facts.h"

#include "arch/arch.h"
#include "inspect/fields.h"

enum { LOAD_BITS = 11 }; /* FSHIFT, include/linux/sched/loadavg.h */

/* Only what a terminal can show, without the blanks that firmware pads with. */
static void tidy(char *text)
{
	size_t length = 0;

	for (char *c = text; *c; c++) {
		if (*c < ' ' || *c > '~')
			*c = '?';
		if (*c != ' ')
			length = (size_t)(c - text) + 1;
	}
	text[length] = '\0';
}

/* dmi_ident[] of drivers/firmware/dmi_scan.c, by enum dmi_field. */
static void read_dmi(struct kd_system *system, const char *field, char text[KD_FACT_BYTES])
{
	const struct kd_btf *btf = kd_system_types(system, NULL);
	uint64_t idents = 0, string = 0;
	int64_t number;

	*text = '\0';
	if (!btf || kd_btf_enumerator(btf, field, &number, NULL) ||
	    kd_system_symbol(system, "dmi_ident", &idents, NULL) ||
	    kd_read_u64(system, idents + 8 * (uint64_t)number, &string, NULL) || !string ||
	    kd_read_text(system, string, text, KD_FACT_BYTES, NULL))
		*text = '\0';
	tidy(text);
}

void kd_machine_read(struct kd_system *system, struct kd_machine *machine)
{
	uint64_t cpu = 0;

	*machine = (struct kd_machine){.cpu_model = ""};
	if (!kd_system_symbol(system, "boot_cpu_data", &cpu, NULL) &&
	    kd_get_text(system, cpu, "cpuinfo_x86.x86_model_id", machine->cpu_model,
			sizeof(machine->cpu_model), NULL))
		*machine->cpu_model = '\0';
	tidy(machine->cpu_model);
	read_dmi(system, "DMI_SYS_VENDOR", machine->vendor);
	read_dmi(system, "DMI_PRODUCT_NAME", machine->product);
	read_dmi(system, "DMI_BIOS_VERSION", machine->firmware);
}

enum kd_status kd_loads_read(struct kd_system *system, double loads[KD_LOADS], struct kd_err *err)
{
	uint64_t vaddr = 0, values[KD_LOADS];
	enum kd_status status = kd_system_symbol(system, "avenrun", &vaddr, err);

	if (!status)
		status = kd_system_read(system, vaddr, values, sizeof(values), err);
	for (int i = 0; !status && i < KD_LOADS; i++)
		loads[i] = (double)values[i] / (1 << LOAD_BITS);
	return status;
}

static const char *const names[KD_MEMORY_KINDS] = {
	[KD_MEMORY_FREE] = "free",
	[KD_MEMORY_CACHE] = "page cache",
	[KD_MEMORY_SHARED] = "shared",
	[KD_MEMORY_ANONYMOUS] = "processes",
	[KD_MEMORY_SLAB] = "slab",
	[KD_MEMORY_PAGE_TABLES] = "page tables",
	[KD_MEMORY_STACKS] = "kernel stacks",
	[KD_MEMORY_OTHER] = "other",
};

const char *kd_memory_kind_name(enum kd_memory_kind kind)
{
	return names[kind];
}

/* Counters by the names of their enumerators; what is counted twice has a second row that takes it off. */
static const struct counter {
	const char *array, *name;
	enum kd_memory_kind kind;
	int sign;
	bool kib; /* else pages */
} counters[] = {
	{"vm_zone_stat", "NR_FREE_PAGES", KD_MEMORY_FREE, 1, false},
	{"vm_node_stat", "NR_FILE_PAGES", KD_MEMORY_CACHE, 1, false},
	{"vm_node_stat", "NR_SHMEM", KD_MEMORY_CACHE, -1, false},
	{"vm_node_stat", "NR_SHMEM", KD_MEMORY_SHARED, 1, false},
	{"vm_node_stat", "NR_ANON_MAPPED", KD_MEMORY_ANONYMOUS, 1, false},
	/* kept in pages in spite of the name (vmstat_item_in_bytes()) */
	{"vm_node_stat", "NR_SLAB_RECLAIMABLE_B", KD_MEMORY_SLAB, 1, false},
	{"vm_node_stat", "NR_SLAB_UNRECLAIMABLE_B", KD_MEMORY_SLAB, 1, false},
	{"vm_node_stat", "NR_PAGETABLE", KD_MEMORY_PAGE_TABLES, 1, false},
	{"vm_node_stat", "NR_KERNEL_STACK_KB", KD_MEMORY_STACKS, 1, true},
};

static enum kd_status read_counter(struct kd_system *system, const struct counter *counter,
				   uint64_t page_bytes, int64_t *bytes, struct kd_err *err)
{
	const struct kd_btf *btf = kd_system_types(system, err);
	uint64_t array = 0, value = 0;
	int64_t number = 0;
	enum kd_status status;

	if (!btf)
		return err ? err->status : KD_UNSUPPORTED;
	status = kd_btf_enumerator(btf, counter->name, &number, err);
	if (!status)
		status = kd_system_symbol(system, counter->array, &array, err);
	if (!status)
		status = kd_read_u64(system, array + 8 * (uint64_t)number, &value, err);
	*bytes = (int64_t)value * (int64_t)(counter->kib ? 1024 : page_bytes);
	return status;
}

enum kd_status kd_memory_read(struct kd_system *system, struct kd_memory *memory,
			      struct kd_err *err)
{
	uint64_t page_bytes = kd_dump_arch(kd_kernel_dump(kd_system_kernel(system)))->page_bytes;
	int64_t sums[KD_MEMORY_KINDS] = {0}, rest;
	uint64_t vaddr = 0, pages = 0;
	enum kd_status status = kd_system_symbol(system, "_totalram_pages", &vaddr, err);

	if (!status)
		status = kd_read_u64(system, vaddr, &pages, err);
	for (size_t i = 0; !status && i < sizeof(counters) / sizeof(*counters); i++) {
		int64_t bytes = 0;

		status = read_counter(system, &counters[i], page_bytes, &bytes, err);
		sums[counters[i].kind] += counters[i].sign * bytes;
	}
	if (status)
		return status;
	*memory = (struct kd_memory){.total_bytes = pages * page_bytes};
	rest = (int64_t)memory->total_bytes;
	for (int kind = 0; kind < KD_MEMORY_OTHER; kind++) {
		memory->bytes[kind] = sums[kind] > 0 ? (uint64_t)sums[kind] : 0;
		rest -= (int64_t)memory->bytes[kind];
	}
	memory->bytes[KD_MEMORY_OTHER] = rest > 0 ? (uint64_t)rest : 0;
	return KD_OK;
}
