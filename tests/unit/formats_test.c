/* SPDX-License-Identifier: GPL-2.0-or-later */
/* src/dump on what other programs wrote: old and 32-bit headers, split sets, bare memory, QEMU's cores. */
#include "test.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "arch/arch.h"
#include "dump/dump.h"
#include "dump_fixture.h"
#include "kdump_fixture.h"
#include "kernel/info_search.h"
#include "kernel/kernel.h"
#include "kernel/registers.h"

/* A file in memory, and the path that opens it. */
struct file {
	int fd;
	char path[64];
	size_t bytes;
};

static void make_file(struct file *file, const void *data, size_t bytes)
{
	file->fd = memfd_create("dump", MFD_CLOEXEC);
	file->bytes = bytes;
	snprintf(file->path, sizeof(file->path), "/proc/self/fd/%d", file->fd);
	assert_int_equal(pwrite(file->fd, data, bytes, 0), bytes);
}

static void make_dump(struct file *file, const struct kdump_spec *spec)
{
	uint8_t *bytes = malloc(KDUMP_MOST_BYTES);

	make_file(file, bytes, kdump_make(spec, bytes));
	free(bytes);
}

static enum kd_status read_page(struct kd_dump *dump, uint64_t pfn, uint64_t *word,
				struct kd_err *err)
{
	return kd_dump_read(dump, pfn * KDUMP_BLOCK + 8, word, sizeof(*word), err);
}

/* Every page of a whole dump gives what it should. */
static void check_pages(struct kd_dump *dump, const struct kdump_spec *spec)
{
	uint64_t bits[1];

	for (uint64_t pfn = 0; pfn < KDUMP_PAGES + 2; pfn++) {
		bool is_ram = pfn >= KDUMP_FIRST_RAM && pfn < KDUMP_END_RAM;
		uint64_t word = 0;
		enum kd_status status = read_page(dump, pfn, &word, NULL);

		if (kdump_has_page(spec, pfn)) {
			assert_int_equal(status, KD_OK);
			assert_int_equal(word, pfn);
		} else {
			assert_int_equal(status, is_ram ? KD_EXCLUDED : KD_HOLE);
		}
	}
	assert_int_equal(kd_reader_present(kd_dump_reader(dump), 0, 64, bits, NULL), KD_OK);
	for (uint64_t pfn = 0; pfn < KDUMP_PAGES; pfn++)
		assert_int_equal(bits[0] >> pfn & 1, kdump_has_page(spec, pfn));
}

static void reads_every_header(void **state)
{
	for (int version = 1; version <= 6; version++)
		for (int narrow = 0; narrow < 2; narrow++) {
			const struct kdump_spec spec = {
				.is_32_bit = narrow,
				.version = version,
				.erased = "erased that\n",
			};
			const struct kd_dump_facts *facts;
			struct kd_dump *dump;
			struct file file;
			size_t bytes, count;

			make_dump(&file, &spec);
			assert_int_equal(kd_dump_open(file.path, NULL, &dump, NULL), KD_OK);
			facts = kd_dump_facts(dump);
			assert_string_equal(kd_dump_format(dump), "kdump");
			assert_string_equal(kd_dump_arch(dump)->name, narrow ? "i686" : "x86_64");
			assert_int_equal(facts->level, 31);
			assert_int_equal(facts->ram_pages, KDUMP_END_RAM - KDUMP_FIRST_RAM);
			assert_int_equal(facts->saved_pages, 32);
			assert_int_equal(facts->erased_bytes, version >= 5 ? 12 : 0);
			assert_int_equal(!!kd_dump_vmcoreinfo(dump, &bytes), version >= 3);
			kd_dump_notes(dump, &count);
			assert_int_equal(count, version >= 4);
			check_pages(dump, &spec);
			assert_true(kd_dump_has_file(dump, file.path));
			if (version >= 3) {
				struct kd_kernel *kernel;

				assert_int_equal(kd_kernel_open(dump, &kernel, NULL), KD_OK);
				assert_string_equal(kd_kernel_release(kernel), "6.1");
				assert_null(kd_kernel_space(kernel));
				kd_kernel_close(kernel);
			}
			kd_dump_close(dump);
			close(file.fd);
		}
}

/* What tells the two layouts apart are the fields, not the machine: a 64-bit program may save an i386 dump. */
static void tells_layout_by_fields(void **state)
{
	const struct kdump_spec spec = {.machine = "i686"};
	struct kd_dump *dump;
	struct file file;

	make_dump(&file, &spec);
	assert_int_equal(kd_dump_open(file.path, NULL, &dump, NULL), KD_OK);
	assert_string_equal(kd_dump_arch(dump)->name, "i686");
	check_pages(dump, &spec);
	kd_dump_close(dump);
	close(file.fd);
}

static void reads_diskdump(void **state)
{
	for (int narrow = 0; narrow < 2; narrow++)
		for (int one = 0; one < 2; one++) {
			const struct kdump_spec spec = {
				.is_32_bit = narrow,
				.is_diskdump = true,
				.one_bitmap = one,
				.status = 8, /* compressed */
			};
			struct kd_dump *dump;
			struct file file;

			make_dump(&file, &spec);
			assert_int_equal(kd_dump_open(file.path, NULL, &dump, NULL), KD_OK);
			assert_string_equal(kd_dump_format(dump), "diskdump");
			assert_string_equal(kd_dump_facts(dump)->nodename, "made-up");
			assert_int_equal(strlen(kd_dump_facts(dump)->release), 65);
			assert_int_equal(kd_dump_facts(dump)->release[64], '?');
			assert_int_equal(kd_dump_facts(dump)->time_s, 1700000000);
			assert_int_equal(kd_dump_facts(dump)->level, -1);
			assert_false(kd_dump_facts(dump)->incomplete);
			assert_int_equal(kd_dump_facts(dump)->codec_flags, 1);
			check_pages(dump, &spec);
			kd_dump_close(dump);
			close(file.fd);
		}
}

/* Sizes, counts and offsets that make no sense, in headers of both layouts. */
static void refuses_absurd_headers(void **state)
{
	static const struct {
		bool is_32_bit;
		size_t offset; /* from the layouts in makedumpfile's diskdump_mod.h */
		uint32_t value;
		enum kd_status status;
	} cases[] = {
		{true, 8, 7, KD_UNSUPPORTED}, /* header_version */
		{true, 8, 0, KD_UNSUPPORTED},
		{true, 420, 0, KD_CORRUPT}, /* sub_hdr_size */
		{true, 420, 0x7fffffff, KD_TRUNCATED},
		{true, 424, 0xffffffff, KD_TRUNCATED}, /* bitmap_blocks */
		{true, 424, 0, KD_CORRUPT},
		{true, 4096 + 72, 8 * 4096 + 1, KD_CORRUPT},   /* max_mapnr_64 */
		{true, 4096 + 76, 1, KD_CORRUPT},              /* its upper half */
		{true, 4096 + 28, 0xffffffff, KD_UNSUPPORTED}, /* size_vmcoreinfo */
		{true, 4096 + 40, 0xffffffff, KD_UNSUPPORTED}, /* size_note */
		{true, 4096 + 36, 0x7fffffff, KD_TRUNCATED},   /* upper half of offset_note */
		{false, 432, 0, KD_CORRUPT},
		{false, 436, 0xffffffff, KD_TRUNCATED},
		{false, 4096 + 100, 1, KD_CORRUPT},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const struct kdump_spec spec = {.is_32_bit = cases[i].is_32_bit};
		struct kd_dump *dump = NULL;
		struct kd_err err = {0};
		struct file file;

		make_dump(&file, &spec);
		pwrite(file.fd, &cases[i].value, 4, (off_t)cases[i].offset);
		if (kd_dump_open(file.path, NULL, &dump, &err) != cases[i].status)
			fail_msg("case %zu: %s", i, err.text);
		assert_true(strlen(err.text) > strlen(file.path));
		close(file.fd);
	}
}

/* Cut at any place: refused, or its lack is known. */
static void no_cut_goes_unnoticed(void **state)
{
	const struct kdump_spec spec = {.is_32_bit = true};
	struct file file;

	make_dump(&file, &spec);
	for (size_t size = file.bytes; size > 64; size -= 61) {
		struct kd_dump *dump;

		assert_int_equal(ftruncate(file.fd, (off_t)size - 1), 0);
		if (kd_dump_open(file.path, NULL, &dump, NULL))
			continue;
		assert_true(kd_dump_missing_bytes(dump) > 0);
		kd_dump_close(dump);
	}
	close(file.fd);
}

/* The set of three files that the tests of sets have: the second one without pages. */
static const struct kdump_spec members[] = {
	{.split = true, .start_pfn = 0, .end_pfn = 20, .erased = "erased one\n"},
	{.split = true, .start_pfn = 20, .end_pfn = 20},
	{.split = true, .start_pfn = 20, .end_pfn = KDUMP_PAGES, .erased = "erased two\n"},
};

enum { MEMBERS = sizeof(members) / sizeof(*members) };

static void reads_sets_in_any_order(void **state)
{
	static const int orders[][MEMBERS] = {{0, 1, 2}, {2, 1, 0}, {1, 2, 0}};

	for (int narrow = 0; narrow < 2; narrow++)
		for (int version = 2; version <= 6; version++)
			for (size_t order = 0; order < MEMBERS; order++) {
				const char *paths[MEMBERS];
				struct file files[MEMBERS];
				struct kd_dump *dump;
				struct kd_err err;

				for (size_t i = 0; i < MEMBERS; i++) {
					struct kdump_spec spec = members[orders[order][i]];

					spec.version = version;
					spec.is_32_bit = narrow;
					make_dump(&files[i], &spec);
					paths[i] = files[i].path;
				}
				if (kd_dump_open_set(paths, MEMBERS, NULL, &dump, &err))
					fail_msg("%s", err.text);
				check_pages(dump, &members[0]);
				assert_int_equal(kd_dump_facts(dump)->files, MEMBERS);
				assert_int_equal(kd_dump_facts(dump)->saved_pages, 32);
				assert_int_equal(kd_dump_facts(dump)->erased_bytes,
						 version >= 5 ? 22 : 0);
				assert_int_equal(kd_dump_missing_bytes(dump), 0);
				assert_null(kd_dump_facts(dump)->absent);
				for (size_t i = 0; i < MEMBERS; i++)
					assert_true(kd_dump_has_file(dump, files[i].path));
				assert_false(kd_dump_has_file(dump, "/proc/self/exe"));
				assert_false(kd_dump_has_file(dump, "/nowhere"));
				kd_dump_close(dump);
				for (size_t i = 0; i < MEMBERS; i++)
					close(files[i].fd);
			}
}

/* What is missing has a name; what was left out, or no RAM, is not missed. */
static void names_what_a_set_lacks(void **state)
{
	struct kd_err err = {0};
	const char *path;
	struct kd_dump *dump;
	struct file file;
	uint64_t word;

	make_dump(&file, &members[2]);
	path = file.path;
	assert_int_equal(kd_dump_open_set(&path, 1, NULL, &dump, NULL), KD_OK);
	assert_string_equal(kd_dump_facts(dump)->absent, "pages 0x0 to 0x13");
	assert_int_equal(kd_dump_facts(dump)->absent_pages, 8);
	assert_int_equal(kd_dump_facts(dump)->saved_pages, 24);
	assert_int_equal(read_page(dump, 19, &word, &err), KD_TRUNCATED);
	assert_non_null(strstr(err.text, "pages 0x0 to 0x13 is missing"));
	assert_int_equal(read_page(dump, 18, &word, NULL), KD_EXCLUDED);
	assert_int_equal(read_page(dump, 2, &word, NULL), KD_HOLE);
	assert_int_equal(read_page(dump, 20, &word, NULL), KD_OK);
	kd_dump_close(dump);
	close(file.fd);

	make_dump(&file, &members[1]); /* alone it has nothing */
	assert_int_equal(kd_dump_open_set(&path, 1, NULL, &dump, NULL), KD_OK);
	assert_string_equal(kd_dump_facts(dump)->absent, "pages 0x0 to 0x3f");
	assert_int_equal(kd_dump_facts(dump)->absent_pages, 32);
	assert_int_equal(read_page(dump, 20, &word, NULL), KD_TRUNCATED);
	kd_dump_close(dump);
	close(file.fd);
}

static enum kd_status open_pair(const struct kdump_spec *first, const struct kdump_spec *second,
				struct kd_err *err)
{
	struct kd_dump *dump = NULL;
	struct file files[2];
	enum kd_status status;

	make_dump(&files[0], first);
	make_dump(&files[1], second);
	status = kd_dump_open_set((const char *const[]){files[0].path, files[1].path}, 2, NULL,
				  &dump, err);
	kd_dump_close(dump);
	close(files[0].fd);
	close(files[1].fd);
	return status;
}

static void refuses_what_is_no_set(void **state)
{
	const struct kdump_spec first = members[0];
	struct kdump_spec second = members[2];
	struct kd_dump *dump = NULL;
	struct kd_err err;

	assert_int_equal(kd_dump_open_set(NULL, 0, NULL, &dump, &err), KD_INVALID);
	assert_int_equal(open_pair(&first, &second, &err), KD_OK);
	assert_int_equal(open_pair(&first, &first, &err), KD_CORRUPT);
	assert_non_null(strstr(err.text, "both have page"));
	second.start_pfn = 19;
	assert_int_equal(open_pair(&first, &second, &err), KD_CORRUPT);
	second.start_pfn = 21; /* an honest gap, but page 20 is not saved there: 20 % 3 is 2 */
	assert_int_equal(open_pair(&first, &second, &err), KD_OK);
	second.end_pfn = 20;
	assert_int_equal(open_pair(&first, &second, &err), KD_CORRUPT);
	assert_int_equal(open_pair(&second, &first, &err), KD_CORRUPT);
	second.start_pfn = 20;
	second.end_pfn = KDUMP_PAGES + 1;
	assert_int_equal(open_pair(&first, &second, &err), KD_CORRUPT);
	second.end_pfn = UINT32_MAX;
	assert_int_equal(open_pair(&first, &second, &err), KD_CORRUPT);
	second = members[2];
	second.split = false;
	assert_int_equal(open_pair(&first, &second, &err), KD_UNSUPPORTED);
	assert_int_equal(open_pair(&second, &first, &err), KD_UNSUPPORTED);
	second = members[2];
	second.version = 5;
	assert_int_equal(open_pair(&first, &second, &err), KD_UNSUPPORTED);
	second.version = 6;
	second.is_32_bit = true;
	assert_int_equal(open_pair(&first, &second, &err), KD_UNSUPPORTED);
	second = members[2];
	second.note = 9; /* another crash of the same machine */
	assert_int_equal(open_pair(&first, &second, &err), KD_UNSUPPORTED);
	assert_non_null(strstr(err.text, "not of the same dump"));
}

/* Any member cut anywhere: never taken for whole. */
static void no_cut_of_a_member_goes_unnoticed(void **state)
{
	struct file files[2];

	for (int cut = 0; cut < 2; cut++) {
		make_dump(&files[0], &members[0]);
		make_dump(&files[1], &members[2]);
		for (size_t size = files[cut].bytes; size > 64; size -= 61) {
			struct kd_dump *dump;

			assert_int_equal(ftruncate(files[cut].fd, (off_t)size - 1), 0);
			if (kd_dump_open_set((const char *const[]){files[0].path, files[1].path}, 2,
					     NULL, &dump, NULL))
				continue;
			assert_true(kd_dump_missing_bytes(dump) > 0);
			kd_dump_close(dump);
		}
		close(files[0].fd);
		close(files[1].fd);
	}
}

static void write_file(const char *folder, const char *name, const struct kdump_spec *spec)
{
	uint8_t *bytes = malloc(KDUMP_MOST_BYTES);
	size_t size = kdump_make(spec, bytes);
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, size, file), size);
	fclose(file);
	free(bytes);
}

/* The others of a set are the files beside it whose names differ in one number, and that are of it. */
static void finds_the_others(void **state)
{
	static const char *const names[][MEMBERS] = {
		{"vmcore.1", "vmcore.2", "vmcore.10"},
		{"dump_0.x86_64", "dump_1.x86_64", "dump_02.x86_64"},
		{"1", "2", "3"},
	};
	static const char *const strangers[] = {"vmcore.1.old", "vmcore", "vmcore.", "other.2",
						"dump_.x86_64"};
	struct kdump_spec other = members[2];

	other.note = 9;
	for (size_t set = 0; set < sizeof(names) / sizeof(*names); set++) {
		char folder[] = "/tmp/kdump-set-XXXXXX", path[128];

		assert_non_null(mkdtemp(folder));
		for (size_t i = 0; i < MEMBERS; i++)
			write_file(folder, names[set][i], &members[i]);
		for (size_t i = 0; i < sizeof(strangers) / sizeof(*strangers); i++)
			write_file(folder, strangers[i], &members[0]);
		write_file(folder, "vmcore.3", &other);
		write_file(folder, "dump_7.x86_64", &other);
		snprintf(path, sizeof(path), "%s/4", folder); /* like the others, but no file */
		assert_int_equal(symlink(folder, path), 0);
		for (size_t i = 0; i < MEMBERS; i++) {
			struct kd_dump *dump;

			snprintf(path, sizeof(path), "%s/%s", folder, names[set][i]);
			assert_int_equal(kd_dump_open(path, NULL, &dump, NULL), KD_OK);
			assert_int_equal(kd_dump_facts(dump)->files, MEMBERS);
			assert_null(kd_dump_facts(dump)->absent);
			check_pages(dump, &members[0]);
			kd_dump_close(dump);
		}
		snprintf(path, sizeof(path), "rm -r %s", folder);
		assert_int_equal(system(path), 0);
	}
}

/* The file is memory, whatever it starts with; and only for one who asks. */
static void reads_bare_memory(void **state)
{
	static const char *const starts[] = {"nothing known", "\177ELF", "KDUMP   ",
					     "makedumpfile"};
	const struct kd_dump_options options = {.raw = true, .raw_base = UINT64_C(0x100000000)};

	for (size_t i = 0; i < sizeof(starts) / sizeof(*starts); i++) {
		uint8_t bytes[3 * 4096 + 100] = {0};
		const struct kd_segment *segments;
		struct kd_dump *dump = NULL;
		struct kd_err err;
		struct file file;
		uint64_t bits[1];
		char text[16];
		size_t count;

		strcpy((char *)bytes, starts[i]);
		memcpy(bytes + 4094, "crosses", 8);
		memcpy(bytes + sizeof(bytes) - 4, "end", 4);
		make_file(&file, bytes, sizeof(bytes));
		assert_int_not_equal(kd_dump_open(file.path, NULL, &dump, &err), KD_OK);
		assert_int_equal(kd_dump_open(file.path, &options, &dump, &err), KD_OK);
		assert_string_equal(kd_dump_format(dump), "raw");
		assert_string_equal(kd_dump_arch(dump)->name, "x86_64");
		segments = kd_dump_segments(dump, &count);
		assert_int_equal(count, 1);
		assert_int_equal(segments->paddr, options.raw_base);
		assert_int_equal(segments->memory_bytes, sizeof(bytes));
		assert_int_equal(kd_dump_read(dump, options.raw_base, text, 4, &err), KD_OK);
		assert_memory_equal(text, starts[i], 4);
		assert_int_equal(kd_dump_read(dump, options.raw_base + 4094, text, 8, &err), KD_OK);
		assert_string_equal(text, "crosses");
		assert_int_equal(
			kd_dump_read(dump, options.raw_base + sizeof(bytes) - 4, text, 4, NULL),
			KD_OK);
		assert_string_equal(text, "end");
		assert_int_equal(
			kd_dump_read(dump, options.raw_base + sizeof(bytes) - 4, text, 5, NULL),
			KD_HOLE);
		assert_int_equal(kd_dump_read(dump, 0, text, 1, NULL), KD_HOLE);
		assert_int_equal(kd_dump_read(dump, options.raw_base - 1, text, 1, NULL), KD_HOLE);
		assert_int_equal(kd_reader_present(kd_dump_reader(dump), options.raw_base / 4096,
						   64, bits, NULL),
				 KD_OK);
		assert_int_equal(bits[0], 0xf);
		assert_int_equal(ftruncate(file.fd, 4096), 0);
		kd_dump_close(dump);
		close(file.fd);
	}
}

static void refuses_absurd_bases(void **state)
{
	struct kd_dump_options options = {.raw = true, .raw_base = 0x800};
	struct kd_dump *dump = NULL;
	struct file file;

	make_file(&file, "memory", 6);
	assert_int_equal(kd_dump_open(file.path, &options, &dump, NULL), KD_INVALID);
	options.raw_base = UINT64_MAX - 4095;
	assert_int_equal(kd_dump_open(file.path, &options, &dump, NULL), KD_OK);
	kd_dump_close(dump);
	assert_int_equal(ftruncate(file.fd, 4097), 0);
	assert_int_equal(kd_dump_open(file.path, &options, &dump, NULL), KD_INVALID);
	options = (struct kd_dump_options){.raw = true, .raw_arch = "pdp11"};
	assert_int_equal(kd_dump_open(file.path, &options, &dump, NULL), KD_UNSUPPORTED);
	options.raw_arch = "i686";
	assert_int_equal(kd_dump_open(file.path, &options, &dump, NULL), KD_OK);
	assert_string_equal(kd_dump_arch(dump)->name, "i686");
	kd_dump_close(dump);
	assert_int_equal(ftruncate(file.fd, 0), 0);
	assert_int_equal(kd_dump_open(file.path, &options, &dump, NULL), KD_TRUNCATED);
	close(file.fd);
}

/* Notes as QEMU writes them: NT_PRSTATUS of each CPU, then all its registers, then what the guest gave. */
static void add_qemu_notes(struct fixture *fixture, unsigned int cpus)
{
	uint8_t state[440] = {1, 0, 0, 0, 440 & 0xff, 440 >> 8};
	uint8_t status[144] = {0};

	for (uint32_t cpu = 1; cpu <= cpus; cpu++) {
		if (!fixture->is_32_bit) {
			fixture_cpu(fixture, cpu, 0x1000 + cpu, 0x2000);
			continue;
		}
		memcpy(status + 24, &cpu, sizeof(cpu));
		status[72 + 12 * 4] = (uint8_t)cpu;
		fixture_note(fixture, "CORE", 1, status, sizeof(status));
	}
	for (uint32_t cpu = 1; cpu <= cpus; cpu++)
		fixture_note(fixture, "QEMU", 0, state, sizeof(state));
}

static void check_qemu_notes(struct kd_dump *dump, unsigned int cpus, bool with_info)
{
	size_t count, bytes;
	const struct kd_note *notes = kd_dump_notes(dump, &count);

	assert_int_equal(count, 2 * cpus + with_info);
	for (unsigned int cpu = 0; cpu < cpus; cpu++) {
		struct kd_cpu_registers registers;

		assert_string_equal(notes[cpu].name, "CORE");
		assert_string_equal(notes[cpus + cpu].name, "QEMU");
		assert_int_equal(notes[cpus + cpu].type, 0);
		assert_int_equal(notes[cpus + cpu].desc_bytes, 440);
		assert_int_equal(kd_registers_get(dump, cpu, &registers, NULL), KD_OK);
		assert_int_equal(registers.pid, cpu + 1);
		assert_int_equal(kd_register_value(&registers, registers.arch->program_counter) &
					 0xff,
				 cpu + 1);
	}
	assert_int_equal(kd_registers_count(dump), cpus); /* QEMU's own are no more CPUs */
	assert_int_equal(!!kd_dump_vmcoreinfo(dump, &bytes), with_info);
}

/* Without paging there are the blocks of RAM, whose virtual addresses are 0 or the physical ones. */
static void reads_qemu_without_paging(void **state)
{
	for (int i = 0; i < 8; i++) {
		bool with_info = i & 1, identity = i & 2;
		const struct kd_segment *segments;
		struct fixture fixture;
		struct kd_dump *dump;
		char text[8] = "";
		size_t count;

		fixture_init(&fixture, 0);
		fixture.is_32_bit = i & 4;
		fixture_memory(&fixture, 0, 0xa0000, 0xa0000);
		fixture_memory(&fixture, 0xc0000, 0x40000, 0x40000);
		fixture_poke(&fixture, 0xc1234, "memory", 7);
		for (size_t at = 0; at < 2; at++)
			fixture.segments[at].vaddr = identity ? fixture.segments[at].paddr : 0;
		add_qemu_notes(&fixture, 2);
		if (with_info)
			fixture_info(&fixture, "OSRELEASE=6.1");
		fixture_build(&fixture);
		assert_int_equal(kd_dump_open(fixture.path, NULL, &dump, NULL), KD_OK);
		assert_string_equal(kd_dump_arch(dump)->name,
				    fixture.is_32_bit ? "i686" : "x86_64");
		check_qemu_notes(dump, 2, with_info);
		segments = kd_dump_segments(dump, &count);
		assert_int_equal(count, 2);
		assert_int_equal(segments[0].vaddr, 0);
		assert_int_equal(segments[1].vaddr, 0);
		assert_int_equal(kd_dump_read(dump, 0xc1234, text, 7, NULL), KD_OK);
		assert_string_equal(text, "memory");
		assert_int_equal(kd_dump_read(dump, 0xa0000, text, 1, NULL), KD_HOLE);
		kd_dump_close(dump);
		fixture_deinit(&fixture);
	}
}

/*
 * With paging there are mappings: of the same memory several, and those that reach past a block of RAM have all
 * their length, and the block in the file. What another one has of the rest is not lost by that.
 */
static void reads_qemu_with_paging(void **state)
{
	static const struct {
		uint64_t paddr, memory_bytes, file_bytes;
	} maps[] = {
		{0x0, 0x200000, 0xa0000}, /* a large page over the hole */
		{0xc0000, 0x10000, 0x10000},
		{0xc8000, 0x10000, 0x10000}, /* overlaps the one before */
		{0x100000, 0x80000, 0x40000},
		{0x300000, 0x1000, 0}, /* not stored: offset -1 */
		{0x0, 0x1000, 0x1000},
	};
	static const struct {
		uint64_t paddr;
		enum kd_status status;
		uint8_t byte; /* 1 and the number of the map */
	} probes[] = {
		{0x0, KD_OK, 1},
		{0x9ffff, KD_OK, 1},
		{0xa0000, KD_EXCLUDED, 0},
		{0xbffff, KD_EXCLUDED, 0},
		{0xc0000, KD_OK, 2},
		{0xcffff, KD_OK, 2},
		{0xd0000, KD_OK, 3},
		{0xd7fff, KD_OK, 3},
		{0xd8000, KD_EXCLUDED, 0},
		{0xfffff, KD_EXCLUDED, 0},
		{0x100000, KD_OK, 4},
		{0x13ffff, KD_OK, 4},
		{0x140000, KD_EXCLUDED, 0},
		{0x1fffff, KD_EXCLUDED, 0},
		{0x200000, KD_HOLE, 0},
		{0x300000, KD_EXCLUDED, 0},
		{0x301000, KD_HOLE, 0},
	};
	struct fixture fixture;
	struct kd_dump *dump;
	uint64_t end = 0;
	const struct kd_segment *segments;
	size_t count;

	fixture_init(&fixture, 0);
	for (size_t i = 0; i < sizeof(maps) / sizeof(*maps); i++) {
		fixture_memory(&fixture, maps[i].paddr, maps[i].memory_bytes, maps[i].file_bytes);
		memset(fixture.segments[i].data, (int)i + 1, maps[i].memory_bytes);
		fixture.segments[i].vaddr += i * 0x40000000;
	}
	add_qemu_notes(&fixture, 1);
	fixture_build(&fixture);
	assert_int_equal(kd_dump_open(fixture.path, NULL, &dump, NULL), KD_OK);
	check_qemu_notes(dump, 1, false);
	for (size_t i = 0; i < sizeof(probes) / sizeof(*probes); i++) {
		uint8_t byte = 0;

		assert_int_equal(kd_dump_read(dump, probes[i].paddr, &byte, 1, NULL),
				 probes[i].status);
		assert_int_equal(byte, probes[i].byte);
	}
	segments = kd_dump_segments(dump, &count);
	for (size_t i = 0; i < count; i++) {
		assert_true(segments[i].memory_bytes > 0 && segments[i].paddr >= end);
		end = segments[i].paddr + segments[i].memory_bytes;
	}
	assert_int_equal(kd_dump_facts(dump)->ram_pages, 0x201);
	assert_int_equal(kd_dump_facts(dump)->saved_pages, 0xa0 + 0x18 + 0x40);
	kd_dump_aliases(dump, &count);
	assert_true(count > 0);
	kd_dump_close(dump);
	fixture_deinit(&fixture);
}

/* Every byte of the headers of a 32-bit core changed, and the core cut: refused or read, never past its end. */
static void no_damaged_elf32_harms(void **state)
{
	static const uint8_t flips[] = {0x01, 0x80, 0xff};
	struct fixture fixture;
	unsigned int refused = 0;

	fixture_init(&fixture, 0);
	fixture.is_32_bit = true;
	fixture_memory(&fixture, 0x1000, 0x1000, 0x1000);
	fixture_memory(&fixture, 0x1800, 0x2000, 0x800);
	fixture_memory(&fixture, 0x2000, 0x1000, 0x1000);
	add_qemu_notes(&fixture, 1);
	fixture_build(&fixture);
	for (size_t at = 0; at < fixture.file_bytes - 0x2800; at++)
		for (size_t i = 0; i < sizeof(flips); i++) {
			uint8_t good = fixture_peek(&fixture, at), bad = good ^ flips[i], page[64];
			struct kd_dump *dump;

			fixture_patch(&fixture, at, &bad, 1);
			if (kd_dump_open(fixture.path, NULL, &dump, NULL)) {
				refused++;
			} else {
				for (uint64_t paddr = 0; paddr < 0x5000; paddr += 0x400)
					kd_dump_read(dump, paddr, page, sizeof(page), NULL);
				kd_dump_close(dump);
			}
			fixture_patch(&fixture, at, &good, 1);
		}
	assert_true(refused > 50);
	for (size_t size = fixture.file_bytes; size-- > 0;) {
		struct kd_dump *dump;

		assert_int_equal(ftruncate(fixture.fd, (off_t)size), 0);
		if (kd_dump_open(fixture.path, NULL, &dump, NULL))
			continue;
		assert_true(kd_dump_missing_bytes(dump) > 0);
		kd_dump_close(dump);
	}
	fixture_deinit(&fixture);
}

/* The page with VMCOREINFO in it is found in what was taken from outside of a machine, and where the note is lost. */
static void finds_vmcoreinfo_in_memory(void **state)
{
	static const char text[] = "OSRELEASE=6.1.0-test\nPAGESIZE=4096\nNUMBER(phys_base)=0\n";

	for (int kind = 0; kind < 3; kind++) { /* raw, QEMU, neither */
		const struct kd_dump_options options = {.raw = kind == 0, .raw_base = 0x40000000};
		struct kd_kernel *kernel = NULL;
		struct fixture fixture;
		struct kd_dump *dump;
		struct kd_err err;
		struct file file;
		const char *found;
		size_t bytes;

		fixture_init(&fixture, 0);
		fixture_memory(&fixture, 0x1000, 0x400000, 0x400000);
		/* some that are not it: not at a page, another text, no text */
		fixture_poke(&fixture, 0x2010, text, sizeof(text));
		fixture_poke(&fixture, 0x3000, "OSRELEASE=5.0\n", 14);
		fixture_poke(&fixture, 0x4000, "OSRELEASE=5.0\nPAGESIZE=\377\n", 25);
		fixture_poke(&fixture, 0x345000, text, sizeof(text));
		if (kind == 1)
			add_qemu_notes(&fixture, 1);
		else
			fixture_cpu(&fixture, 1, 2, 3);
		fixture_build(&fixture);
		make_file(&file, fixture.segments[0].data, 0x400000);
		assert_int_equal(
			kd_dump_open(kind ? fixture.path : file.path, &options, &dump, NULL),
			KD_OK);
		assert_int_equal(kd_dump_is_from_outside(dump), kind != 2);
		assert_int_equal(kd_kernel_open(dump, &kernel, &err), KD_OK);
		assert_string_equal(kd_kernel_release(kernel), "6.1.0-test");
		found = kd_kernel_vmcoreinfo_text(kernel, &bytes);
		assert_int_equal(bytes, sizeof(text) - 1);
		assert_string_equal(found, text);
		kd_kernel_close(kernel);
		kd_dump_close(dump);
		if (kind == 0) { /* past the page, and cut within it */
			assert_int_equal(ftruncate(file.fd, (off_t)(0x345000 - 0x1000 + 4095)), 0);
			assert_int_equal(kd_dump_open(file.path, &options, &dump, NULL), KD_OK);
			assert_int_equal(kd_kernel_open(dump, &kernel, &err), KD_NOTFOUND);
			kd_dump_close(dump);
		}
		close(file.fd);
		fixture_deinit(&fixture);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_every_header),
		cmocka_unit_test(tells_layout_by_fields),
		cmocka_unit_test(reads_diskdump),
		cmocka_unit_test(refuses_absurd_headers),
		cmocka_unit_test(no_cut_goes_unnoticed),
		cmocka_unit_test(reads_sets_in_any_order),
		cmocka_unit_test(names_what_a_set_lacks),
		cmocka_unit_test(refuses_what_is_no_set),
		cmocka_unit_test(no_cut_of_a_member_goes_unnoticed),
		cmocka_unit_test(finds_the_others),
		cmocka_unit_test(reads_bare_memory),
		cmocka_unit_test(refuses_absurd_bases),
		cmocka_unit_test(reads_qemu_without_paging),
		cmocka_unit_test(reads_qemu_with_paging),
		cmocka_unit_test(no_damaged_elf32_harms),
		cmocka_unit_test(finds_vmcoreinfo_in_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
