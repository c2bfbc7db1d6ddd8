/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What saving and its estimate share: the plan, the workers with all that a thread needs for itself, the memory, and sweeps
 * with these. Private to this layer.
 */
#ifndef KD_SAVE_JOB_H
#define KD_SAVE_JOB_H

#include "save/memo.h"
#include "save/pack.h"
#include "save/plan.h"
#include "save/reserve.h"
#include "save/save.h"
#include "save/sweep.h"
#include "save/writer.h"

/* One worker. */
struct kd_hand {
	struct kd_reader *reader;
	struct kd_judge judge;
	struct kd_packer packer;
	void *encoder;
	uint8_t *input;
	uint64_t judge_ns;
};

struct kd_job {
	const struct kd_save_options *options;
	struct kd_save_result *result;
	struct kd_plan plan;
	struct kd_pages pages;
	struct kd_memmap *memmap; /* where struct pages are to be left out; else NULL */
	struct kd_memo *memo;     /* where pages are read; else NULL: there is one sweep */
	struct kd_sweep sweep;
	struct kd_reserve reserve;
	struct kd_hand *hands;
	unsigned int workers;
	uint32_t wanted; /* kinds of this sweep */
	bool reads;      /* this sweep reads pages */
	uint64_t done_pages, total_pages;
};

/* How options->format is written. */
const struct kd_writer_kind *kd_job_format(const struct kd_save_options *options);
/* How it packs pages. */
const struct kd_codec *kd_job_codec(const struct kd_save_options *options);

/*
 * Learns how pages can be told apart, and takes all memory that the work needs: less of it where no page is read. What is to be
 * written must not change meanwhile; an estimate may be of a living system. `result` is that of the whole work.
 */
enum kd_status kd_job_open(struct kd_job *job, struct kd_dump *dump, struct kd_kernel *kernel,
			   const struct kd_save_options *options, bool reads, bool writes,
			   struct kd_save_result *result, struct kd_err *err);
/* Adds the times of the workers to the result. */
void kd_job_close(struct kd_job *job);

/* Kinds to leave out from now on: as far as they can be told. */
void kd_job_exclude(struct kd_job *job, uint32_t kinds);

/*
 * A sweep over all windows: pages of the `wanted` kinds are read and packed where it `reads`. take() gets the job as
 * its opaque.
 */
enum kd_status kd_job_sweep(struct kd_job *job,
			    enum kd_status (*take)(void *opaque, struct kd_window *window,
						   struct kd_err *err),
			    uint32_t wanted, bool reads, struct kd_err *err);

/* Counts the pages of a window by kind. */
void kd_job_count(struct kd_job *job, const struct kd_window *window);

/* Tells the progress that so many more pages are done: KD_SYSTEM when it asks to stop. */
enum kd_status kd_job_go_on(struct kd_job *job, uint64_t pages, struct kd_err *err);

#endif
