/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "save/job.h"

#include <unistd.h>

#include "arch/arch.h"
#include "host/system.h"

static const struct kd_writer_kind *const formats[] = {
	[KD_SAVE_KDUMP] = &kd_writer_kdump,
	[KD_SAVE_ELF] = &kd_writer_elf,
};

const struct kd_writer_kind *kd_job_format(const struct kd_save_options *options)
{
	return formats[options->format];
}

static unsigned int count_workers(const struct kd_save_options *options)
{
	long cpus = options->workers;

	if (!cpus)
		cpus = sysconf(_SC_NPROCESSORS_ONLN);
	return cpus < 1 ? 1 : cpus > KD_WORKERS_MOST ? KD_WORKERS_MOST : (unsigned int)cpus;
}

const struct kd_codec *kd_job_codec(const struct kd_save_options *options)
{
	return options->format == KD_SAVE_KDUMP && options->codec ? options->codec : &kd_codec_none;
}

static bool leaves_structs_out(const struct kd_save_options *options)
{
	for (unsigned int i = 0; i < options->exclude_count; i++)
		if (options->exclude[i] & KD_KIND(KD_PAGE_STRUCTS))
			return true;
	return false;
}

/* What windows in flight share for their page data. */
static size_t room_bytes(const struct kd_save_options *options, unsigned int workers,
			 size_t page_bytes)
{
	return kd_sweep_rooms(workers) *
	       kd_pack_room(kd_job_codec(options), page_bytes, KD_WINDOW_PAGES);
}

/* What all pieces of the reserve are together. */
static size_t memory_bytes(const struct kd_save_options *options, unsigned int workers,
			   size_t page_bytes, bool reads)
{
	const struct kd_codec *codec = kd_job_codec(options);
	size_t bytes = kd_reserve_bytes(kd_sweep_windows(workers) * sizeof(struct kd_window)) +
		       kd_reserve_bytes(workers * sizeof(struct kd_hand));

	if (leaves_structs_out(options))
		bytes += kd_reserve_bytes(sizeof(struct kd_memmap));
	if (reads)
		bytes += kd_reserve_bytes(sizeof(struct kd_memo)) +
			 kd_reserve_bytes(room_bytes(options, workers, page_bytes)) +
			 workers * (kd_reserve_bytes(codec->encoder_bytes(options->codec_level,
									  page_bytes)) +
				    kd_reserve_bytes(kd_pack_input(page_bytes)) +
				    kd_reserve_bytes(kd_repeats_memory(page_bytes)));
	return bytes;
}

size_t kd_save_memory(const struct kd_save_options *options, unsigned int workers,
		      size_t page_bytes)
{
	return memory_bytes(options, workers, page_bytes, true);
}

static enum kd_status init_hand(struct kd_job *job, struct kd_hand *hand, bool reads,
				struct kd_err *err)
{
	const struct kd_codec *codec = kd_job_codec(job->options);
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
		.repeats = {.page_bytes = page_bytes,
			    .copies =
				    kd_reserve_take(&job->reserve, kd_repeats_memory(page_bytes))},
		.page_bytes = job->plan.page_bytes,
		.packing = kd_job_format(job->options)->packing,
		.erasures = job->options->erasures,
	};
	return KD_OK;
}

/* Room for what will be packed: as many pages as are remembered, else it may be all of them. */
static size_t need(void *opaque, struct kd_window *window)
{
	struct kd_job *job = opaque;
	unsigned int pages = window->pages;

	window->remembered = job->memo && kd_memo_recall(job->memo, window, job->wanted);
	if (window->remembered)
		pages = kd_set_count(&window->now);
	if (!job->reads || !pages)
		return 0;
	return kd_pack_room(kd_job_codec(job->options), job->plan.page_bytes, pages);
}

static void work(void *opaque, unsigned int worker, struct kd_window *window)
{
	struct kd_job *job = opaque;
	struct kd_hand *hand = &job->hands[worker];
	uint64_t start = kd_monotonic_ns();

	if (!window->remembered) {
		kd_judge_window(&hand->judge, window, job->wanted);
		if (job->memo)
			kd_memo_keep(job->memo, window);
	}
	hand->judge_ns += kd_monotonic_ns() - start;
	if (job->reads)
		kd_pack_window(&hand->packer, window);
}

static void init_memmap(struct kd_job *job)
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

static enum kd_status init_workers(struct kd_job *job, bool reads, struct kd_err *err)
{
	const size_t page_bytes = (size_t)job->plan.page_bytes;
	enum kd_status status;

	job->workers = count_workers(job->options);
	status = kd_reserve_open(&job->reserve,
				 memory_bytes(job->options, job->workers, page_bytes, reads), err);
	if (status)
		return status;
	job->sweep = (struct kd_sweep){
		.work = work,
		.need = need,
		.opaque = job,
		.workers = job->workers,
		.window_count = kd_sweep_windows(job->workers),
	};
	job->sweep.windows = kd_reserve_take(&job->reserve,
					     job->sweep.window_count * sizeof(*job->sweep.windows));
	job->hands = kd_reserve_take(&job->reserve, job->workers * sizeof(*job->hands));
	if (reads && !job->options->judge_again)
		job->memo = kd_reserve_take(&job->reserve, sizeof(*job->memo));
	if (reads) {
		job->sweep.room_bytes = room_bytes(job->options, job->workers, page_bytes);
		job->sweep.room = kd_reserve_take(&job->reserve, job->sweep.room_bytes);
	}
	for (unsigned int i = 0; !status && i < job->workers; i++)
		status = init_hand(job, &job->hands[i], reads, err);
	return status;
}

/* Learns how pages can be told apart; when they cannot, says so, and everything will be kept. */
static void init_plan(struct kd_job *job, struct kd_dump *dump, struct kd_kernel *kernel,
		      bool writes)
{
	struct kd_err why = {KD_NOTFOUND, "the dump does not tell which kernel it is of"};

	job->plan = (struct kd_plan){
		.dump = dump,
		.kernel = kernel,
		.page_bytes = kd_dump_arch(dump)->page_bytes,
	};
	if (writes && kd_dump_facts(dump)->live)
		kd_fail(&why, KD_UNSUPPORTED, "on a living system they change meanwhile");
	else if (kernel && !kd_pages_init(&job->pages, kernel, &why)) {
		job->plan.pages = &job->pages;
		job->result->classified = true;
		return;
	}
	if (job->options->exclude[0] & ~KD_KIND(KD_PAGE_ZERO))
		kd_log(job->options->log, KD_LOG_WARNING,
		       "pages cannot be told apart, all of them are kept: %s", why.text);
}

enum kd_status kd_job_open(struct kd_job *job, struct kd_dump *dump, struct kd_kernel *kernel,
			   const struct kd_save_options *options, bool reads, bool writes,
			   struct kd_save_result *result, struct kd_err *err)
{
	enum kd_status status;

	*job = (struct kd_job){.options = options, .result = result};
	*result = (struct kd_save_result){0};
	init_plan(job, dump, kernel, writes);
	status = init_workers(job, reads, err);
	if (!status)
		init_memmap(job);
	return status;
}

void kd_job_close(struct kd_job *job)
{
	struct kd_save_result *result = job->result;

	for (unsigned int i = 0; job->hands && i < job->workers; i++) {
		struct kd_hand *hand = &job->hands[i];

		result->judge_ns += hand->judge_ns;
		result->read_ns += hand->packer.read_ns;
		result->pack_ns += hand->packer.pack_ns;
		if (hand->encoder)
			kd_job_codec(job->options)->encoder_deinit(hand->encoder);
		kd_reader_close(hand->reader);
	}
	kd_reserve_close(&job->reserve);
}

void kd_job_exclude(struct kd_job *job, uint32_t kinds)
{
	job->plan.exclude = job->result->classified ? kinds | KD_KINDS_UNREADABLE
						    : kinds & KD_KIND(KD_PAGE_ZERO);
	if (job->memo)
		kd_memo_clear(job->memo);
	job->plan.memmap = kinds & KD_KIND(KD_PAGE_STRUCTS) ? job->memmap : NULL;
	job->result->excluded = job->plan.exclude;
}

enum kd_status kd_job_sweep(struct kd_job *job,
			    enum kd_status (*take)(void *opaque, struct kd_window *window,
						   struct kd_err *err),
			    uint32_t wanted, bool reads, struct kd_err *err)
{
	job->sweep.take = take;
	job->wanted = wanted;
	job->reads = reads;
	/* who only judges reads the struct pages of some windows at once */
	job->sweep.together = reads ? 1 : KD_SWEEP_TOGETHER;
	return kd_sweep_run(&job->sweep, &job->plan, err);
}

void kd_job_count(struct kd_job *job, const struct kd_window *window)
{
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
}

enum kd_status kd_job_go_on(struct kd_job *job, uint64_t pages, struct kd_err *err)
{
	job->done_pages += pages;
	if (!pages && job->total_pages)
		return KD_OK;
	if (kd_progress(job->options->progress, job->done_pages * job->plan.page_bytes,
			job->total_pages * job->plan.page_bytes))
		return KD_OK;
	job->result->stopped = true;
	return kd_fail(err, KD_SYSTEM, "stopped after %llu MiB",
		       (unsigned long long)(job->done_pages * job->plan.page_bytes >> 20));
}
