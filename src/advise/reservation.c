/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Each summand comes from a file, a header or the running system where that is possible. What a kernel
 * allocates for itself until it starts its init cannot be read anywhere: it has been measured in second
 * kernels of the laboratory (tests/vm/test_advise.py compares), and is in proportion to their code and
 * read-only data: an ftrace entry for each function, a folder of tracefs for each tracepoint, of sysfs for
 * each driver and each slab cache.
 */
#include "advise/reservation.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "advise/kernel_memory.h"
#include "base/bytes.h"
#include "codec/codec.h"
#include "host/file.h"
#include "load/backup.h"
#include "load/initramfs.h"
#include "load/iomem.h"
#include "load/memory_map.h"
#include "save/save.h"

#define KIB UINT64_C(1024)
#define MIB (UINT64_C(1) << 20)

/* x86_64: arch/x86/include/asm/sparsemem.h, struct page of 64 bytes (include/linux/mm_types.h) */
#define SECTION_BYTES (UINT64_C(128) << 20)
#define SECTION_PAGES (SECTION_BYTES / 4096 * 64)

enum {
	PAGE_BYTES = 4096,
	INODE_BYTES = 1024, /* and dentry, of a file in the initramfs */
	CPUINFO_BYTES = 64 << 20,
	CMDLINE_BYTES = 64 << 10,
};

/* Sizes that the kernel's sources state. */
#define CRASH_ALIGN_BYTES (16 * MIB) /* arch/x86/kernel/setup.c */
/* 2^(52 - 27) sections, in roots of 256, a pointer each (mm/sparse.c); with 4 levels 2^(46 - 27) */
#define ROOTS_5_LEVEL_BYTES MIB
#define ROOTS_4_LEVEL_BYTES (16 * KIB)
/* PERCPU_MODULE_RESERVE and PERCPU_DYNAMIC_RESERVE, include/linux/percpu.h */
#define PERCPU_MORE_BYTES (36 * KIB)
#define SWIOTLB_BYTES     (64 * MIB) /* IO_TLB_DEFAULT_SIZE, include/linux/swiotlb.h */
#define JIT_PACK_BYTES    (2 * MIB)  /* BPF_PROG_PACK_SIZE of one node, kernel/bpf/core.c */
#define PAGE_BLOCK_BYTES  (2 * MIB)  /* what boost_watermark() adds, mm/page_alloc.c */

/* Ours: load/segments.c leaves 1 MiB for the jump; header, parameters and purgatory take less than this. */
#define JUMP_BYTES  MIB
#define PARTS_BYTES (128 * KIB)

/* Measured; docs/reservation.md says how. */
#define EARLY_BYTES        (384 * KIB) /* node data, page tables, hash tables */
#define TABLES_PER_1000    385         /* of code and read-only data: slabs, stacks, tables */
#define CPU_BYTES          MIB         /* each further CPU: threads, caches */
#define DEVICES_BYTES      (4 * MIB)   /* queues, file system, pages on their way to the disk */
#define PROCESSES_BYTES    (2 * MIB)   /* of the supervisor and a step, without buffers */
#define MARGIN_LEAST_BYTES (4 * MIB)
#define MARGIN_SHARE       16

/* What the initramfs is made of. */
struct contents {
	uint64_t stored_bytes, unpacked_bytes, module_bytes;
	bool has_module_list;
};

struct facts {
	const struct kd_load_request *request;
	struct kd_kernel_memory kernel;
	struct contents initrd;
	struct kd_reservation reservation; /* what there is already */
	unsigned int cpus;
	bool backs_up, five_levels, confidential;
	size_t pipeline_bytes;
	char codec[32];
};

static const char *const moment_names[KD_MOMENTS] = {"load", "boot", "capture"};

const char *kd_moment_name(enum kd_moment moment)
{
	return moment_names[moment];
}

static void count_entry(void *opaque, const struct kd_initramfs_entry *entry)
{
	struct contents *contents = opaque;
	size_t length = strlen(entry->path);

	contents->unpacked_bytes += INODE_BYTES;
	if (!S_ISREG(entry->mode))
		return;
	contents->unpacked_bytes += kd_round_up(entry->bytes, PAGE_BYTES);
	contents->has_module_list |= !strcmp(entry->path, "etc/kdump/modules");
	if (length > 3 && !strcmp(entry->path + length - 3, ".ko"))
		contents->module_bytes += kd_round_up(entry->bytes, PAGE_BYTES);
}

static enum kd_status read_initrd(struct facts *facts, struct kd_err *err)
{
	const char *path = facts->request->initrd_path;
	enum kd_status status;
	struct stat info;

	if (!path)
		return KD_OK;
	status = kd_initramfs_list(path, count_entry, &facts->initrd, err);
	if (status)
		return kd_context(err, status, "initramfs");
	if (!stat(path, &info))
		facts->initrd.stored_bytes = kd_round_up((uint64_t)info.st_size, PAGE_BYTES);
	if (!facts->initrd.has_module_list)
		facts->initrd.module_bytes = 0; /* another program's: which it loads is not known */
	return KD_OK;
}

static bool file_has_word(const char *root, const char *name, size_t limit, const char *word)
{
	KD_CLEANUP_FREE char *text = NULL;
	size_t bytes, length = strlen(word);
	char path[PATH_MAX];

	if (kd_file_read(kd_path(path, root, "%s", name), limit, &text, &bytes, NULL))
		return false;
	for (char *at = text; (at = strstr(at, word)); at += length)
		if ((at == text || strchr(" \t\n", at[-1])) && strchr(" \t\n", at[length]))
			return true;
	return false;
}

/* A guest whose memory is encrypted hands devices copies of it, wherever its memory lies. */
static bool is_confidential(const struct kd_paths *paths)
{
	char path[PATH_MAX];

	return file_has_word(paths->proc, "cpuinfo", CPUINFO_BYTES, "tdx_guest") ||
	       !access(kd_path(path, paths->dev, "sev-guest"), F_OK);
}

static enum kd_status read_pipeline(struct facts *facts, const struct kd_config *config,
				    struct kd_err *err)
{
	struct kd_save_options options = {.format = KD_SAVE_KDUMP, .exclude_count = 1};
	struct kd_config defaults = {0};
	enum kd_status status = KD_OK;

	if (!config) {
		status = kd_config_init(&defaults, err);
		config = &defaults;
	}
	if (!status) {
		options.format = config->dump_format == KD_DUMP_ELF ? KD_SAVE_ELF : KD_SAVE_KDUMP;
		snprintf(facts->codec, sizeof(facts->codec), "%s",
			 options.format == KD_SAVE_ELF ? "elf" : config->dump_codec);
		status = kd_codec_parse(config->dump_codec, &options.codec, &options.codec_level,
					err);
	}
	if (!status)
		facts->pipeline_bytes = kd_save_memory(&options, facts->cpus, PAGE_BYTES);
	kd_config_deinit(&defaults);
	return status;
}

static enum kd_status gather(struct facts *facts, const struct kd_config *config,
			     struct kd_err *err)
{
	const struct kd_paths *paths = facts->request->paths;
	struct kd_iomem iomem = {0};
	enum kd_status status =
		kd_kernel_memory_read(facts->request->kernel_path, &facts->kernel, err);

	if (!status)
		status = read_initrd(facts, err);
	if (!status)
		status = kd_backup_decide(paths, facts->request->backup, &facts->backs_up, err);
	if (!status)
		status = read_pipeline(facts, config, err);
	if (status)
		return status;
	/* without root it cannot be read: then the place of the reservation is not known */
	if (!kd_iomem_read(paths, &iomem, NULL))
		kd_iomem_reservation(&iomem, &facts->reservation);
	kd_iomem_deinit(&iomem);
	facts->five_levels = file_has_word(paths->proc, "cpuinfo", CPUINFO_BYTES, "la57") &&
			     !file_has_word(paths->proc, "cmdline", CMDLINE_BYTES, "no5lvl");
	facts->confidential = is_confidential(paths);
	return KD_OK;
}

static void add(struct kd_estimate *estimate, const char *name, uint64_t to_load, uint64_t to_boot,
		uint64_t to_capture, const char *from, ...) __attribute__((format(printf, 6, 7)));

static void add(struct kd_estimate *estimate, const char *name, uint64_t to_load, uint64_t to_boot,
		uint64_t to_capture, const char *from, ...)
{
	struct kd_estimate_line *line = &estimate->lines[estimate->line_count++];
	const uint64_t bytes[KD_MOMENTS] = {to_load, to_boot, to_capture};
	va_list args;

	line->name = name;
	va_start(args, from);
	vsnprintf(line->from, sizeof(line->from), from, args);
	va_end(args);
	for (int i = 0; i < KD_MOMENTS; i++) {
		line->bytes[i] = bytes[i];
		estimate->sums[i] += bytes[i];
	}
}

/*
 * Sections of memory that a reservation of this size touches, and the first one, where the 640 KiB lie that the
 * second kernel is given as well. The kernel puts a reservation as high as it can: its end stays.
 */
static unsigned int count_sections(const struct kd_reservation *there, uint64_t bytes)
{
	uint64_t end = there->start + there->bytes, start;

	if (!there->bytes || end < bytes) /* not known: it lies across a border */
		return 1 + (unsigned int)((bytes + SECTION_BYTES - 1) / SECTION_BYTES) + 1;
	start = kd_round_down(end - bytes, CRASH_ALIGN_BYTES);
	return 1 + (unsigned int)((start + bytes - 1) / SECTION_BYTES - start / SECTION_BYTES) + 1;
}

static uint64_t square_root(uint64_t value)
{
	uint64_t root = 0;

	while ((root + 1) * (root + 1) <= value)
		root++;
	return root;
}

static void add_kernel(const struct facts *facts, struct kd_estimate *estimate)
{
	const struct kd_kernel_memory *kernel = &facts->kernel;

	add(estimate, "kernel, unpacking itself", kernel->load_bytes, 0, 0, "%s: %s",
	    facts->request->kernel_path, kernel->exact ? "init_size of its header" : "its header");
	add(estimate, "kernel, unpacked", 0, kernel->resident_bytes,
	    kernel->resident_bytes - kernel->given_back_bytes,
	    kernel->exact ? "its sections, .text to .bss; %llu KiB are given back after the boot"
			  : "not known, at most what it needs to unpack itself",
	    (unsigned long long)kernel->given_back_bytes / KIB);
	add(estimate, "per-CPU areas", 0,
	    facts->cpus * (kd_round_up(kernel->percpu_bytes, PAGE_BYTES) + PERCPU_MORE_BYTES),
	    facts->cpus * (kd_round_up(kernel->percpu_bytes, PAGE_BYTES) + PERCPU_MORE_BYTES),
	    "%u CPU%s, .data..percpu and 36 KiB each", facts->cpus, facts->cpus > 1 ? "s" : "");
}

static void add_initrd(const struct facts *facts, struct kd_estimate *estimate)
{
	const struct contents *initrd = &facts->initrd;

	if (!facts->request->initrd_path)
		return;
	add(estimate, "initramfs, as stored", initrd->stored_bytes, initrd->stored_bytes, 0,
	    "%s: its size", facts->request->initrd_path);
	add(estimate, "initramfs, unpacked", 0, initrd->unpacked_bytes, initrd->unpacked_bytes,
	    "its files in pages, 1 KiB for each entry");
	if (initrd->has_module_list)
		add(estimate, "modules", 0, 0, initrd->module_bytes, "their files in it");
}

/* What lies in the reservation besides kernel and initramfs, and is kept free there. */
static void add_parts(const struct facts *facts, struct kd_estimate *estimate)
{
	uint64_t backup = facts->backs_up ? KD_LOW_MEMORY_BYTES : 0;

	add(estimate, "core header, parameters, purgatory", PARTS_BYTES, PARTS_BYTES, PARTS_BYTES,
	    "at most");
	if (backup)
		add(estimate, "copy of the first 640 KiB", backup, backup, backup,
		    "kdump load --backup");
	add(estimate, "room for the jump", JUMP_BYTES, 0, 0, "the running kernel's page tables");
}

static void add_kernel_tables(const struct facts *facts, struct kd_estimate *estimate)
{
	const struct kd_kernel_memory *kernel = &facts->kernel;
	uint64_t roots = facts->five_levels ? ROOTS_5_LEVEL_BYTES : ROOTS_4_LEVEL_BYTES;
	uint64_t tables = (kernel->code_bytes + kernel->rodata_bytes) / 1000 * TABLES_PER_1000;
	uint64_t further = (facts->cpus - 1) * CPU_BYTES;

	add(estimate, "table of memory sections", 0, roots, roots, "%d-level page tables",
	    facts->five_levels ? 5 : 4);
	add(estimate, "early tables", 0, EARLY_BYTES, EARLY_BYTES,
	    "measured: node data, page tables, hash tables");
	add(estimate, "slabs, stacks, kernel tables", 0, tables, tables,
	    "measured: %d.%d %% of %llu KiB of code and read-only data", TABLES_PER_1000 / 10,
	    TABLES_PER_1000 % 10,
	    (unsigned long long)(kernel->code_bytes + kernel->rodata_bytes) / KIB);
	add(estimate, "compiled packet filters", 0, JIT_PACK_BYTES, JIT_PACK_BYTES,
	    "one large page (kernel/bpf/core.c)");
	if (further)
		add(estimate, "further CPUs", 0, further, further, "1 MiB each");
	if (facts->confidential)
		add(estimate, "swiotlb", 0, SWIOTLB_BYTES, SWIOTLB_BYTES,
		    "encrypted memory: devices see copies");
}

static void add_capture(const struct facts *facts, struct kd_estimate *estimate)
{
	add(estimate, "saving pipeline", 0, 0, facts->pipeline_bytes,
	    "its own bound: %s, %u thread%s", facts->codec, facts->cpus,
	    facts->cpus > 1 ? "s" : "");
	add(estimate, "capture processes", 0, 0, PROCESSES_BYTES, "measured");
	add(estimate, "devices, file system", 0, 0, DEVICES_BYTES, "measured");
}

/* Both depend on how much all the rest is. */
static void add_rest(const struct facts *facts, struct kd_estimate *estimate)
{
	uint64_t largest = 0, pages, free_kib, reserve;
	unsigned int sections;

	for (int i = 0; i < KD_MOMENTS; i++)
		if (estimate->sums[i] > largest)
			largest = estimate->sums[i];
	sections = count_sections(&facts->reservation, largest + PAGE_BLOCK_BYTES);
	pages = sections * SECTION_PAGES;
	add(estimate, "struct pages", 0, pages, pages,
	    "2 MiB for each 128 MiB section that has memory: %u of them", sections);
	/* calculate_min_free_kbytes(), mm/page_alloc.c */
	free_kib = (largest > facts->kernel.resident_bytes ? largest - facts->kernel.resident_bytes
							   : largest) /
		   KIB;
	reserve = square_root(free_kib * 16) * KIB + PAGE_BLOCK_BYTES;
	add(estimate, "kept free by the kernel", 0, reserve, reserve,
	    "its lowest watermark, and one page block");
}

static void conclude(struct kd_estimate *estimate)
{
	for (int i = 0; i < KD_MOMENTS; i++)
		if (estimate->sums[i] > estimate->sums[estimate->decides])
			estimate->decides = (enum kd_moment)i;
	estimate->need_bytes = estimate->sums[estimate->decides];
	estimate->margin_bytes = estimate->need_bytes / MARGIN_SHARE;
	if (estimate->margin_bytes < MARGIN_LEAST_BYTES)
		estimate->margin_bytes = MARGIN_LEAST_BYTES;
	estimate->recommend_bytes = kd_round_up(estimate->need_bytes + estimate->margin_bytes, MIB);
}

enum kd_status kd_estimate_reservation(const struct kd_load_request *request,
				       const struct kd_config *config, struct kd_estimate *estimate,
				       struct kd_err *err)
{
	struct facts facts = {.request = request, .cpus = request->cpus ? request->cpus : 1};
	struct kd_estimate made = {0};
	enum kd_status status = gather(&facts, config, err);

	if (status)
		return status;
	add_kernel(&facts, &made);
	add_kernel_tables(&facts, &made);
	add_initrd(&facts, &made);
	add_parts(&facts, &made);
	add_capture(&facts, &made);
	add_rest(&facts, &made);
	conclude(&made);
	made.exact_kernel = facts.kernel.exact;
	*estimate = made;
	return KD_OK;
}
