/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vmcore and vmcore-kern.
 *
 * The former is an ELF core of all that the dump has, the latter of the kernel's own pages: what dump level 31 leaves
 * in. Of a dump that is an ELF core, vmcore is that core, byte by byte (put in order, if it is flattened). All others are
 * made up: headers as `kdump save -f elf` writes them (save/elf_core.h), with a PT_LOAD for each run of pages, so
 * that who follows them never asks for a page that is not there. Nothing of it is stored but the runs.
 *
 * To know the runs, all windows of memory are judged once, by several threads (save/sweep.h), when the first size or
 * byte is asked for. That takes no page's data but for vmcore-kern, where the kernel's own pages are looked at for
 * zeros.
 *
 * Then a byte is found by two binary searches: by the rank of its page, or by the number of its program header.
 */
#include "view/core.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "arch/arch.h"
#include "host/file.h"
#include "host/system.h"
#include "save/sweep.h"
#include "save/zero.h"
#include "view/memory.h"

enum { WORKERS = 4, PAGE_MOST = 65536 };

void kd_core_init(struct kd_core *core, bool kernel_only)
{
	*core = (struct kd_core){.kernel_only = kernel_only};
	pthread_mutex_init(&core->lock, NULL);
}

void kd_core_deinit(struct kd_core *core)
{
	kd_elf_core_deinit(&core->elf);
	free(core->runs);
	pthread_mutex_destroy(&core->lock);
}

struct builder {
	struct kd_view *view;
	struct kd_core *core;
	struct kd_pages pages;
	struct kd_plan plan;
	struct kd_elf_runs runs;
	struct builder_worker {
		struct kd_judge judge;
		struct kd_reader *reader;
		uint8_t page[PAGE_MOST] __attribute__((aligned(8)));
	} * workers[WORKERS];
	struct kd_window windows[KD_SWEEP_WINDOWS * WORKERS];
};

/* Whether a page is there and holds nothing. One that cannot be read is kept: who reads it is told why. */
static bool is_zero_page(struct builder_worker *worker, uint64_t pfn, uint64_t page_bytes)
{
	const uint8_t *data;
	size_t got;

	return !kd_reader_stream(worker->reader, pfn * page_bytes, page_bytes, worker->page, &data,
				 &got, NULL) &&
	       got == page_bytes && !((uintptr_t)data & 7) && kd_is_zero(data, page_bytes);
}

static void judge(void *opaque, unsigned int number, struct kd_window *window)
{
	struct builder *builder = opaque;
	struct builder_worker *worker = builder->workers[number];

	kd_judge_window(&worker->judge, window, 0);
	for (unsigned int i = 0; builder->core->kernel_only && i < window->pages; i++)
		if (kd_set_has(&window->kept, i) &&
		    is_zero_page(worker, window->first_pfn + i, builder->plan.page_bytes))
			window->kept.words[i / 64] &= ~(UINT64_C(1) << i % 64);
}

static enum kd_status grow(struct kd_core *core, struct kd_err *err)
{
	size_t room = core->room ? 2 * core->room : 1024;
	struct kd_core_run *grown;

	if (core->count < core->room)
		return KD_OK;
	grown = realloc(core->runs, room * sizeof(*grown));
	if (!grown)
		return kd_fail_errno(err, ENOMEM, "%zu runs of pages", room);
	core->runs = grown;
	core->room = room;
	return KD_OK;
}

static enum kd_status count_header(void *opaque, const Elf64_Phdr *header, struct kd_err *err)
{
	struct kd_core *core = opaque;

	core->loads++;
	return KD_OK;
}

static enum kd_status add_run(void *opaque, const struct kd_elf_run *run, struct kd_err *err)
{
	struct kd_core *core = opaque;
	enum kd_status status = grow(core, err);

	if (status)
		return status;
	core->runs[core->count++] =
		(struct kd_core_run){run->first_pfn, run->ram_end, run->rank, core->loads};
	return kd_elf_core_loads(&core->elf, run, count_header, core, err);
}

static enum kd_status take_window(void *opaque, struct kd_window *window, struct kd_err *err)
{
	struct builder *builder = opaque;
	enum kd_status status = KD_OK;
	unsigned int page = 0;

	while (!status && page < window->pages) {
		bool kept = kd_set_has(&window->kept, page);
		unsigned int end = kd_set_next(&window->kept, page, window->pages, !kept);

		status = kd_elf_runs_add(&builder->runs, window->first_pfn + page, end - page, kept,
					 add_run, builder->core, err);
		page = end;
	}
	return status;
}

/* Behind the last run: where it ends. */
static enum kd_status end_runs(struct builder *builder, struct kd_err *err)
{
	struct kd_core *core = builder->core;
	enum kd_status status = kd_elf_runs_end(&builder->runs, add_run, core, err);

	if (!status)
		status = grow(core, err);
	if (!status)
		core->runs[core->count] =
			(struct kd_core_run){.rank = builder->runs.rank, .header = core->loads};
	if (!status)
		status = kd_elf_core_place(&core->elf, core->loads, err);
	if (!status)
		core->bytes = core->elf.data_offset + builder->runs.rank * core->elf.page_bytes;
	return status;
}

static enum kd_status open_workers(struct builder *builder, unsigned int *count, struct kd_err *err)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	unsigned int wanted = cpus < 1 ? 1 : cpus > WORKERS ? WORKERS : (unsigned int)cpus;

	for (*count = 0; *count < wanted; (*count)++) {
		struct builder_worker *worker = calloc(1, sizeof(*worker));
		enum kd_status status;

		if (!worker)
			return kd_fail_errno(err, ENOMEM, "looking at all pages");
		builder->workers[*count] = worker;
		status = kd_pool_take(&builder->view->pool, &worker->reader, err);
		if (status)
			return status;
		kd_judge_init(&worker->judge, &builder->plan, worker->reader);
	}
	return KD_OK;
}

static void close_workers(struct builder *builder)
{
	for (unsigned int i = 0; i < WORKERS; i++) {
		if (builder->workers[i] && builder->workers[i]->reader)
			kd_pool_give(&builder->view->pool, builder->workers[i]->reader);
		free(builder->workers[i]);
	}
}

/* What the kernel itself has to tell for it: by one thread at a time. */
static enum kd_status init_plan(struct builder *builder, struct kd_err *err)
{
	struct kd_view *view = builder->view;
	const struct kd_dump_facts *facts = kd_dump_facts(view->dump);
	enum kd_status status = KD_OK;

	builder->plan = (struct kd_plan){
		.dump = view->dump,
		.kernel = view->kernel,
		.page_bytes = kd_dump_arch(view->dump)->page_bytes,
	};
	if (builder->plan.page_bytes > PAGE_MOST)
		return kd_fail(err, KD_UNSUPPORTED, "pages of %llu bytes",
			       (unsigned long long)builder->plan.page_bytes);
	pthread_mutex_lock(&view->lock);
	if (builder->core->kernel_only) {
		status = kd_pages_init(&builder->pages, view->kernel, err);
		builder->plan.pages = &builder->pages;
		builder->plan.exclude = kd_level_kinds(KD_LEVEL_MOST) | KD_KINDS_UNREADABLE;
	}
	if (!status)
		status = kd_elf_core_init(&builder->core->elf, view->dump, view->kernel,
					  builder->plan.page_bytes, facts->erased,
					  facts->erased_bytes, err);
	pthread_mutex_unlock(&view->lock);
	return status;
}

static void forget(struct kd_core *core)
{
	kd_elf_core_deinit(&core->elf);
	free(core->runs);
	core->runs = NULL;
	core->count = core->room = 0;
	core->loads = core->bytes = 0;
}

static enum kd_status build(struct kd_view *view, struct kd_core *core, struct kd_err *err)
{
	KD_CLEANUP_FREE struct builder *builder = calloc(1, sizeof(*builder));
	struct kd_sweep sweep;
	enum kd_status status;

	if (!builder)
		return kd_fail_errno(err, ENOMEM, "looking at all pages");
	builder->view = view;
	builder->core = core;
	sweep = (struct kd_sweep){
		.work = judge, .take = take_window, .opaque = builder, .windows = builder->windows};
	status = init_plan(builder, err);
	if (!status)
		status = open_workers(builder, &sweep.workers, err);
	sweep.window_count = kd_sweep_windows(sweep.workers);
	if (!status)
		status = kd_sweep_run(&sweep, &builder->plan, err);
	if (!status)
		status = end_runs(builder, err);
	close_workers(builder);
	if (status)
		forget(core);
	return status;
}

/* Makes sure that the core is there; from then on nobody changes it. */
static enum kd_status need(struct kd_view *view, struct kd_core *core, struct kd_err *err)
{
	enum kd_status status = KD_OK;

	pthread_mutex_lock(&core->lock);
	if (!core->made)
		status = build(view, core, err);
	core->made = !status;
	pthread_mutex_unlock(&core->lock);
	return status;
}

/* The last run whose page rank, or whose first header, is not above `number`. */
static const struct kd_core_run *run_of(const struct kd_core *core, uint64_t number, bool by_header)
{
	size_t low = 0, high = core->count;

	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;
		uint64_t first = by_header ? core->runs[middle].header : core->runs[middle].rank;

		if (first <= number)
			low = middle;
		else
			high = middle;
	}
	return &core->runs[low];
}

/* One program header of a run, picked out of all. */
struct pick {
	uint64_t left;
	Elf64_Phdr header;
};

static enum kd_status pick_header(void *opaque, const Elf64_Phdr *header, struct kd_err *err)
{
	struct pick *pick = opaque;

	if (!pick->left--)
		pick->header = *header;
	return KD_OK;
}

static void make_header(const struct kd_core *core, uint64_t number, Elf64_Phdr *header)
{
	const struct kd_core_run *run = run_of(core, number, true);
	struct kd_elf_run whole = {run->first_pfn, run->first_pfn + (run[1].rank - run->rank),
				   run->ram_end, run->rank};
	struct pick pick = {.left = number - run->header};

	kd_elf_core_loads(&core->elf, &whole, pick_header, &pick, NULL);
	*header = pick.header;
}

/* Copies what of a piece that stands at `start` lies at `offset`; how much. */
static size_t copy_part(uint64_t start, const void *piece, size_t piece_bytes, uint64_t offset,
			void *buffer, size_t bytes)
{
	size_t into = (size_t)(offset - start);
	size_t count = piece_bytes - into < bytes ? piece_bytes - into : bytes;

	memcpy(buffer, (const uint8_t *)piece + into, count);
	return count;
}

/* Some of what stands before page data, at least a byte. */
static size_t read_head(const struct kd_core *core, uint64_t offset, void *buffer, size_t bytes)
{
	const struct kd_elf_core *elf = &core->elf;
	struct kd_elf_first first;
	uint64_t loads_end = sizeof(first) + core->loads * sizeof(Elf64_Phdr);
	uint64_t notes_end = elf->notes_offset + elf->note_bytes;

	if (offset < sizeof(first)) {
		kd_elf_core_first(elf, &first);
		return copy_part(0, &first, sizeof(first), offset, buffer, bytes);
	}
	if (offset < loads_end) {
		uint64_t number = (offset - sizeof(first)) / sizeof(Elf64_Phdr);
		Elf64_Phdr header;

		make_header(core, number, &header);
		return copy_part(sizeof(first) + number * sizeof(header), &header, sizeof(header),
				 offset, buffer, bytes);
	}
	if (offset < elf->notes_offset) {
		Elf64_Shdr section;

		kd_elf_core_section(elf, &section);
		return copy_part(loads_end, &section, sizeof(section), offset, buffer, bytes);
	}
	if (offset < notes_end)
		return copy_part(elf->notes_offset, elf->notes, elf->note_bytes, offset, buffer,
				 bytes);
	if (bytes > elf->data_offset - offset)
		bytes = (size_t)(elf->data_offset - offset);
	memset(buffer, 0, bytes);
	return bytes;
}

/* Some page data, at least a byte: up to the end of the run. */
static enum kd_status read_pages(const struct kd_view *view, const struct kd_core *core,
				 struct kd_reader *reader, uint64_t offset, void *buffer,
				 size_t bytes, size_t *got, struct kd_err *err)
{
	const uint64_t page_bytes = core->elf.page_bytes;
	uint64_t at = offset - core->elf.data_offset;
	const struct kd_core_run *run = run_of(core, at / page_bytes, false);
	uint64_t into = at - run->rank * page_bytes;
	uint64_t left = (run[1].rank - run->rank) * page_bytes - into;

	*got = left < bytes ? (size_t)left : bytes;
	return kd_view_read_memory(view, reader, run->first_pfn * page_bytes + into, true, buffer,
				   *got, err);
}

static enum kd_status core_size(struct kd_view *view, struct kd_core *core, uint64_t *bytes,
				uint64_t *stored, struct kd_err *err)
{
	enum kd_status status = need(view, core, err);

	if (!status)
		*bytes = *stored = core->bytes;
	return status;
}

static enum kd_status core_read(struct kd_view *view, struct kd_core *core, uint64_t offset,
				void *buffer, size_t bytes, struct kd_err *err)
{
	uint8_t *to = buffer;
	struct kd_reader *reader;
	enum kd_status status = need(view, core, err);

	if (!status)
		status = kd_pool_take(&view->pool, &reader, err);
	if (status)
		return status;
	while (!status && bytes) {
		size_t got = 0;

		if (offset < core->elf.data_offset)
			got = read_head(core, offset, to, bytes);
		else
			status = read_pages(view, core, reader, offset, to, bytes, &got, err);
		to += got;
		offset += got;
		bytes -= got;
	}
	kd_pool_give(&view->pool, reader);
	return status;
}

/* Whether the dump is what it is to be shown as. */
static bool is_core(const struct kd_view *view)
{
	return !strcmp(kd_dump_format(view->dump), "elf");
}

static enum kd_status vmcore_size(struct kd_view *view, size_t subject, uint64_t *bytes,
				  uint64_t *stored, struct kd_err *err)
{
	if (!is_core(view))
		return core_size(view, &view->core, bytes, stored, err);
	*bytes = *stored = kd_dump_content_bytes(view->dump);
	return KD_OK;
}

static enum kd_status vmcore_read(struct kd_view *view, size_t subject, uint64_t offset,
				  void *buffer, size_t bytes, struct kd_err *err)
{
	if (!is_core(view))
		return core_read(view, &view->core, offset, buffer, bytes, err);
	return kd_dump_content(view->dump, offset, buffer, bytes, err);
}

static enum kd_status vmcore_kern_size(struct kd_view *view, size_t subject, uint64_t *bytes,
				       uint64_t *stored, struct kd_err *err)
{
	return core_size(view, &view->kernel_core, bytes, stored, err);
}

static enum kd_status vmcore_kern_read(struct kd_view *view, size_t subject, uint64_t offset,
				       void *buffer, size_t bytes, struct kd_err *err)
{
	return core_read(view, &view->kernel_core, offset, buffer, bytes, err);
}

const struct kd_node_memory kd_memory_vmcore = {.size = vmcore_size, .read = vmcore_read};
const struct kd_node_memory kd_memory_vmcore_kern = {.size = vmcore_kern_size,
						     .read = vmcore_kern_read};
