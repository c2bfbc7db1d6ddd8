/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An open dump: old memory by physical address, whatever the file format.
 *
 * Formats are rows of one table (dump/format.h); today ELF cores, as /proc/vmcore gives them and as
 * we write them, read through a bounded set of mmap windows: in the second kernel read(2) of
 * /proc/vmcore copies page by page (0.3 GB/s measured), a mapping runs at memory speed.
 */
#ifndef KD_DUMP_DUMP_H
#define KD_DUMP_DUMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct kd_dump;
struct kd_arch; /* arch/arch.h */

struct kd_dump_options {
	size_t window_bytes; /* 0: the default, 4 MiB; a power of two, at least a page */
	bool by_read;        /* read(2) instead of mapping: slower, but a bad page is an error */
};

/* A range of physical memory that the dump describes, as its PT_LOAD does. */
struct kd_segment {
	uint64_t paddr;
	uint64_t vaddr;        /* as recorded; meaningless to some producers */
	uint64_t memory_bytes; /* RAM in the machine */
	uint64_t file_bytes;   /* of them in the file; the rest was left out */
	uint64_t file_offset;
};

struct kd_note {
	const char *name; /* "CORE", "VMCOREINFO", … */
	uint32_t type;    /* NT_PRSTATUS … */
	const void *desc;
	size_t desc_bytes;
};

/*
 * Opens path. Everything the headers claim is checked against the file's size; a file that ends
 * before its segments do opens all the same, and kd_dump_missing_bytes() tells how much is gone.
 * KD_NOTFOUND, KD_SYSTEM, KD_UNSUPPORTED (not a dump), KD_CORRUPT, KD_TRUNCATED (not even headers).
 */
enum kd_status kd_dump_open(const char *path, const struct kd_dump_options *options,
			    struct kd_dump **dump, struct kd_err *err);
void kd_dump_close(struct kd_dump *dump);

const char *kd_dump_path(const struct kd_dump *dump);
const char *kd_dump_format(const struct kd_dump *dump); /* "elf" */
const struct kd_arch *kd_dump_arch(const struct kd_dump *dump);
uint64_t kd_dump_file_bytes(const struct kd_dump *dump); /* size of the file; /proc/vmcore's too */
uint64_t kd_dump_missing_bytes(const struct kd_dump *dump);

/* Sorted by paddr, as the dump's own; segments that only repeat memory (the kernel text) left out. */
const struct kd_segment *kd_dump_segments(const struct kd_dump *dump, size_t *count);
const struct kd_note *kd_dump_notes(const struct kd_dump *dump, size_t *count);
/* The text of the VMCOREINFO note, not NUL-terminated; NULL when there is none. */
const char *kd_dump_vmcoreinfo(const struct kd_dump *dump, size_t *bytes);
/* What stands in the file before the first segment's bytes, for copying headers verbatim. */
const void *kd_dump_headers(const struct kd_dump *dump, size_t *bytes);

/*
 * Copies memory at a physical address. KD_HOLE where there was no RAM, KD_EXCLUDED where the page was
 * left out, KD_TRUNCATED where the file ends, KD_SYSTEM where reading failed: for the first byte
 * that cannot be had; the buffer is then undefined.
 */
enum kd_status kd_dump_read(struct kd_dump *dump, uint64_t paddr, void *buffer, size_t bytes,
			    struct kd_err *err);

/*
 * The longest piece of memory at paddr that lies in one window, in place: *bytes of it, at least
 * one, valid until the next call on this dump. Status as for kd_dump_read. Touching the pages
 * of a file that shrinks meanwhile raises SIGBUS, as any mapping does.
 */
enum kd_status kd_dump_window(struct kd_dump *dump, uint64_t paddr, const void **data,
			      size_t *bytes, struct kd_err *err);

/*
 * The bytes of the file itself at an offset, in place, as kd_dump_window does for memory: for saving
 * a dump as it is. KD_TRUNCATED past its end, KD_SYSTEM where reading failed.
 */
enum kd_status kd_dump_file_window(struct kd_dump *dump, uint64_t offset, const uint8_t **data,
				   size_t *bytes, struct kd_err *err);

#endif
