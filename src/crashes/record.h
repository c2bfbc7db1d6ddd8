/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The last words of a machine in pstore: texts cut into records that fit an EFI variable.
 *
 * A record is a line and a piece of a text: "kdump KIND ID OFFSET TOTAL BYTES\n", where ID is the time of the capture
 * and the piece is BYTES bytes of the TOTAL of that text, from OFFSET on. A record stands on its own: whatever others
 * were lost, or did not fit, its piece finds its place. KIND is `summary` (JSON: the members of a report.json that name
 * the crash, and `why` no target was to be had), `log` (the end of the kernel's log) or `report`.
 *
 * In an EFI variable a record is stored as the kernel does it (drivers/firmware/efi/efi-pstore.c, fs/pstore/platform.c):
 * raw deflate, or as it is when that does not make it fit. The next boot's efi_pstore shows it in /sys/fs/pstore,
 * unpacked, or with a name in .enc.z where that kernel has no deflate.
 */
#ifndef KD_CRASHES_RECORD_H
#define KD_CRASHES_RECORD_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum kd_record_kind { KD_RECORD_SUMMARY, KD_RECORD_LOG, KD_RECORD_REPORT, KD_RECORD_KINDS };

enum {
	/* EFIVARS_DATA_SIZE_MAX: efi_pstore reads no larger variable, and gives up where one is */
	KD_RECORD_STORED_BYTES = 1024,
	/* what a kernel unpacks a record of that size into: 100/60 of it in 6.6 and later, 100/56 before */
	KD_RECORD_BYTES = 1700,
};

const char *kd_record_kind_name(enum kd_record_kind kind);

/* A text that is to be cut. */
struct kd_record_source {
	enum kd_record_kind kind;
	uint64_t id;
	const char *text;
	size_t total_bytes;
};

/*
 * Makes the record of the piece at offset; the bytes that it took of buffer, 0 when they were more than `room`.
 */
size_t kd_record_format(const struct kd_record_source *source, size_t offset, size_t bytes,
			char *buffer, size_t room);

/* Raw deflate into `room` bytes; 0 when it does not fit. */
size_t kd_record_deflate(const void *data, size_t bytes, void *packed, size_t room);
/* Its reverse; 0 when that is no such stream, or it does not fit. */
size_t kd_record_inflate(const void *packed, size_t packed_bytes, void *data, size_t room);

struct kd_record {
	enum kd_record_kind kind;
	uint64_t id;
	size_t offset, total_bytes, bytes;
	char *text;
};

struct kd_records {
	struct kd_record *items;
	size_t count;
};

/*
 * Adds the records that stand in data, which may be anything. *ours gets how many of the bytes they are. KD_NOMEM.
 */
enum kd_status kd_records_add(struct kd_records *records, const char *data, size_t bytes,
			      size_t *ours, struct kd_err *err);
void kd_records_deinit(struct kd_records *records);

/*
 * Puts a text of one crash together, for the caller to free; a gap says how much is missing. KD_NOTFOUND: no record
 * of it. KD_NOMEM.
 */
enum kd_status kd_records_join(const struct kd_records *records, uint64_t id,
			       enum kd_record_kind kind, char **text, size_t *bytes,
			       struct kd_err *err);

#endif
