/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Runs a rehearsal that is prepared, in QEMU, and judges it. */
#ifndef KD_REHEARSE_RUN_H
#define KD_REHEARSE_RUN_H

#include "base/log.h"
#include "rehearse/rehearsal.h"

struct kd_rehearse_run {
	const char *folder;        /* prepared */
	const char *work;          /* a folder for the stand-in and what the guest says */
	unsigned int time_limit_s; /* of each boot */
	bool emulate;              /* also where the CPU could run the guest itself */
	const struct kd_log *log;
};

struct kd_rehearse_result {
	bool passed;
	char why[KD_REHEARSAL_TEXT]; /* "", or what went wrong, in a sentence */
	char cause[256];             /* of the crash, as the dump tells it */
	uint64_t dump_bytes;
	char console[512]; /* the files with what the guest said, in `work` */
};

/*
 * KD_OK with *result filled in, passed or not. KD_NOTFOUND: a program is not installed; the message names it. KD_SYSTEM
 * …: it could not be run.
 */
enum kd_status kd_rehearse_run(const struct kd_rehearse_run *run,
			       const struct kd_rehearsal *rehearsal,
			       struct kd_rehearse_result *result, struct kd_err *err);

#endif
