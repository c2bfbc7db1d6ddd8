/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One thread's way into an open dump: its windows, its decoders, its cache. Any number of readers may
 * work on one dump at the same time, each in one thread.
 */
#ifndef KD_DUMP_READER_H
#define KD_DUMP_READER_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct kd_dump;
struct kd_reader;

/* The dump is borrowed and must outlive the reader. KD_NOMEM. */
enum kd_status kd_reader_open(struct kd_dump *dump, struct kd_reader **reader, struct kd_err *err);
void kd_reader_close(struct kd_reader *reader);

struct kd_dump *kd_reader_dump(const struct kd_reader *reader);

/*
 * Memory at a physical address, in place: *bytes of it, at least one, valid until the next call on
 * this reader. KD_HOLE where there was no RAM, KD_EXCLUDED where the page was left out, KD_TRUNCATED where
 * the file ends (or an unfinished dump does), KD_CORRUPT where a page does not decompress, KD_SYSTEM where
 * reading failed. Touching the pages of a file that shrinks meanwhile raises SIGBUS, as any mapping does.
 */
enum kd_status kd_reader_window(struct kd_reader *reader, uint64_t paddr, const uint8_t **data,
				size_t *bytes, struct kd_err *err);

/* Copies memory; the status is that of the first byte that cannot be had, and the buffer undefined. */
enum kd_status kd_reader_read(struct kd_reader *reader, uint64_t paddr, void *buffer, size_t bytes,
			      struct kd_err *err);

/*
 * The same for one who goes through all memory once: up to `want` bytes, in place where that costs less
 * than reading, else in buffer, which has room for them. *bytes is at least one; less than `want`
 * where something else begins. Valid until the next call.
 */
enum kd_status kd_reader_stream(struct kd_reader *reader, uint64_t paddr, size_t want,
				uint8_t *buffer, const uint8_t **data, size_t *bytes,
				struct kd_err *err);

/*
 * Sets bit i of bits for each page pfn + i, i < count, of which the dump has anything, and clears the
 * others. count is a multiple of 64.
 */
enum kd_status kd_reader_present(struct kd_reader *reader, uint64_t pfn, unsigned int count,
				 uint64_t *bits, struct kd_err *err);

#endif
