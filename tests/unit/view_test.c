/* SPDX-License-Identifier: GPL-2.0-or-later */
/* src/view: the tree of a dump, its memory in every form, by several threads, and of damaged dumps. */
#include "test.h"

#include <elf.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "codec/codec.h"
#include "host/file.h"
#include "save/save.h"
#include "tasks_fixture.h"
#include "view/texts.h"
#include "view/view.h"

enum {
	PAGE = 4096,
	RAM = 0x1000000,
	RAM_BYTES = 2 << 20,
	LOW = 0x100000,
	LOW_BYTES = 0x9c00,
	TABLES_END = FIXTURE_TABLES + FIXTURE_TABLES_BYTES,
	THREADS = 4,
	PIECES = 300,
};

struct world {
	struct fixture fixture;
	char folder[64], path[96], core[96];
	struct kd_dump *dump;
	struct kd_kernel *kernel;
	struct kd_view *view;
};

/* How many more allocations of ours succeed (linked with --wrap); all of them while nothing counts. */
static unsigned int allocations_left;
static bool allocations_count;

void *__real_malloc(size_t bytes);
void *__real_calloc(size_t count, size_t bytes);
void *__real_realloc(void *data, size_t bytes);
void *__wrap_malloc(size_t bytes);
void *__wrap_calloc(size_t count, size_t bytes);
void *__wrap_realloc(void *data, size_t bytes);

static bool may_allocate(void)
{
	if (!allocations_count)
		return true;
	if (!allocations_left)
		return false;
	allocations_left--;
	return true;
}

void *__wrap_malloc(size_t bytes)
{
	return may_allocate() ? __real_malloc(bytes) : NULL;
}

void *__wrap_calloc(size_t count, size_t bytes)
{
	return may_allocate() ? __real_calloc(count, bytes) : NULL;
}

void *__wrap_realloc(void *data, size_t bytes)
{
	return may_allocate() ? __real_realloc(data, bytes) : NULL;
}

static uint64_t next_random(uint64_t *random)
{
	*random ^= *random << 13;
	*random ^= *random >> 7;
	*random ^= *random << 17;
	return *random;
}

/* Of three pages one is noise, one zero, and one a number. */
static void fill(struct fixture *fixture)
{
	uint64_t random = 42, page[PAGE / 8];

	for (unsigned int i = 0; i < RAM_BYTES / PAGE; i++) {
		for (unsigned int word = 0; word < PAGE / 8; word++)
			page[word] = i % 3 == 0 ? next_random(&random) : i % 3 == 1 ? 0 : i;
		fixture_poke(fixture, RAM + i * PAGE, page, sizeof(page));
	}
	fixture_poke_number(fixture, LOW, 0x1122334455667788, 8);
}

static int set_up(void **state)
{
	struct world *world = calloc(1, sizeof(*world));

	fixture_init(&world->fixture, 5);
	fixture_info(&world->fixture, "OSRELEASE=6.1.0-test");
	fixture_memory(&world->fixture, RAM, RAM_BYTES, RAM_BYTES);
	/* ends within a page, and a part of it was left out */
	fixture_memory(&world->fixture, LOW, LOW_BYTES, LOW_BYTES - PAGE);
	fill(&world->fixture);
	fixture_cpu(&world->fixture, 7, 0x1234, 0x5678);
	fixture_build(&world->fixture);
	snprintf(world->folder, sizeof(world->folder), "/tmp/kdump-view-XXXXXX");
	assert_non_null(mkdtemp(world->folder));
	snprintf(world->path, sizeof(world->path), "%s/saved", world->folder);
	snprintf(world->core, sizeof(world->core), "%s/core", world->folder);
	*state = world;
	return 0;
}

static void open_view(struct world *world, const char *path, const struct kd_view_options *options)
{
	assert_int_equal(kd_dump_open(path, NULL, &world->dump, NULL), KD_OK);
	assert_int_equal(kd_kernel_open(world->dump, &world->kernel, NULL), KD_OK);
	assert_int_equal(kd_view_open(world->dump, world->kernel, options, &world->view, NULL),
			 KD_OK);
}

static void close_view(struct world *world)
{
	kd_view_close(world->view);
	kd_kernel_close(world->kernel);
	kd_dump_close(world->dump);
	world->view = NULL;
	world->kernel = NULL;
	world->dump = NULL;
}

static int tear_down(void **state)
{
	struct world *world = *state;

	close_view(world);
	unlink(world->path);
	unlink(world->core);
	rmdir(world->folder);
	fixture_deinit(&world->fixture);
	free(world);
	return 0;
}

/* Saves a dump as it is, zero pages and all. */
static void save(const char *from, const char *to, enum kd_save_format format,
		 const struct kd_codec *codec, bool flattened)
{
	struct kd_save_options options = {
		.format = format,
		.codec = codec,
		.codec_level = codec ? codec->default_level : 0,
		.exclude_count = 1,
		.workers = 2,
	};
	struct kd_save_result result;
	struct kd_kernel *kernel;
	struct kd_dump *dump;
	struct kd_sink sink;

	assert_int_equal(kd_dump_open(from, NULL, &dump, NULL), KD_OK);
	if (kd_kernel_open(dump, &kernel, NULL))
		kernel = NULL;
	unlink(to);
	assert_int_equal(kd_sink_open_file(&sink, to, NULL), KD_OK);
	if (flattened)
		assert_int_equal(kd_sink_flatten(&sink, NULL), KD_OK);
	assert_int_equal(kd_save(dump, kernel, &sink, &options, &result, NULL), KD_OK);
	kd_sink_close(&sink);
	kd_kernel_close(kernel);
	kd_dump_close(dump);
}

/* An ELF core of so many pages of zeros, each the same bytes of the file, with nothing between them. */
static void make_wide_core(const char *path, unsigned int count)
{
	const struct {
		Elf64_Ehdr elf;
		Elf64_Shdr section;
	} head = {
		.elf =
			{
				.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64,
					    ELFDATA2LSB, EV_CURRENT},
				.e_type = ET_CORE,
				.e_machine = EM_X86_64,
				.e_version = EV_CURRENT,
				.e_phoff = sizeof(head),
				.e_shoff = sizeof(Elf64_Ehdr),
				.e_shentsize = sizeof(Elf64_Shdr),
				.e_shnum = 1,
				.e_ehsize = sizeof(Elf64_Ehdr),
				.e_phentsize = sizeof(Elf64_Phdr),
				.e_phnum = PN_XNUM,
			},
		.section = {.sh_info = count},
	};
	const off_t data = (off_t)(sizeof(head) + count * sizeof(Elf64_Phdr));
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(&head, sizeof(head), 1, file), 1);
	for (unsigned int i = 0; i < count; i++) {
		const Elf64_Phdr load = {
			.p_type = PT_LOAD,
			.p_offset = (uint64_t)data,
			.p_paddr = UINT64_C(2) * PAGE * i,
			.p_filesz = PAGE,
			.p_memsz = PAGE,
		};

		assert_int_equal(fwrite(&load, sizeof(load), 1, file), 1);
	}
	assert_int_equal(fflush(file), 0);
	assert_int_equal(ftruncate(fileno(file), data + PAGE), 0);
	fclose(file);
}

static struct kd_view_file *open_file(struct world *world, const char *name)
{
	struct kd_view_file *file = NULL;
	kd_node node = 0;

	assert_int_equal(kd_view_lookup(world->view, KD_NODE_ROOT, name, &node, NULL), KD_OK);
	assert_int_equal(kd_view_open_file(world->view, node, &file, NULL), KD_OK);
	return file;
}

static uint64_t size_of(struct world *world, const char *name)
{
	struct kd_view_stat stat;
	kd_node node = 0;

	assert_int_equal(kd_view_lookup(world->view, KD_NODE_ROOT, name, &node, NULL), KD_OK);
	assert_int_equal(kd_view_stat(world->view, node, &stat, NULL), KD_OK);
	assert_false(stat.folder);
	return stat.bytes;
}

/* The file as a whole, and in pieces from anywhere. */
static void assert_content(struct world *world, const char *name, const void *data, size_t bytes)
{
	struct kd_view_file *file = open_file(world, name);
	KD_CLEANUP_FREE uint8_t *read = malloc(bytes + 1);
	uint64_t random = 7;
	size_t got = 0;

	assert_int_equal(size_of(world, name), bytes);
	assert_int_equal(kd_view_read(file, 0, read, bytes + 1, &got, NULL), KD_OK);
	assert_int_equal(got, bytes);
	assert_memory_equal(read, data, bytes);
	for (int i = 0; i < PIECES; i++) {
		size_t at = next_random(&random) % bytes;
		size_t want = next_random(&random) % (3 * PAGE);
		size_t left = bytes - at < want ? bytes - at : want;

		assert_int_equal(kd_view_read(file, at, read, want, &got, NULL), KD_OK);
		assert_int_equal(got, left);
		assert_memory_equal(read, (const uint8_t *)data + at, left);
	}
	assert_int_equal(kd_view_read(file, bytes, read, 1, &got, NULL), KD_OK);
	assert_int_equal(got, 0);
	kd_view_close_file(file);
}

static void assert_same_as_file(struct world *world, const char *name, const char *path)
{
	KD_CLEANUP_FREE char *data = NULL;
	size_t bytes;

	assert_int_equal(kd_file_read(path, 1 << 28, &data, &bytes, NULL), KD_OK);
	assert_content(world, name, data, bytes);
}

static void test_vmcore_of_a_core(void **state)
{
	static const struct kd_view_options options = {.cache_bytes = 0};
	struct world *world = *state;

	open_view(world, world->fixture.path, &options);
	assert_same_as_file(world, "vmcore", world->fixture.path);
}

static void test_vmcore_of_a_flattened_core(void **state)
{
	static const struct kd_view_options options = {.cache_bytes = 0};
	struct world *world = *state;

	save(world->fixture.path, world->core, KD_SAVE_ELF, NULL, false);
	save(world->fixture.path, world->path, KD_SAVE_ELF, NULL, true);
	open_view(world, world->path, &options);
	assert_true(kd_dump_facts(world->dump)->flattened);
	assert_same_as_file(world, "vmcore", world->core);
}

static void test_vmcore_of_compressed(void **state)
{
	static const struct kd_codec *const codecs[] = {&kd_codec_zstd, &kd_codec_zlib,
							&kd_codec_none};
	static const struct kd_view_options options = {.cache_bytes = 0};
	struct world *world = *state;

	for (size_t i = 0; i < 2 * sizeof(codecs) / sizeof(*codecs); i++) {
		save(world->fixture.path, world->path, KD_SAVE_KDUMP, codecs[i / 2], i % 2);
		save(world->path, world->core, KD_SAVE_ELF, NULL, false);
		open_view(world, world->path, &options);
		assert_same_as_file(world, "vmcore", world->core);
		close_view(world);
	}
}

static void test_oldmem(void **state)
{
	static const struct kd_view_options options = {.cache_bytes = 0};
	static const uint8_t zeros[3 * PAGE];
	struct world *world = *state;
	const struct fixture_segment *ram = &world->fixture.segments[1];
	uint8_t data[3 * PAGE];
	struct kd_view_file *file;
	size_t got;

	open_view(world, world->fixture.path, &options);
	assert_int_equal(size_of(world, "oldmem"), RAM + RAM_BYTES);
	file = open_file(world, "oldmem");
	assert_int_equal(kd_view_read(file, 0, data, sizeof(data), &got, NULL), KD_OK);
	assert_memory_equal(data, zeros, sizeof(data));
	/* from a hole into RAM, and out of the end of the file */
	assert_int_equal(kd_view_read(file, RAM - 100, data, sizeof(data), &got, NULL), KD_OK);
	assert_memory_equal(data, zeros, 100);
	assert_memory_equal(data + 100, ram->data, sizeof(data) - 100);
	assert_int_equal(kd_view_read(file, RAM + RAM_BYTES - 10, data, PAGE, &got, NULL), KD_OK);
	assert_int_equal(got, 10);
	/* what was left out is no zeros; behind it there is no RAM */
	assert_int_equal(kd_view_read(file, LOW, data, 8, &got, NULL), KD_OK);
	assert_int_equal(data[0], 0x88);
	assert_int_equal(kd_view_read(file, LOW + LOW_BYTES - PAGE - 8, data, 8, &got, NULL),
			 KD_OK);
	assert_int_equal(kd_view_read(file, LOW + LOW_BYTES - PAGE - 8, data, 9, &got, NULL),
			 KD_EXCLUDED);
	assert_int_equal(kd_view_read(file, LOW + LOW_BYTES - 1, data, 1, &got, NULL), KD_EXCLUDED);
	assert_int_equal(kd_view_read(file, LOW + LOW_BYTES, data, PAGE, &got, NULL), KD_OK);
	assert_memory_equal(data, zeros, PAGE);
	kd_view_close_file(file);
}

static void test_oldmem_with_zeros(void **state)
{
	static const struct kd_view_options options = {.excluded_is_zero = true};
	static const uint8_t zeros[2 * PAGE];
	struct world *world = *state;
	uint8_t data[2 * PAGE];
	struct kd_view_file *file;
	size_t got;

	open_view(world, world->fixture.path, &options);
	file = open_file(world, "oldmem");
	assert_int_equal(kd_view_read(file, LOW + LOW_BYTES - PAGE, data, sizeof(data), &got, NULL),
			 KD_OK);
	assert_int_equal(got, sizeof(data));
	assert_memory_equal(data, zeros, sizeof(data));
	kd_view_close_file(file);
}

static void test_seek(void **state)
{
	enum { NONE = -1 };
	static const struct {
		uint64_t offset;
		bool hole;
		int64_t found[2]; /* with excluded pages as errors, and as zeros */
	} cases[] = {
		{0, false, {FIXTURE_TABLES, FIXTURE_TABLES}},
		{0, true, {0, 0}},
		{FIXTURE_TABLES, false, {FIXTURE_TABLES, FIXTURE_TABLES}},
		{FIXTURE_TABLES + 5, false, {FIXTURE_TABLES + 5, FIXTURE_TABLES + 5}},
		{FIXTURE_TABLES + 5, true, {TABLES_END, TABLES_END}},
		{TABLES_END, false, {LOW, LOW}},
		/* the page of which a part was left out is data */
		{LOW, true, {LOW + LOW_BYTES, LOW + 0x9000}},
		{LOW + 0x9000, false, {LOW + 0x9000, RAM}},
		{LOW + 0x9c00, false, {RAM, RAM}},
		{RAM, true, {RAM + RAM_BYTES, RAM + RAM_BYTES}},
		{RAM + RAM_BYTES - 1, false, {RAM + RAM_BYTES - 1, RAM + RAM_BYTES - 1}},
		{RAM + RAM_BYTES, false, {NONE, NONE}},
		{RAM + RAM_BYTES, true, {NONE, NONE}},
		{UINT64_MAX, false, {NONE, NONE}},
	};
	struct world *world = *state;

	for (int zeros = 0; zeros < 2; zeros++) {
		const struct kd_view_options options = {.excluded_is_zero = zeros};
		struct kd_view_file *file;

		open_view(world, world->fixture.path, &options);
		file = open_file(world, "oldmem");
		for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
			uint64_t found = 0;
			enum kd_status status =
				kd_view_seek(file, cases[i].offset, cases[i].hole, &found, NULL);

			assert_int_equal(status,
					 cases[i].found[zeros] == NONE ? KD_NOTFOUND : KD_OK);
			if (!status)
				assert_int_equal(found, cases[i].found[zeros]);
		}
		kd_view_close_file(file);
		/* a file that is all data */
		file = open_file(world, "vmcore");
		assert_int_equal(kd_view_seek(file, 3, false, &(uint64_t){0}, NULL), KD_OK);
		kd_view_close_file(file);
		close_view(world);
	}
}

/* More runs of pages than an ELF header counts: a page in two of RAM that is zeros. */
static void test_many_runs(void **state)
{
	enum { RUNS = 70000, HEAD = 5 << 20 };
	static const struct kd_view_options options = {.cache_bytes = 0};
	struct world *world = *state;
	KD_CLEANUP_FREE uint8_t *ours = malloc(HEAD), *theirs = malloc(HEAD);
	struct kd_view_file *file;
	struct stat st;
	size_t got;
	int fd;

	make_wide_core(world->core, RUNS);
	save(world->core, world->path, KD_SAVE_KDUMP, &kd_codec_zstd, false);
	save(world->path, world->core, KD_SAVE_ELF, NULL, false);
	assert_int_equal(kd_dump_open(world->path, NULL, &world->dump, NULL), KD_OK);
	assert_int_equal(kd_view_open(world->dump, NULL, &options, &world->view, NULL), KD_OK);
	fd = open(world->core, O_RDONLY);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(size_of(world, "vmcore"), st.st_size);
	assert_true(st.st_size > (off_t)RUNS * PAGE);
	file = open_file(world, "vmcore");
	assert_int_equal(pread(fd, theirs, HEAD, 0), HEAD);
	assert_int_equal(kd_view_read(file, 0, ours, HEAD, &got, NULL), KD_OK);
	assert_int_equal(got, HEAD);
	assert_memory_equal(ours, theirs, HEAD);
	kd_view_close_file(file);
	close(fd);
}

struct racer {
	pthread_t thread;
	struct world *world;
	unsigned int number, wrong;
};

/* Reads pieces of both, and compares them with the fixture. */
static void *race(void *argument)
{
	struct racer *racer = argument;
	const uint8_t *ram = racer->world->fixture.segments[1].data;
	uint64_t random = 1000 + racer->number;
	uint8_t data[2 * PAGE];
	kd_node node;

	for (int i = 0; i < PIECES; i++) {
		struct kd_view_file *file;
		uint64_t at = next_random(&random) % (RAM_BYTES - sizeof(data));
		size_t got = 0;

		racer->wrong += kd_view_lookup(racer->world->view, KD_NODE_ROOT,
					       i % 8 ? "oldmem" : "vmcoreinfo", &node, NULL) ||
				kd_view_open_file(racer->world->view, node, &file, NULL);
		if (racer->wrong)
			return NULL;
		if (i % 8)
			racer->wrong +=
				kd_view_read(file, RAM + at, data, sizeof(data), &got, NULL) ||
				got != sizeof(data) || memcmp(data, ram + at, got);
		else
			racer->wrong += kd_view_read(file, 0, data, 9, &got, NULL) ||
					memcmp(data, "SYMBOL(in", 9);
		kd_view_close_file(file);
	}
	return NULL;
}

static void test_threads(void **state)
{
	/* too small for any text to stay */
	static const struct kd_view_options options = {.cache_bytes = 1};
	struct racer racers[THREADS];
	struct world *world = *state;

	save(world->fixture.path, world->path, KD_SAVE_KDUMP, &kd_codec_zstd, false);
	open_view(world, world->path, &options);
	for (unsigned int i = 0; i < THREADS; i++) {
		racers[i] = (struct racer){.world = world, .number = i};
		assert_int_equal(pthread_create(&racers[i].thread, NULL, race, &racers[i]), 0);
	}
	for (unsigned int i = 0; i < THREADS; i++) {
		pthread_join(racers[i].thread, NULL);
		assert_int_equal(racers[i].wrong, 0);
	}
}

struct names {
	char text[512];
	unsigned int count;
};

static bool add_name(void *opaque, const char *name, kd_node node, bool folder)
{
	struct names *names = opaque;

	strcat(strcat(names->text, name), folder ? "/ " : " ");
	names->count++;
	return true;
}

static void test_names(void **state)
{
	static const struct kd_view_options options = {.cache_bytes = 0};
	static const kd_node nonsense[] = {
		0, 200, 255, 1 + (1 << 8), UINT64_MAX, UINT64_C(1) << 63};
	struct world *world = *state;
	struct names names = {.count = 0};
	struct kd_view_file *file;
	struct kd_view_stat stat;
	kd_node node = 0;

	open_view(world, world->fixture.path, &options);
	assert_int_equal(kd_view_list(world->view, KD_NODE_ROOT, add_name, &names, NULL), KD_OK);
	assert_string_equal(names.text, "cpu/ task/ module/ vmcore vmcore-kern oldmem dmesg "
					"report.txt report.json vmcoreinfo ");
	assert_int_equal(kd_view_stat(world->view, KD_NODE_ROOT, &stat, NULL), KD_OK);
	assert_true(stat.folder);
	assert_int_equal(kd_view_lookup(world->view, KD_NODE_ROOT, "nobody", &node, NULL),
			 KD_NOTFOUND);
	assert_int_equal(kd_view_lookup(world->view, KD_NODE_ROOT, "", &node, NULL), KD_NOTFOUND);
	for (size_t i = 0; i < sizeof(nonsense) / sizeof(*nonsense); i++) {
		assert_int_equal(kd_view_stat(world->view, nonsense[i], &stat, NULL), KD_NOTFOUND);
		assert_int_equal(kd_view_open_file(world->view, nonsense[i], &file, NULL),
				 KD_NOTFOUND);
	}
	assert_int_equal(kd_view_open_file(world->view, KD_NODE_ROOT, &file, NULL), KD_INVALID);
	/* it has no symbols: what needs them cannot be had, and says so */
	assert_int_equal(kd_view_lookup(world->view, KD_NODE_ROOT, "task", &node, NULL), KD_OK);
	assert_int_equal(kd_view_list(world->view, node, add_name, &names, NULL), KD_NOTFOUND);
	assert_int_equal(kd_view_lookup(world->view, node, "1", &node, NULL), KD_NOTFOUND);
	assert_int_equal(kd_view_lookup(world->view, KD_NODE_ROOT, "vmcore", &node, NULL), KD_OK);
	assert_int_equal(kd_view_list(world->view, node, add_name, &names, NULL), KD_INVALID);
}

static void test_a_dump_of_nobody(void **state)
{
	static const struct kd_view_options options = {.cache_bytes = 0};
	struct names names = {.count = 0};
	struct fixture fixture;
	struct kd_view *view;
	struct kd_dump *dump;
	kd_node node;

	fixture_init(&fixture, 0);
	fixture_memory(&fixture, RAM, PAGE, PAGE);
	fixture_build(&fixture);
	assert_int_equal(kd_dump_open(fixture.path, NULL, &dump, NULL), KD_OK);
	assert_int_equal(kd_view_open(dump, NULL, &options, &view, NULL), KD_OK);
	assert_int_equal(kd_view_list(view, KD_NODE_ROOT, add_name, &names, NULL), KD_OK);
	assert_string_equal(names.text, "vmcore oldmem ");
	assert_int_equal(kd_view_lookup(view, KD_NODE_ROOT, "dmesg", &node, NULL), KD_NOTFOUND);
	for (node = 0; node < 1 << 10; node++)
		kd_view_stat(view, node, &(struct kd_view_stat){false}, NULL);
	kd_view_close(view);
	kd_dump_close(dump);
	fixture_deinit(&fixture);
}

static bool read_all(void *opaque, const char *name, kd_node node, bool folder)
{
	struct kd_view *view = opaque;
	struct kd_view_file *file;
	uint8_t data[3 * PAGE];
	struct kd_view_stat stat = {.folder = false};

	kd_view_stat(view, node, &stat, NULL);
	if (folder)
		return true;
	if (kd_view_open_file(view, node, &file, NULL))
		return true;
	for (uint64_t at = 0, step = stat.bytes / 50 + 1; at < stat.bytes; at += step) {
		uint64_t found;
		size_t got;

		kd_view_read(file, at, data, sizeof(data), &got, NULL);
		kd_view_seek(file, at, at & 1, &found, NULL);
	}
	kd_view_close_file(file);
	return true;
}

/* Whatever is in the file: answers or errors. */
static void test_damage(void **state)
{
	static const struct kd_view_options options = {.cache_bytes = 0};
	struct world *world = *state;
	KD_CLEANUP_FREE char *whole = NULL;
	uint64_t random = 99;
	size_t bytes;

	save(world->fixture.path, world->core, KD_SAVE_KDUMP, &kd_codec_zstd, false);
	assert_int_equal(kd_file_read(world->core, 1 << 28, &whole, &bytes, NULL), KD_OK);
	for (int round = 0; round < 60; round++) {
		KD_CLEANUP_FREE char *copy = malloc(bytes);
		size_t kept = round % 4 ? bytes : next_random(&random) % bytes;
		struct kd_kernel *kernel = NULL;
		struct kd_view *view;
		struct kd_dump *dump;

		memcpy(copy, whole, bytes);
		for (int i = 0; i < 8; i++) /* most of them where structures are */
			copy[next_random(&random) % (i < 6 ? 3 * PAGE : bytes)] =
				(char)next_random(&random);
		assert_int_equal(kd_file_replace(world->path, copy, kept, 0600, NULL), KD_OK);
		if (kd_dump_open(world->path, NULL, &dump, NULL))
			continue;
		if (kd_kernel_open(dump, &kernel, NULL))
			kernel = NULL;
		assert_int_equal(kd_view_open(dump, kernel, &options, &view, NULL), KD_OK);
		kd_view_list(view, KD_NODE_ROOT, read_all, view, NULL);
		kd_view_close(view);
		kd_kernel_close(kernel);
		kd_dump_close(dump);
	}
}

/* A file or folder in the tree, by its path. */
static kd_node find(struct kd_view *view, const char *path)
{
	kd_node node = KD_NODE_ROOT;
	char copy[64], *rest = NULL;

	snprintf(copy, sizeof(copy), "%s", path);
	for (char *name = strtok_r(copy, "/", &rest); name; name = strtok_r(NULL, "/", &rest))
		assert_int_equal(kd_view_lookup(view, node, name, &node, NULL), KD_OK);
	return node;
}

/* What is there, not mapped, left out of the dump, and mapped to what was no RAM, are told apart. */
static void test_task_memory(void **state)
{
	enum { NONE = -1, MISSING = 0x1000, EXCLUDED = 0x2000, HOLE = 0x3000 };
	static const struct {
		uint64_t from;
		bool hole;
		int64_t found[2]; /* with excluded pages as errors, and as zeros */
	} seeks[] = {
		{0, true, {USER_VADDR + MISSING, USER_VADDR + MISSING}},
		{MISSING, false, {NONE, USER_VADDR + EXCLUDED}},
		{EXCLUDED, true, {USER_VADDR + EXCLUDED, USER_VADDR + HOLE}},
		{HOLE, true, {USER_VADDR + HOLE, USER_VADDR + HOLE}},
		{HOLE, false, {NONE, NONE}},
	};
	struct machine machine;

	tasks_fixture_init(&machine.fixture);
	open_machine(&machine);
	for (int zeros = 0; zeros < 2; zeros++) {
		const struct kd_view_options options = {.excluded_is_zero = zeros};
		struct kd_view_file *file;
		struct kd_view *view;
		char data[16] = "";
		size_t got;

		assert_int_equal(kd_view_open(machine.dump, machine.kernel, &options, &view, NULL),
				 KD_OK);
		assert_int_equal(kd_view_open_file(view, find(view, "task/1/mem"), &file, NULL),
				 KD_OK);
		assert_int_equal(kd_view_read(file, USER_VADDR, data, 10, &got, NULL), KD_OK);
		assert_string_equal(data, "user $pace");
		assert_int_equal(kd_view_read(file, USER_VADDR + MISSING, data, 1, &got, NULL),
				 KD_FAULT);
		assert_int_equal(kd_view_read(file, USER_VADDR + EXCLUDED, data, 1, &got, NULL),
				 zeros ? KD_OK : KD_EXCLUDED);
		assert_int_equal(kd_view_read(file, USER_VADDR + HOLE, data, 1, &got, NULL),
				 KD_HOLE);
		for (size_t i = 0; i < sizeof(seeks) / sizeof(*seeks); i++) {
			uint64_t found = 0;
			enum kd_status status = kd_view_seek(file, USER_VADDR + seeks[i].from,
							     seeks[i].hole, &found, NULL);

			assert_int_equal(status,
					 seeks[i].found[zeros] == NONE ? KD_NOTFOUND : KD_OK);
			if (!status)
				assert_int_equal(found, seeks[i].found[zeros]);
		}
		kd_view_close_file(file);
		kd_view_close(view);
	}
	close_machine(&machine);
}

/* Without memory the folders cannot be had; with it again they are whole. */
static void test_memory_comes_back(void **state)
{
	static const struct kd_view_options options = {.cache_bytes = 0};
	unsigned int failures = 0;
	struct machine machine;
	bool whole = false;

	tasks_fixture_init(&machine.fixture);
	open_machine(&machine);
	for (unsigned int left = 0; !whole; left++) {
		struct names names = {.count = 0};
		enum kd_status status;
		struct kd_view *view;
		kd_node node;

		assert_int_equal(kd_view_open(machine.dump, machine.kernel, &options, &view, NULL),
				 KD_OK);
		node = find(view, "task");
		allocations_left = left;
		allocations_count = true;
		status = kd_view_list(view, node, add_name, &names, NULL);
		allocations_count = false;
		whole = !status;
		failures += !whole;
		if (!whole) {
			assert_int_equal(status, KD_NOMEM);
			assert_int_equal(kd_view_list(view, node, add_name, &names, NULL), KD_OK);
		}
		assert_string_equal(names.text, "1/ 9/ 75/ ");
		kd_view_close(view);
	}
	assert_true(failures > 3);
	close_machine(&machine);
}

static struct kd_text *add_text(struct kd_texts *texts, uint64_t node, size_t bytes)
{
	struct kd_text *text = NULL;

	assert_int_equal(kd_texts_add(texts, node, calloc(1, bytes), bytes, &text, NULL), KD_OK);
	return text;
}

static void test_texts(void **state)
{
	static struct kd_texts texts;
	struct kd_text *first, *second, *large;

	texts = (struct kd_texts){.limit_bytes = 1000};
	first = add_text(&texts, 1, 300);
	second = add_text(&texts, 2, 300);
	kd_texts_put(&texts, second);
	assert_ptr_equal(kd_texts_find(&texts, 1), first);
	kd_texts_put(&texts, first);
	/* the one that was used longest ago goes, and who has it open keeps it */
	kd_texts_put(&texts, add_text(&texts, 3, 300));
	assert_null(kd_texts_find(&texts, 2));
	kd_texts_put(&texts, add_text(&texts, 4, 900));
	assert_null(kd_texts_find(&texts, 1));
	assert_null(kd_texts_find(&texts, 3));
	assert_int_equal(first->data[299], 0);
	kd_texts_put(&texts, first);
	assert_true(texts.bytes <= texts.limit_bytes);
	/* larger than all that may be kept */
	large = add_text(&texts, 5, 2000);
	assert_null(kd_texts_find(&texts, 5));
	kd_texts_put(&texts, large);
	/* as many as there are slots */
	texts.limit_bytes = SIZE_MAX / 2;
	for (uint64_t node = 100; node < 100 + 2 * KD_TEXTS; node++)
		kd_texts_put(&texts, add_text(&texts, node, 1));
	assert_null(kd_texts_find(&texts, 100));
	kd_texts_deinit(&texts);
	assert_int_equal(texts.bytes, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_vmcore_of_a_core, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_vmcore_of_a_flattened_core, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_vmcore_of_compressed, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_oldmem, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_oldmem_with_zeros, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_seek, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_many_runs, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_threads, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_names, set_up, tear_down),
		cmocka_unit_test(test_a_dump_of_nobody),
		cmocka_unit_test_setup_teardown(test_damage, set_up, tear_down),
		cmocka_unit_test(test_task_memory),
		cmocka_unit_test(test_memory_comes_back),
		cmocka_unit_test(test_texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
