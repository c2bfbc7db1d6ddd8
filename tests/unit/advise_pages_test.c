/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Live pages by their flags, and the size of a dump: kpageflags and kcore of a made-up machine. */
#include "test.h"

#include <elf.h>
#include <fcntl.h>

#include "load_machine.h"

#include "advise/dump_size.h"
#include "advise/live_pages.h"

enum { RAM_PAGES = 0x40000, FIRST_PFN = 0x100, PAGE = 4096 };

#define LRU     (UINT64_C(1) << 5)
#define SLAB    (UINT64_C(1) << 7)
#define BUDDY   (UINT64_C(1) << 10)
#define ANON    (UINT64_C(1) << 12)
#define SWAP    (UINT64_C(1) << 13)
#define HEAD    (UINT64_C(1) << 15)
#define TAIL    (UINT64_C(1) << 16)
#define HUGE    (UINT64_C(1) << 17)
#define POISON  (UINT64_C(1) << 19)
#define NOPAGE  (UINT64_C(1) << 20)
#define OFFLINE (UINT64_C(1) << 23)
#define PRIVATE (UINT64_C(1) << 35)

static struct machine machine;

static int setup(void **state)
{
	machine_make(&machine);
	machine.paths.dev = "/nonexistent";
	return 0;
}

static int teardown(void **state)
{
	machine_destroy(&machine);
	return 0;
}

static void test_kinds(void **state)
{
	static const struct {
		uint64_t flags;
		enum kd_page_kind head, kind;
	} cases[] = {
		{0, KD_PAGE_ABSENT, KD_PAGE_KERNEL},
		{NOPAGE, KD_PAGE_ABSENT, KD_PAGE_ABSENT},
		{POISON | LRU, KD_PAGE_ABSENT, KD_PAGE_POISONED},
		{SLAB | LRU | ANON, KD_PAGE_ABSENT, KD_PAGE_KERNEL},
		{BUDDY, KD_PAGE_ABSENT, KD_PAGE_FREE},
		{LRU, KD_PAGE_ABSENT, KD_PAGE_CACHE},
		{LRU | PRIVATE, KD_PAGE_ABSENT, KD_PAGE_CACHE_PRIVATE},
		{LRU | ANON, KD_PAGE_ABSENT, KD_PAGE_USER},
		{SWAP, KD_PAGE_ABSENT, KD_PAGE_CACHE},
		{SWAP | ANON, KD_PAGE_ABSENT, KD_PAGE_USER},
		{HUGE | HEAD, KD_PAGE_ABSENT, KD_PAGE_HUGE},
		{OFFLINE, KD_PAGE_ABSENT, KD_PAGE_OFFLINE},
		/* a tail is what its head is, unless that was not seen */
		{TAIL, KD_PAGE_CACHE, KD_PAGE_CACHE},
		{TAIL | ANON, KD_PAGE_USER, KD_PAGE_USER},
		{TAIL | ANON, KD_PAGE_ABSENT, KD_PAGE_USER},
		{TAIL | POISON, KD_PAGE_USER, KD_PAGE_POISONED},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_int_equal(kd_live_kind(cases[i].flags, cases[i].head), cases[i].kind);
}

static FILE *create(const char *name, off_t bytes)
{
	char path[PATH_MAX];
	FILE *file;

	machine_put(&machine, name, "");
	kd_path(path, machine.root, "%s", name);
	assert_int_equal(truncate(path, bytes), 0);
	file = fopen(path, "r+");
	assert_non_null(file);
	return file;
}

static void put_flags(FILE *file, uint64_t pfn, uint64_t count, uint64_t flags)
{
	assert_int_equal(fseeko(file, (off_t)(pfn * 8), SEEK_SET), 0);
	for (uint64_t i = 0; i < count; i++)
		assert_int_equal(fwrite(&flags, 8, 1, file), 1);
}

/* 1000 pages of the kernel, a compound page of the cache of 512, 1000 pages of processes; the rest is free. */
static void put_kpageflags(void)
{
	FILE *file = create("proc/kpageflags", RAM_PAGES * 8);

	put_flags(file, 0, RAM_PAGES, BUDDY);
	put_flags(file, FIRST_PFN, 1000, 0);
	put_flags(file, 0x2000, 1, LRU | HEAD);
	put_flags(file, 0x2001, 511, TAIL);
	put_flags(file, 0x3000, 1000, ANON | LRU);
	fclose(file);
}

struct shown {
	uint64_t counts[KD_PAGE_KINDS];
};

static void count(void *opaque, uint64_t pfn, unsigned int pages, const uint8_t *kinds)
{
	struct shown *shown = opaque;

	for (unsigned int i = 0; i < pages; i++)
		shown->counts[kinds[i]]++;
}

static void test_walk(void **state)
{
	struct kd_memory_map ram = {0};
	struct shown all = {{0}}, some = {{0}};
	uint64_t seen, total;

	put_kpageflags();
	assert_int_equal(kd_memory_map_add(&ram, 0, UINT64_C(4096) * RAM_PAGES, KD_E820_RAM, NULL),
			 KD_OK);
	assert_int_equal(
		kd_live_pages(&machine.paths, &ram, RAM_PAGES, count, &all, &seen, &total, NULL),
		KD_OK);
	assert_int_equal(seen, RAM_PAGES);
	assert_int_equal(total, RAM_PAGES);
	assert_int_equal(all.counts[KD_PAGE_KERNEL], 1000);
	assert_int_equal(all.counts[KD_PAGE_CACHE], 512);
	assert_int_equal(all.counts[KD_PAGE_USER], 1000);
	assert_int_equal(all.counts[KD_PAGE_FREE], RAM_PAGES - 2512);
	/* only every other chunk */
	assert_int_equal(kd_live_pages(&machine.paths, &ram, RAM_PAGES / 2, count, &some, &seen,
				       &total, NULL),
			 KD_OK);
	assert_int_equal(seen, RAM_PAGES / 2);
	assert_int_equal(total, RAM_PAGES);
	/* memory that the file does not tell of (it was added since) is not shown */
	assert_int_equal(
		kd_memory_map_add(&ram, UINT64_C(4096) * RAM_PAGES, 1 << 20, KD_E820_RAM, NULL),
		KD_OK);
	memset(&all, 0, sizeof(all));
	assert_int_equal(kd_live_pages(&machine.paths, &ram, UINT64_MAX / 2, count, &all, &seen,
				       &total, NULL),
			 KD_OK);
	assert_int_equal(all.counts[KD_PAGE_FREE], RAM_PAGES - 2512);
	machine_drop(&machine, "proc/kpageflags");
	assert_int_equal(kd_live_pages(&machine.paths, &ram, 1, count, &all, &seen, &total, NULL),
			 KD_NOTFOUND);
	kd_memory_map_deinit(&ram);
}

/* All of memory; every other page of the kernel has noise, the pages of processes have a pattern. */
static void put_kcore(void)
{
	const Elf64_Phdr load = {
		.p_type = PT_LOAD,
		.p_offset = PAGE,
		.p_vaddr = UINT64_C(0xffff888000000000),
		.p_paddr = 0,
		.p_filesz = UINT64_C(4096) * RAM_PAGES,
		.p_memsz = UINT64_C(4096) * RAM_PAGES,
	};
	const Elf64_Ehdr header = {
		.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
		.e_type = ET_CORE,
		.e_machine = EM_X86_64,
		.e_version = EV_CURRENT,
		.e_phoff = sizeof(Elf64_Ehdr),
		.e_ehsize = sizeof(Elf64_Ehdr),
		.e_phentsize = sizeof(Elf64_Phdr),
		.e_phnum = 1,
	};
	FILE *file = create("proc/kcore", (off_t)PAGE * (RAM_PAGES + 1));
	uint32_t noise[PAGE / 4], random = 1;

	assert_int_equal(fwrite(&header, sizeof(header), 1, file), 1);
	assert_int_equal(fwrite(&load, sizeof(load), 1, file), 1);
	for (int i = 0; i < 1000; i += 2) {
		for (size_t word = 0; word < PAGE / 4; word++)
			noise[word] = random = random * 1664525 + 1013904223;
		fseeko(file, (off_t)PAGE * (FIRST_PFN + i + 1), SEEK_SET);
		assert_int_equal(fwrite(noise, PAGE, 1, file), 1);
	}
	memset(noise, 0x5a, sizeof(noise));
	for (int i = 0; i < 1000; i++) {
		fseeko(file, (off_t)PAGE * (0x3000 + i + 1), SEEK_SET);
		assert_int_equal(fwrite(noise, PAGE, 1, file), 1);
	}
	fclose(file);
}

static void measure(const char *codec, struct kd_dump_size *size)
{
	struct kd_config config;

	assert_int_equal(kd_config_init(&config, NULL), KD_OK);
	if (!strcmp(codec, "elf"))
		assert_int_equal(kd_config_set(&config, "dump", "format", "elf", NULL), KD_OK);
	else
		assert_int_equal(kd_config_set(&config, "dump", "compress", codec, NULL), KD_OK);
	assert_int_equal(kd_dump_size_measure(&machine.paths, &config, NULL, size, NULL), KD_OK);
	kd_config_deinit(&config);
}

static void test_sizes(void **state)
{
	static const char *const codecs[] = {"zstd", "lzo", "zlib"};
	const uint64_t overhead = (64 << 10) + 2 * 32768 + 2 * PAGE;
	struct kd_dump_size size;
	struct kd_level_size at;

	put_kpageflags();
	/* without contents: none is zero, all are half their size */
	measure("zstd", &size);
	assert_false(size.sampled);
	assert_non_null(strstr(size.why_not, "kcore"));
	at = kd_dump_size_at(&size, 31);
	assert_int_equal(at.pages, 1000);
	assert_int_equal(at.disk_bytes, overhead + 1000 * (2048 + 24));

	put_kcore();
	for (size_t i = 0; i < sizeof(codecs) / sizeof(*codecs); i++) {
		measure(codecs[i], &size);
		assert_true(size.sampled);
		assert_int_equal(size.kinds[KD_PAGE_KERNEL].read, 1000);
		/* noise does not get smaller; the other half is zero */
		at = kd_dump_size_at(&size, 31);
		assert_int_equal(at.pages, 500);
		assert_int_equal(at.disk_bytes, overhead + 500 * (PAGE + 24));
		assert_true(at.seconds > 0);
		/* zero pages that are kept are described, and all lie in one place */
		at = kd_dump_size_at(&size, 30);
		assert_int_equal(at.zero_pages, 500);
		assert_int_equal(at.disk_bytes, overhead + 500 * (PAGE + 24) + 500 * 24);
		/* a pattern gets much smaller */
		at = kd_dump_size_at(&size, 31 - 8);
		assert_int_equal(at.pages, 1500);
		assert_in_range(at.disk_bytes, overhead + 500 * (PAGE + 24) + 1000 * 24,
				overhead + 500 * (PAGE + 24) + 1000 * (24 + 256));
	}
	measure("elf", &size);
	at = kd_dump_size_at(&size, 31);
	assert_int_equal(at.disk_bytes, (64 << 10) + 500 * PAGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kinds),
		cmocka_unit_test_setup_teardown(test_walk, setup, teardown),
		cmocka_unit_test_setup_teardown(test_sizes, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
