/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What would happen on a panic now: the kernel's word, our record, and whether they still agree. */
#ifndef KD_LOAD_STATE_H
#define KD_LOAD_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "host/paths.h"
#include "load/iomem.h"
#include "load/record.h"

enum { KD_STALE_REASONS = 8 };

/* Why what is loaded no longer matches the machine or the files. */
struct kd_load_stale {
	char reasons[KD_STALE_REASONS][192];
	size_t count;
	bool layout; /* one of them: the core header describes another machine */
};

enum kd_load_verdict {
	KD_VERDICT_UNSUPPORTED,    /* this kernel cannot */
	KD_VERDICT_NO_RESERVATION, /* no crashkernel= */
	KD_VERDICT_NEVER_LOADED,
	KD_VERDICT_DISARMED,
	KD_VERDICT_REBOOTED, /* armed, but not loaded again since the boot */
	KD_VERDICT_LOST,     /* armed and loaded in this boot, and gone */
	KD_VERDICT_FOREIGN,  /* loaded by another program */
	KD_VERDICT_LAYOUT,   /* ours, but memory or CPUs changed since */
	KD_VERDICT_STALE,    /* ours, but its files changed: the dump would still be taken */
	KD_VERDICT_READY,
};

struct kd_load_state {
	bool supported;
	uint64_t reserved_bytes; /* the kernel's own word, of the larger part */
	struct kd_reservation reservation;
	bool loaded; /* the kernel's own word */
	bool has_record;
	char record_problem[KD_ERR_TEXT_BYTES]; /* "", or why the record cannot be used */
	struct kd_load_record record;
	bool ours; /* what is loaded is what the record tells of */
	bool kernel_follows_hotplug;
	struct kd_load_stale stale;
	enum kd_load_verdict verdict;
};

/* The kernel's word: something is loaded for a panic. */
bool kd_load_is_loaded(const struct kd_paths *paths);
bool kd_load_is_of_this_boot(const struct kd_paths *paths, const struct kd_load_record *record);

/* Compares files and layout with what the record says of them. */
void kd_load_check_stale(const struct kd_paths *paths, const struct kd_load_record *record,
			 struct kd_load_stale *stale);

/* Only failures that leave the question open fail: unreadable /proc/iomem, no memory. */
enum kd_status kd_load_state_read(const struct kd_paths *paths, struct kd_load_state *state,
				  struct kd_err *err);
void kd_load_state_deinit(struct kd_load_state *state);

/* "ready", "stale", "disarmed", … */
const char *kd_load_verdict_name(enum kd_load_verdict verdict);
/* What would happen, in a sentence. */
const char *kd_load_verdict_sentence(enum kd_load_verdict verdict);
/* What a person does about it; NULL when nothing is needed. */
const char *kd_load_verdict_hint(enum kd_load_verdict verdict);
/* Whether a panic now would give a dump. */
bool kd_load_verdict_is_good(enum kd_load_verdict verdict);

#endif
