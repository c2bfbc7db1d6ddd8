/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "save/save.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "host/system.h"
#include "save/agree.h"
#include "save/job.h"
#include "save/writer.h"

enum { ALL_KINDS = -1 };

struct saving {
	struct kd_job job; /* first: sweeps give it to take() */
	struct kd_writer writer;
	struct kd_agreement agreement; /* of the sweeps of this attempt */
	char *erased; /* what the source lacks by intention, and what this dump will; NULL: nothing */
};

uint64_t kd_save_all_pages(const struct kd_save_result *result)
{
	uint64_t all = 0;

	for (int kind = 0; kind < KD_PAGE_KINDS; kind++)
		all += result->pages[kind];
	return all;
}

/* Puts together what was erased: from the source before, and now. */
static enum kd_status init_erased(struct saving *saving, struct kd_err *err)
{
	const struct kd_dump_facts *before = kd_dump_facts(saving->job.plan.dump);
	const struct kd_erasures *now = saving->job.options->erasures;
	size_t bytes = before->erased_bytes + (now ? now->text_bytes : 0);

	if (!bytes)
		return KD_OK;
	saving->erased = malloc(bytes + 1);
	if (!saving->erased)
		return kd_fail_errno(err, ENOMEM, "what was erased");
	if (before->erased_bytes)
		memcpy(saving->erased, before->erased, before->erased_bytes);
	if (now)
		memcpy(saving->erased + before->erased_bytes, now->text, now->text_bytes);
	saving->erased[bytes] = '\0';
	return KD_OK;
}

static enum kd_status take_measured(void *opaque, struct kd_window *window, struct kd_err *err)
{
	struct saving *saving = opaque;
	enum kd_status status;

	kd_job_count(&saving->job, window);
	/* this sweep is short, and has no progress to tell; it can be stopped all the same */
	status = kd_job_go_on(&saving->job, 0, err);
	if (status)
		return status;
	kd_agree_window(&saving->agreement, window, NULL); /* the first sweep cannot disagree */
	return saving->writer.kind->measure(&saving->writer, window, err);
}

static enum kd_status take_described(void *opaque, struct kd_window *window, struct kd_err *err)
{
	struct saving *saving = opaque;
	enum kd_status status = kd_agree_window(&saving->agreement, window, err);

	return status ? status : saving->writer.kind->measure(&saving->writer, window, err);
}

static void count_page(const struct kd_job *job, const struct kd_window *window, unsigned int page)
{
	struct kd_save_result *result = job->result;

	switch (window->packed[page].state) {
	case KD_PACKED_ZERO:
		result->zero_pages++;
		result->saved_pages++;
		break;
	case KD_PACKED_REPEAT:
		result->repeated_pages++;
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
	struct saving *saving = opaque;
	struct kd_job *job = &saving->job;
	enum kd_status status = kd_agree_window(&saving->agreement, window, err);
	uint64_t start = kd_monotonic_ns();

	if (!status)
		status = saving->writer.kind->put(&saving->writer, window, err);
	job->result->write_ns += kd_monotonic_ns() - start;
	if (status)
		return status;
	for (unsigned int i = 0; i < window->pages; i++)
		if (kd_set_has(&window->now, i))
			count_page(job, window, i);
	return kd_job_go_on(job, kd_set_count(&window->now), err);
}

static enum kd_status run_sweep(struct saving *saving,
				enum kd_status (*take)(void *opaque, struct kd_window *window,
						       struct kd_err *err),
				uint32_t wanted, struct kd_err *err)
{
	enum kd_status status = kd_job_sweep(&saving->job, take, wanted, take == take_data, err);

	return status ? status : kd_agree_turn(&saving->agreement, err);
}

/* Counts what will come, and writes what stands before page data. */
static enum kd_status measure(struct saving *saving, struct kd_err *err)
{
	struct kd_writer *writer = &saving->writer;
	struct kd_job *job = &saving->job;
	uint64_t start = kd_monotonic_ns();
	enum kd_status status = run_sweep(saving, take_measured, 0, err);

	writer->kept_pages = job->total_pages = job->result->kept_pages;
	if (!status)
		status = writer->kind->begin(writer, err);
	if (!status && writer->kind->describe) {
		status = run_sweep(saving, take_described, 0, err);
		if (!status)
			status = writer->kind->describe(writer, err);
	}
	job->result->plan_ns += kd_monotonic_ns() - start;
	return status;
}

/* True when some of the pages that are kept are not the kernel's own. */
static bool has_lesser_pages(const struct kd_job *job)
{
	for (int kind = 0; kind < KD_PAGE_ABSENT; kind++)
		if (job->result->pages[kind] && !(KD_KINDS_VALUABLE & KD_KIND(kind)) &&
		    !(job->plan.exclude & KD_KIND(kind)))
			return true;
	return false;
}

static enum kd_status write_data(struct saving *saving, struct kd_err *err)
{
	struct kd_writer *writer = &saving->writer;
	struct kd_job *job = &saving->job;
	uint64_t start = kd_monotonic_ns();
	bool twice =
		!writer->kind->needs_order && !job->options->by_address && has_lesser_pages(job);
	enum kd_status status;

	status = run_sweep(saving, take_data, twice ? KD_KINDS_VALUABLE : (uint32_t)ALL_KINDS, err);
	if (!status)
		status = writer->kind->turn(writer, err);
	if (!status && twice) {
		status = run_sweep(saving, take_data, ~KD_KINDS_VALUABLE, err);
		if (!status)
			status = writer->kind->turn(writer, err);
	}
	if (!status)
		status = kd_agree_end(&saving->agreement, err);
	job->result->data_ns += kd_monotonic_ns() - start;
	return status;
}

/* One attempt, with one set of kinds to leave out. */
static enum kd_status attempt(struct saving *saving, struct kd_sink *sink, struct kd_err *err)
{
	struct kd_writer *writer = &saving->writer;
	struct kd_job *job = &saving->job;
	struct kd_save_result *result = job->result;
	struct kd_err end_err = {KD_OK, ""};
	enum kd_status status, end_status;
	uint64_t start;

	saving->agreement = (struct kd_agreement){0};
	*writer = (struct kd_writer){
		.kind = kd_job_format(job->options),
		.plan = &job->plan,
		.sink = sink,
		.codec = kd_job_codec(job->options),
		.level = kd_kinds_level(job->plan.exclude),
		.erased = saving->erased,
	};
	status = writer->kind->open(writer, err);
	if (!status)
		status = measure(saving, err);
	if (!status)
		status = write_data(saving, err);
	if (saving->agreement.broken)
		writer->kind->retract(writer, saving->agreement.sure, NULL);
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
static void forget_counts(struct kd_job *job)
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

enum kd_status kd_save(struct kd_dump *dump, struct kd_kernel *kernel, struct kd_sink *sink,
		       const struct kd_save_options *options, struct kd_save_result *result,
		       struct kd_err *err)
{
	struct saving saving = {.erased = NULL};
	struct kd_job *job = &saving.job;
	enum kd_status status = kd_job_open(job, dump, kernel, options, true, true, result, err);

	if (!status)
		status = init_erased(&saving, err);
	for (unsigned int i = 0; !status; i++) {
		kd_job_exclude(job, options->exclude[i]);
		status = attempt(&saving, sink, err);
		if (!status || !sink->full || i + 1 >= options->exclude_count ||
		    !kd_sink_can_restart(sink))
			break;
		kd_log(options->log, KD_LOG_WARNING,
		       "the target is full: trying again with level %u",
		       kd_kinds_level(options->exclude[i + 1]));
		status = kd_sink_restart(sink, err);
		forget_counts(job);
	}
	kd_job_close(job);
	free(saving.erased);
	return status;
}
