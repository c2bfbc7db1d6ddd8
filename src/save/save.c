/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "save/save.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "arch/arch.h"
#include "base/bytes.h"
#include "host/system.h"
#include "save/agree.h"
#include "save/pack.h"
#include "save/plan.h"
#include "save/reserve.h"
#include "save/sweep.h"
#include "save/writer.h"

enum { ALIGNMENT = 64, ALL_KINDS = -1 };

/*
 * What a kernel's own pages are, for the order in which pages are written: when the target runs full, these are
 * there.
 */
#define VALUABLE (KD_KIND(KD_PAGE_KERNEL))

/* One worker: everything that a thread needs for itself. */
struct hand {
	struct kd_reader *reader;
	struct kd_judge judge;
	struct kd_packer packer;
	void *encoder;
	uint8_t *input;
	uint64_t judge_ns;
};

struct job {
	const struct kd_save_options *options;
	struct kd_save_result *result;
	struct kd_plan plan;
	struct kd_pages pages;
	struct kd_memmap *memmap; /* where struct pages are to be left out; else NULL */
	struct kd_writer writer;
	struct kd_sweep sweep;
	struct kd_agreement agreement; /* of the sweeps of this attempt */
	struct kd_reserve reserve;
	struct hand *hands;
	unsigned int workers;
	uint32_t wanted; /* kinds of this sweep */
	bool reads;      /* this sweep reads pages */
	uint64_t done_pages, total_pages;
	char *erased; /* what the source lacks by intention, and what this dump will; NULL: nothing */
};

static const struct kd_writer_kind *const formats[] = {
	[KD_SAVE_KDUMP] = &kd_writer_kdump,
	[KD_SAVE_ELF] = &kd_writer_elf,
};

static unsigned int count_workers(const struct kd_save_options *options)
{
	long cpus = options->workers;

	if (!cpus)
		cpus = sysconf(_SC_NPROCESSORS_ONLN);
	return cpus < 1 ? 1 : cpus > KD_WORKERS_MOST ? KD_WORKERS_MOST : (unsigned int)cpus;
}

static const struct kd_codec *codec_of(const struct kd_save_options *options)
{
	return options->format == KD_SAVE_KDUMP && options->codec ? options->codec : &kd_codec_none;
}

uint64_t kd_save_all_pages(const struct kd_save_result *result)
{
	uint64_t all = 0;

	for (int kind = 0; kind < KD_PAGE_KINDS; kind++)
		all += result->pages[kind];
	return all;
}

static bool leaves_structs_out(const struct kd_save_options *options)
{
	for (unsigned int i = 0; i < options->exclude_count; i++)
		if (options->exclude[i] & KD_KIND(KD_PAGE_STRUCTS))
			return true;
	return false;
}

/* What all pieces of the reserve are together. */
static size_t memory_bytes(const struct kd_save_options *options, unsigned int workers,
			   size_t page_bytes, bool reads)
{
	const struct kd_codec *codec = codec_of(options);
	const unsigned int windows = kd_sweep_windows(workers);
	size_t bytes = kd_reserve_bytes(windows * sizeof(struct kd_window)) +
		       kd_reserve_bytes(workers * sizeof(struct hand));

	if (leaves_structs_out(options))
		bytes += kd_reserve_bytes(sizeof(struct kd_memmap));
	if (reads)
		bytes += windows * kd_reserve_bytes(kd_pack_room(codec, page_bytes)) +
			 workers * (kd_reserve_bytes(codec->encoder_bytes(options->codec_level,
									  page_bytes)) +
				    kd_reserve_bytes(kd_pack_input(page_bytes)));
	return bytes;
}

size_t kd_save_memory(const struct kd_save_options *options, unsigned int workers,
		      size_t page_bytes)
{
	return memory_bytes(options, workers, page_bytes, true);
}

static enum kd_status init_hand(struct job *job, struct hand *hand, bool reads, struct kd_err *err)
{
	const struct kd_codec *codec = codec_of(job->options);
	size_t page_bytes = (size_t)job->plan.page_bytes;
	int level = job->options->codec_level;
	enum kd_status status = kd_reader_open(job->plan.dump, &hand->reader, err);

	if (status)
		return status;
	kd_judge_init(&hand->judge, &job->plan, hand->reader);
	if (!reads)
		return KD_OK;
	if (codec != &kd_codec_none) {
		void *encoder =
			kd_reserve_take(&job->reserve, codec->encoder_bytes(level, page_bytes));

		status = codec->encoder_init(encoder, level, page_bytes, err);
		if (status)
			return status;
		hand->encoder = encoder;
	}
	hand->packer = (struct kd_packer){
		.reader = hand->reader,
		.codec = codec,
		.encoder = hand->encoder,
		.input = kd_reserve_take(&job->reserve, kd_pack_input(page_bytes)),
		.page_bytes = job->plan.page_bytes,
		.packing = formats[job->options->format]->packing,
		.erasures = job->options->erasures,
	};
	return KD_OK;
}

static void deinit_job(struct job *job)
{
	for (unsigned int i = 0; job->hands && i < job->workers; i++) {
		if (job->hands[i].encoder)
			codec_of(job->options)->encoder_deinit(job->hands[i].encoder);
		kd_reader_close(job->hands[i].reader);
	}
	kd_reserve_close(&job->reserve);
	free(job->erased);
}

static void work(void *opaque, unsigned int worker, struct kd_window *window)
{
	struct job *job = opaque;
	struct hand *hand = &job->hands[worker];
	uint64_t start = kd_monotonic_ns();

	kd_judge_window(&hand->judge, window, job->wanted);
	hand->judge_ns += kd_monotonic_ns() - start;
	if (job->reads)
		kd_pack_window(&hand->packer, window);
}

static void init_memmap(struct job *job)
{
	if (!job->plan.pages || !leaves_structs_out(job->options))
		return;
	job->memmap = kd_reserve_take(&job->reserve, sizeof(*job->memmap));
	kd_memmap_init(job->memmap, job->plan.pages, job->plan.kernel);
	if (job->memmap->full)
		kd_log(job->options->log, KD_LOG_WARNING,
		       "struct pages lie in more than %d places: those of the rest are kept",
		       KD_MEMMAP_RUNS);
}

/* Takes all memory that the work needs; less of it where no page is read. */
static enum kd_status init_job(struct job *job, bool reads, struct kd_err *err)
{
	const size_t page_bytes = (size_t)job->plan.page_bytes;
	const size_t room = kd_pack_room(codec_of(job->options), page_bytes);
	enum kd_status status;

	job->workers = count_workers(job->options);
	status = kd_reserve_open(&job->reserve,
				 memory_bytes(job->options, job->workers, page_bytes, reads), err);
	if (status)
		return status;
	job->sweep = (struct kd_sweep){
		.work = work,
		.opaque = job,
		.workers = job->workers,
		.window_count = kd_sweep_windows(job->workers),
	};
	job->sweep.windows = kd_reserve_take(&job->reserve,
					     job->sweep.window_count * sizeof(*job->sweep.windows));
	job->hands = kd_reserve_take(&job->reserve, job->workers * sizeof(*job->hands));
	for (unsigned int i = 0; reads && i < job->sweep.window_count; i++)
		job->sweep.windows[i].out = kd_reserve_take(&job->reserve, room);
	for (unsigned int i = 0; !status && i < job->workers; i++)
		status = init_hand(job, &job->hands[i], reads, err);
	if (!status)
		init_memmap(job);
	return status;
}

/* Learns how pages can be told apart; when they cannot, says so, and everything will be kept. */
static void init_plan(struct job *job, struct kd_dump *dump, struct kd_kernel *kernel,
		      uint32_t asked, bool saves)
{
	struct kd_err why = {KD_NOTFOUND, "the dump does not tell which kernel it is of"};

	job->plan = (struct kd_plan){
		.dump = dump,
		.kernel = kernel,
		.page_bytes = kd_dump_arch(dump)->page_bytes,
	};
	if (saves && kd_dump_facts(dump)->live)
		kd_fail(&why, KD_UNSUPPORTED, "on a living system they change meanwhile");
	else if (kernel && !kd_pages_init(&job->pages, kernel, &why)) {
		job->plan.pages = &job->pages;
		job->result->classified = true;
		return;
	}
	if (asked & ~KD_KIND(KD_PAGE_ZERO))
		kd_log(job->options->log, KD_LOG_WARNING,
		       "pages cannot be told apart, all of them are kept: %s", why.text);
}

/* Puts together what was erased: from the source before, and now. */
static enum kd_status init_erased(struct job *job, struct kd_err *err)
{
	const struct kd_dump_facts *before = kd_dump_facts(job->plan.dump);
	const struct kd_erasures *now = job->options->erasures;
	size_t bytes = before->erased_bytes + (now ? now->text_bytes : 0);

	if (!bytes)
		return KD_OK;
	job->erased = malloc(bytes + 1);
	if (!job->erased)
		return kd_fail_errno(err, ENOMEM, "what was erased");
	if (before->erased_bytes)
		memcpy(job->erased, before->erased, before->erased_bytes);
	if (now)
		memcpy(job->erased + before->erased_bytes, now->text, now->text_bytes);
	job->erased[bytes] = '\0';
	return KD_OK;
}

/* Tells the progress; false when it asks to stop. */
static bool may_go_on(struct job *job, uint64_t pages)
{
	job->done_pages += pages;
	if (!pages && job->total_pages)
		return true;
	if (kd_progress(job->options->progress, job->done_pages * job->plan.page_bytes,
			job->total_pages * job->plan.page_bytes))
		return true;
	job->result->stopped = true;
	return false;
}

static enum kd_status stopped(const struct job *job, struct kd_err *err)
{
	return kd_fail(err, KD_SYSTEM, "stopped after %llu MiB",
		       (unsigned long long)(job->done_pages * job->plan.page_bytes >> 20));
}

static enum kd_status take_measured(void *opaque, struct kd_window *window, struct kd_err *err)
{
	struct job *job = opaque;
	struct kd_save_result *result = job->result;

	for (unsigned int i = 0; i < window->pages; i++) {
		if (kd_set_has(&window->absent, i)) {
			result->pages[KD_PAGE_ABSENT]++;
			result->absent[window->kinds[i]]++;
		} else {
			result->pages[window->kinds[i]]++;
		}
	}
	result->unknown_pages += window->unknown;
	result->kept_pages += kd_set_count(&window->kept);
	/* the first sweep is short, and has no progress to tell; it can be stopped all the same */
	if (!may_go_on(job, 0))
		return stopped(job, err);
	kd_agree_window(&job->agreement, window, NULL); /* the first sweep cannot disagree */
	return job->writer.kind ? job->writer.kind->measure(&job->writer, window, err) : KD_OK;
}

static enum kd_status take_described(void *opaque, struct kd_window *window, struct kd_err *err)
{
	struct job *job = opaque;
	enum kd_status status = kd_agree_window(&job->agreement, window, err);

	return status ? status : job->writer.kind->measure(&job->writer, window, err);
}

static void count_page(struct job *job, const struct kd_window *window, unsigned int page)
{
	struct kd_save_result *result = job->result;

	switch (window->packed[page].state) {
	case KD_PACKED_ZERO:
		result->zero_pages++;
		result->saved_pages++;
		break;
	case KD_PACKED_DATA:
		result->data_bytes += window->packed[page].bytes;
		result->saved_pages++;
		break;
	default:
		if (result->unreadable_pages < KD_UNREADABLE_NAMED)
			result->unreadable[result->unreadable_pages] =
				(window->first_pfn + page) * job->plan.page_bytes;
		if (!result->unreadable_pages++)
			kd_log(job->options->log, KD_LOG_WARNING,
			       "unreadable: the page at physical address 0x%llx",
			       (unsigned long long)result->unreadable[0]);
	}
}

static enum kd_status take_data(void *opaque, struct kd_window *window, struct kd_err *err)
{
	struct job *job = opaque;
	enum kd_status status = kd_agree_window(&job->agreement, window, err);
	uint64_t start = kd_monotonic_ns();

	if (!status)
		status = job->writer.kind->put(&job->writer, window, err);
	job->result->write_ns += kd_monotonic_ns() - start;
	if (status)
		return status;
	for (unsigned int i = 0; i < window->pages; i++)
		if (kd_set_has(&window->now, i))
			count_page(job, window, i);
	return may_go_on(job, kd_set_count(&window->now)) ? KD_OK : stopped(job, err);
}

static enum kd_status run_sweep(struct job *job,
				enum kd_status (*take)(void *opaque, struct kd_window *window,
						       struct kd_err *err),
				uint32_t wanted, struct kd_err *err)
{
	enum kd_status status;

	job->sweep.take = take;
	job->wanted = wanted;
	job->reads = take == take_data;
	status = kd_sweep_run(&job->sweep, &job->plan, err);
	return status ? status : kd_agree_turn(&job->agreement, err);
}

/* Counts what will come, and writes what stands before page data. */
static enum kd_status measure(struct job *job, struct kd_err *err)
{
	struct kd_writer *writer = &job->writer;
	uint64_t start = kd_monotonic_ns();
	enum kd_status status = run_sweep(job, take_measured, 0, err);

	writer->kept_pages = job->total_pages = job->result->kept_pages;
	if (!status)
		status = writer->kind->begin(writer, err);
	if (!status && writer->kind->describe) {
		status = run_sweep(job, take_described, 0, err);
		if (!status)
			status = writer->kind->describe(writer, err);
	}
	job->result->plan_ns += kd_monotonic_ns() - start;
	return status;
}

/* True when some of the pages that are kept are not the kernel's own. */
static bool has_lesser_pages(const struct job *job)
{
	for (int kind = 0; kind < KD_PAGE_ABSENT; kind++)
		if (job->result->pages[kind] && !(VALUABLE & KD_KIND(kind)) &&
		    !(job->plan.exclude & KD_KIND(kind)))
			return true;
	return false;
}

static enum kd_status write_data(struct job *job, struct kd_err *err)
{
	struct kd_writer *writer = &job->writer;
	uint64_t start = kd_monotonic_ns();
	bool twice =
		!writer->kind->needs_order && !job->options->by_address && has_lesser_pages(job);
	enum kd_status status;

	status = run_sweep(job, take_data, twice ? VALUABLE : (uint32_t)ALL_KINDS, err);
	if (!status)
		status = writer->kind->turn(writer, err);
	if (!status && twice) {
		status = run_sweep(job, take_data, ~VALUABLE, err);
		if (!status)
			status = writer->kind->turn(writer, err);
	}
	if (!status)
		status = kd_agree_end(&job->agreement, err);
	job->result->data_ns += kd_monotonic_ns() - start;
	return status;
}

/* One attempt, with one set of kinds to leave out. */
static enum kd_status attempt(struct job *job, struct kd_sink *sink, struct kd_err *err)
{
	struct kd_save_result *result = job->result;
	struct kd_writer *writer = &job->writer;
	struct kd_err end_err = {KD_OK, ""};
	enum kd_status status, end_status;
	uint64_t start;

	job->agreement = (struct kd_agreement){0};
	*writer = (struct kd_writer){
		.kind = formats[job->options->format],
		.plan = &job->plan,
		.sink = sink,
		.codec = codec_of(job->options),
		.level = kd_kinds_level(job->plan.exclude),
		.erased = job->erased,
	};
	status = writer->kind->open(writer, err);
	if (!status)
		status = measure(job, err);
	if (!status)
		status = write_data(job, err);
	if (job->agreement.broken)
		writer->kind->retract(writer, job->agreement.sure, NULL);
	start = kd_monotonic_ns();
	if (writer->state) {
		writer->unreadable_pages = result->unreadable_pages;
		writer->lacks_files = kd_dump_facts(job->plan.dump)->absent;
		end_status = writer->kind->end(writer, !status, &result->file_bytes, &end_err);
		if (!status && end_status) {
			status = end_status;
			if (err)
				*err = end_err;
		}
	}
	result->sync_ns += kd_monotonic_ns() - start;
	writer->kind->close(writer);
	result->complete = !status && !result->unreadable_pages && !writer->lacks_files;
	return status;
}

/* What an attempt counted is not counted again by the next. */
static void forget_counts(struct job *job)
{
	struct kd_save_result *result = job->result;

	*result = (struct kd_save_result){
		.classified = result->classified,
		.plan_ns = result->plan_ns,
		.data_ns = result->data_ns,
		.sync_ns = result->sync_ns,
		.write_ns = result->write_ns,
	};
	job->done_pages = job->total_pages = 0;
}

static void set_excluded(struct job *job, uint32_t kinds)
{
	job->plan.exclude = job->result->classified ? kinds | KD_KINDS_UNREADABLE
						    : kinds & KD_KIND(KD_PAGE_ZERO);
	job->plan.memmap = kinds & KD_KIND(KD_PAGE_STRUCTS) ? job->memmap : NULL;
	job->result->excluded = job->plan.exclude;
}

static void add_up_times(struct job *job)
{
	struct kd_save_result *result = job->result;

	for (unsigned int i = 0; job->hands && i < job->workers; i++) {
		result->judge_ns += job->hands[i].judge_ns;
		result->read_ns += job->hands[i].packer.read_ns;
		result->pack_ns += job->hands[i].packer.pack_ns;
	}
}

enum kd_status kd_save(struct kd_dump *dump, struct kd_kernel *kernel, struct kd_sink *sink,
		       const struct kd_save_options *options, struct kd_save_result *result,
		       struct kd_err *err)
{
	struct job job = {.options = options, .result = result};
	enum kd_status status;

	*result = (struct kd_save_result){0};
	init_plan(&job, dump, kernel, options->exclude[0], true);
	status = init_job(&job, true, err);
	if (!status)
		status = init_erased(&job, err);
	for (unsigned int i = 0; !status; i++) {
		set_excluded(&job, options->exclude[i]);
		status = attempt(&job, sink, err);
		if (!status || !sink->full || i + 1 >= options->exclude_count ||
		    !kd_sink_can_restart(sink))
			break;
		kd_log(options->log, KD_LOG_WARNING,
		       "the target is full: trying again with level %u",
		       kd_kinds_level(options->exclude[i + 1]));
		status = kd_sink_restart(sink, err);
		forget_counts(&job);
	}
	add_up_times(&job);
	deinit_job(&job);
	return status;
}

enum kd_status kd_save_estimate(struct kd_dump *dump, struct kd_kernel *kernel,
				const struct kd_save_options *options,
				struct kd_save_result *result, struct kd_err *err)
{
	struct job job = {.options = options, .result = result};
	uint64_t start = kd_monotonic_ns();
	enum kd_status status;

	*result = (struct kd_save_result){0};
	init_plan(&job, dump, kernel, options->exclude[0], false);
	status = init_job(&job, false, err);
	set_excluded(&job, options->exclude[0]);
	if (!status)
		status = run_sweep(&job, take_measured, 0, err);
	result->plan_ns = kd_monotonic_ns() - start;
	add_up_times(&job);
	deinit_job(&job);
	return status;
}
