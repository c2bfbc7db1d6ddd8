/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Saves a dump: any that can be read, whole or without the pages that nobody needs, in any format.
 *
 *     plan -> read -> workers (zero test, compress) -> one ordered writer -> sink
 *
 * docs/save.md tells how it works. Memory is taken before the first page is read, and does not depend on
 * how large the dump is: kd_save_memory() says how much.
 */
#ifndef KD_SAVE_SAVE_H
#define KD_SAVE_SAVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/log.h"
#include "codec/codec.h"
#include "dump/dump.h"
#include "kernel/kernel.h"
#include "kernel/page_kind.h"
#include "save/erase.h"
#include "save/sink.h"

enum { KD_UNREADABLE_NAMED = 32, KD_LEVELS_TRIED = 8, KD_WORKERS_MOST = 64 };

enum kd_save_format { KD_SAVE_KDUMP, KD_SAVE_ELF };

struct kd_save_options {
	enum kd_save_format format;
	const struct kd_codec *codec; /* of KD_SAVE_KDUMP */
	int codec_level;
	/* Kinds of pages to leave out; when the sink is full, the next of them is tried from the start. */
	uint32_t exclude[KD_LEVELS_TRIED];
	unsigned int exclude_count;
	unsigned int workers;               /* threads; 0: as many as the machine has CPUs */
	bool by_address;                    /* not the kernel's own pages first */
	bool sample;                        /* of kd_save_estimate(): tell sizes, too */
	bool judge_again;                   /* in each sweep, as it is on large machines */
	const struct kd_erasures *erasures; /* what is not to be in the dump; NULL: nothing */
	const struct kd_progress *progress;
	const struct kd_log *log;
};

struct kd_save_result {
	bool complete;     /* all pages that were to be saved are */
	bool stopped;      /* because the progress callback said so */
	bool classified;   /* pages could be told apart */
	uint32_t excluded; /* the kinds that were left out in the end */
	uint64_t pages
		[KD_PAGE_KINDS]; /* pages of the source by kind; zero ones under what they are */
	uint64_t absent[KD_PAGE_KINDS];   /* pages that the source lacks, by what they were */
	uint64_t zero_pages;              /* of those that were read */
	uint64_t repeated_pages;          /* of these, not zero, that share the data of another */
	uint64_t kept_pages, saved_pages; /* to be saved, and saved */
	uint64_t unknown_pages;           /* that could not be judged, and were kept */
	uint64_t file_bytes, data_bytes;  /* of the dump; of page data in it */
	uint64_t unreadable_pages;        /* that the source would not give */
	uint64_t unreadable[KD_UNREADABLE_NAMED]; /* addresses of the first of them */
	/* nanoseconds: of the sweeps, of the last sync; and of all workers together */
	uint64_t plan_ns, data_ns, sync_ns, judge_ns, read_ns, pack_ns, write_ns;
};

/*
 * Saves dump into sink and puts it on stable storage. kernel is NULL when the dump does not tell whose it
 * is; then, or when its pages cannot be told apart, everything is saved (but zero pages as such) and the log says why.
 *
 * KD_OK when all is done, with result->complete set unless the source did not give all pages; or the reason: KD_NOMEM,
 * KD_CORRUPT when sweeps do not agree (save/agree.h), KD_SYSTEM when the sink fails or is full (after all of `exclude`
 * were tried) or the progress callback stops it, KD_UNSUPPORTED … *result is filled in then, too, and what was written is
 * a valid dump that says it is incomplete, unless nothing could be written at all.
 */
enum kd_status kd_save(struct kd_dump *dump, struct kd_kernel *kernel, struct kd_sink *sink,
		       const struct kd_save_options *options, struct kd_save_result *result,
		       struct kd_err *err);

/*
 * Judges all pages: which of them kd_save() would keep. With `sample`, some of these are read and packed as it would do
 * that, and result->zero_pages, data_bytes and file_bytes are what is to be expected by them; else none is read, and these
 * are 0.
 */
enum kd_status kd_save_estimate(struct kd_dump *dump, struct kd_kernel *kernel,
				const struct kd_save_options *options,
				struct kd_save_result *result, struct kd_err *err);

/* All pages of RAM, saved or not. */
uint64_t kd_save_all_pages(const struct kd_save_result *result);

/* Bytes that kd_save() allocates for so many workers and such pages. */
size_t kd_save_memory(const struct kd_save_options *options, unsigned int workers,
		      size_t page_bytes);

#endif
