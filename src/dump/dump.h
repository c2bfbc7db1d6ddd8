/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An open dump: old memory by physical address, whatever the file format.
 *
 * Formats are rows of one table (dump/format.h): ELF cores, as /proc/vmcore gives them and as we write
 * them; kdump-compressed dumps, of one file or several; either of them flattened; bare memory. They are seen through a bounded set of windows; those
 * of /proc/vmcore are mapped, for its read(2) copies page by page (0.3 GB/s measured in a second kernel) and
 * a mapping runs at memory speed.
 *
 * An open dump does not change; kd_dump_read() uses a reader that it has, and so belongs to
 * one thread. Others open readers of their own (dump/reader.h).
 */
#ifndef KD_DUMP_DUMP_H
#define KD_DUMP_DUMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "dump/reader.h"

struct kd_arch;     /* arch/arch.h */
struct kd_progress; /* base/log.h */

enum kd_access {
	KD_ACCESS_AUTO, /* maps the kernel's files (/proc/vmcore), reads those of file systems */
	KD_ACCESS_MAP,  /* maps always, as far as that is possible */
	KD_ACCESS_READ, /* read(2) only: slower in a second kernel, but a bad page is an error */
};

struct kd_dump_options {
	size_t window_bytes; /* 0: a default; a power of two, at least a page */
	enum kd_access access;
	/*
	 * The file is memory and nothing else, from a physical address on; what it starts with is not looked at.
	 * Otherwise a file of no known format is refused.
	 */
	bool raw;
	uint64_t raw_base;    /* of a page */
	const char *raw_arch; /* kd_arch.name; NULL: x86_64 */
	/*
	 * Told how much of a dump was searched that does not say what kernel it is of: all memory, at worst. Borrowed, for
	 * as long as the dump is open; NULL: nobody.
	 */
	const struct kd_progress *search;
	/* Files of one split dump beside the one that is opened: these, and no others. None: they are found. */
	const char *const *others;
	size_t other_count;
};

/* A range of physical memory that the dump describes, as its PT_LOAD does. */
struct kd_segment {
	uint64_t paddr;
	uint64_t vaddr; /* as recorded; meaningless to some producers; 0 in kdump-compressed */
	uint64_t memory_bytes; /* RAM in the machine */
	uint64_t file_bytes;   /* of them in the file; the rest was left out */
	uint64_t file_offset;  /* 0 in kdump-compressed dumps, whose pages say for themselves */
};

struct kd_note {
	const char *name; /* "CORE", "VMCOREINFO", … */
	uint32_t type;    /* NT_PRSTATUS … */
	const void *desc;
	size_t desc_bytes;
};

enum { KD_FACT_TEXT_BYTES = 66 };

/* What the headers tell of how the dump was made. */
struct kd_dump_facts {
	bool flattened;
	bool live;       /* /proc/kcore: of a system that runs, and goes on while it is read */
	bool cut;        /* flattened, and without its end: nobody can tell how much is missing */
	bool incomplete; /* the dump says of itself that pages are missing */
	int level;       /* makedumpfile's, 0 to 31; -1: not told */
	uint32_t codec_flags; /* enum kd_codec_flag, of the header */
	uint64_t ram_pages;   /* of the machine, as far as the dump describes it */
	uint64_t saved_pages; /* of them in the dump, those that lie past its end included */
	const char *erased;   /* what was erased on purpose, as text; NULL: nothing */
	size_t erased_bytes;
	size_t files;          /* that the dump was put together from: of a split set, else 1 */
	uint64_t absent_pages; /* saved, but in files of the set that are not there */
	const char *absent;    /* "pages 0x… to 0x…": which files; NULL: none */
	/* What headers say themselves of the kernel and of when it crashed; "" and 0 where they do not. */
	char release[KD_FACT_TEXT_BYTES], nodename[KD_FACT_TEXT_BYTES];
	uint64_t time_s;
};

/*
 * Opens path. Everything the headers claim is checked against the file's size; a file that ends
 * before its pages do opens all the same, and kd_dump_missing_bytes() tells how much is gone.
 * KD_INVALID (options), KD_NOTFOUND, KD_SYSTEM, KD_UNSUPPORTED (not a dump), KD_CORRUPT, KD_TRUNCATED (not even headers).
 */
enum kd_status kd_dump_open(const char *path, const struct kd_dump_options *options,
			    struct kd_dump **dump, struct kd_err *err);
/*
 * Opens the files of one split dump (makedumpfile --split), in any order: these, and no others. kd_dump_open()
 * of one of them finds those beside it whose names differ in one number. A set may lack files: their
 * pages are KD_TRUNCATED, and facts.absent names them. KD_UNSUPPORTED where one is not of the set.
 */
enum kd_status kd_dump_open_set(const char *const *paths, size_t count,
				const struct kd_dump_options *options, struct kd_dump **dump,
				struct kd_err *err);
void kd_dump_close(struct kd_dump *dump);

const char *kd_dump_path(const struct kd_dump *dump);
const char *kd_dump_format(const struct kd_dump *dump); /* "elf", "kdump", "diskdump", "raw" */
const struct kd_arch *kd_dump_arch(const struct kd_dump *dump);
const struct kd_dump_facts *kd_dump_facts(const struct kd_dump *dump);
uint64_t kd_dump_file_bytes(
	const struct kd_dump *dump); /* of the file that was opened; /proc/vmcore's too */
/* True when path is a file that the dump is read from, under whatever name: one of a set, too, even without pages. */
bool kd_dump_has_file(const struct kd_dump *dump, const char *path);
/*
 * How many bytes the headers promise past the end of the file: pages of an ELF core, descriptors and the
 * last page of a kdump-compressed one; at least 1 where a flattened file lacks its end.
 */
uint64_t kd_dump_missing_bytes(const struct kd_dump *dump);

/* Sorted by paddr, as the dump's own; segments that only repeat memory (the kernel text) left out. */
const struct kd_segment *kd_dump_segments(const struct kd_dump *dump, size_t *count);
/* The rank of the first of them that ends after paddr, and so has it or lies behind it; count when none does. */
size_t kd_segments_after(const struct kd_segment *segments, size_t count, uint64_t paddr);
/*
 * Other virtual addresses of memory that the segments have: what the segments that repeat memory said.
 * Only paddr, vaddr and memory_bytes mean something.
 */
const struct kd_segment *kd_dump_aliases(const struct kd_dump *dump, size_t *count);
/* All notes as they stand in the dump, padded; NULL when there are none. */
const void *kd_dump_note_bytes(const struct kd_dump *dump, size_t *bytes);
const struct kd_note *kd_dump_notes(const struct kd_dump *dump, size_t *count);
/* The text of the VMCOREINFO note, not NUL-terminated; NULL when there is none. */
const char *kd_dump_vmcoreinfo(const struct kd_dump *dump, size_t *bytes);

/*
 * The file that the format is about: the one that was opened, put in order if it is flattened. How long it is, and
 * bytes of it, for any number of threads at once; KD_TRUNCATED past its end, KD_SYSTEM.
 */
uint64_t kd_dump_content_bytes(const struct kd_dump *dump);
enum kd_status kd_dump_content(const struct kd_dump *dump, uint64_t offset, void *buffer,
			       size_t bytes, struct kd_err *err);

/* The dump's own reader, for one thread. */
struct kd_reader *kd_dump_reader(const struct kd_dump *dump);

/* Who is told of searches: options.search. */
const struct kd_progress *kd_dump_search(const struct kd_dump *dump);

/* kd_reader_read() with it. */
enum kd_status kd_dump_read(struct kd_dump *dump, uint64_t paddr, void *buffer, size_t bytes,
			    struct kd_err *err);

#endif
