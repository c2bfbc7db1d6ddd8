/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Saves an ELF core as it is: every byte at its place, zeros as holes. The result compares equal to
 * the source, headers, notes and all, so that every reader of the one reads the other.
 */
#ifndef KD_SAVE_ELF_COPY_H
#define KD_SAVE_ELF_COPY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/log.h"
#include "base/sha256.h"
#include "dump/dump.h"
#include "save/sink.h"

enum { KD_UNREADABLE_NAMED = 32 };

struct kd_save_options {
	bool digest; /* also compute the SHA-256 of the file */
	const struct kd_progress *progress;
	const struct kd_log *log;
};

struct kd_save_result {
	bool complete;
	uint64_t file_bytes;    /* of the dump, holes included */
	uint64_t written_bytes; /* that went to the sink */
	uint64_t zero_bytes;    /* that did not need to */
	uint64_t done_bytes;    /* how far it came; file_bytes when complete */
	/* pages that the source would not give: zeros in the dump */
	uint64_t unreadable_pages;
	uint64_t unreadable[KD_UNREADABLE_NAMED]; /* file offsets of the first of them */
	bool has_digest;
	uint8_t digest[KD_SHA256_BYTES];
};

/*
 * Copies all of dump and puts it on stable storage. Memory is bounded by the dump's windows. A page
 * that cannot be read is recorded and left zero. KD_SYSTEM when the sink fails or the progress
 * callback stops it; *result is filled in then, too, and what was written is a valid beginning.
 */
enum kd_status kd_save_elf(struct kd_dump *dump, struct kd_sink *sink,
			   const struct kd_save_options *options, struct kd_save_result *result,
			   struct kd_err *err);

#endif
