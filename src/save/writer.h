/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Formats of dumps that are written: rows of one table, one file each. A writer is given every window twice or
 * more, in order of addresses: once to see which pages will come, and then with their data. Private to this layer.
 */
#ifndef KD_SAVE_WRITER_H
#define KD_SAVE_WRITER_H

#include "codec/codec.h"
#include "save/pack.h"
#include "save/plan.h"
#include "save/save.h"
#include "save/sink.h"

struct kd_writer {
	const struct kd_writer_kind *kind;
	const struct kd_plan *plan; /* borrowed, all of them */
	struct kd_sink *sink;
	const struct kd_codec *codec;
	unsigned int level; /* that the header tells */
	const char *erased; /* what was erased, as text; NULL: nothing */
	uint64_t kept_pages;
	uint64_t unreadable_pages; /* counted by the caller; written as missing */
	bool lacks_files;          /* the source does, of a split set */
	void *state;               /* the kind's own */
};

struct kd_writer_kind {
	const char *name;
	enum kd_packing packing;
	bool needs_order; /* pages come in order of addresses only, in one sweep */
	/* Allocates what it needs. */
	enum kd_status (*open)(struct kd_writer *writer, struct kd_err *err);
	void (*close)(struct kd_writer *writer);
	/* A window of the first sweep: its `kept` pages will come. */
	enum kd_status (*measure)(struct kd_writer *writer, const struct kd_window *window,
				  struct kd_err *err);
	/* All was measured: writes what comes before page data. `kept_pages` is set. */
	enum kd_status (*begin)(struct kd_writer *writer, struct kd_err *err);
	/*
	 * When not NULL, all windows come to measure() once more after begin(), and then this is called: for
	 * headers whose place depends on how many there are.
	 */
	enum kd_status (*describe)(struct kd_writer *writer, struct kd_err *err);
	/* A window of a later sweep, with the data of its `now` pages. */
	enum kd_status (*put)(struct kd_writer *writer, const struct kd_window *window,
			      struct kd_err *err);
	/* A sweep over all windows ended, and another begins or end() comes. */
	enum kd_status (*turn)(struct kd_writer *writer, struct kd_err *err);
	/* Takes back what was put of kept pages from number `rank` on: it may be another page's. */
	enum kd_status (*retract)(struct kd_writer *writer, uint64_t rank, struct kd_err *err);
	/* The end: whole, or cut off after what was put. Leaves a valid dump, on stable storage. */
	enum kd_status (*end)(struct kd_writer *writer, bool whole, uint64_t *file_bytes,
			      struct kd_err *err);
};

extern const struct kd_writer_kind kd_writer_kdump, kd_writer_elf;

#endif
