/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The inside of an open dump, and the table of formats that fill it. Private to this layer. */
#ifndef KD_DUMP_FORMAT_H
#define KD_DUMP_FORMAT_H

#include "arch/arch.h"
#include "dump/dump.h"
#include "dump/kdump_header.h"
#include "dump/medium.h"
#include "dump/reader.h"
#include "dump/split.h"
#include "dump/window.h"

/* As much as we hold in memory of what is not pages, in the second kernel too. */
enum { KD_NOTES_LIMIT = 4 << 20, KD_SEGMENT_LIMIT = 1 << 22, KD_ALIASES = 8 };

/* Where a kdump-compressed file has what (dump/kdump_compressed.c). */
struct kd_compressed {
	struct kd_kdump_headers headers;
	uint64_t max_pfn;      /* one past the last page that the bitmaps have */
	uint64_t ram_offset;   /* of the first bitmap: what is RAM */
	uint64_t saved_offset; /* of the second: what has a descriptor */
	uint64_t desc_offset;  /* of the descriptors */
	uint64_t *ranks;       /* saved pages before each KD_RANK_PAGES-th page */
	size_t rank_count;
};

struct kd_dump {
	char *path;
	struct kd_medium medium;
	const struct kd_format *format;
	const struct kd_arch *arch;
	struct kd_dump_options options;
	struct kd_dump_facts facts;
	uint64_t missing_bytes;   /* that the headers promise past the end */
	struct kd_reader *reader; /* for those who have no other */
	struct kd_segment *segments;
	size_t segment_count, segment_room;
	struct kd_segment aliases[KD_ALIASES];
	size_t alias_count;
	struct kd_note *notes; /* point into note_bytes */
	size_t note_count, note_room;
	char *note_bytes;
	size_t note_bytes_count;
	const char *vmcoreinfo; /* points into note_bytes or into info_bytes */
	size_t vmcoreinfo_bytes;
	char *info_bytes;
	char *erase_bytes;
	struct kd_compressed compressed;
	bool is_set;               /* one of several files; then members have the pages */
	struct kd_member *members; /* sorted by start_pfn, not overlapping */
	size_t member_count;
	struct kd_file_id
		*files; /* of the set, facts.files of them: also those that have no pages */
	char *gaps;     /* which pages no member has, as text */
};

struct kd_format {
	const char *name;
	const char *magic;
	size_t magic_bytes;
	/* Fills segments, notes, arch and facts; what it allocated stays for kd_dump_close. */
	enum kd_status (*open)(struct kd_dump *dump, struct kd_err *err);
	/* What kd_reader_window, kd_reader_stream and kd_reader_present promise. */
	enum kd_status (*window)(struct kd_reader *reader, uint64_t paddr, const uint8_t **data,
				 size_t *bytes, struct kd_err *err);
	enum kd_status (*stream)(struct kd_reader *reader, uint64_t paddr, size_t want,
				 uint8_t *buffer, const uint8_t **data, size_t *bytes,
				 struct kd_err *err);
	enum kd_status (*present)(struct kd_reader *reader, uint64_t pfn, unsigned int count,
				  uint64_t *bits, struct kd_err *err);
};

extern const struct kd_format kd_format_elf, kd_format_kdump, kd_format_diskdump, kd_format_raw;

/* Of formats whose memory stands in the file as it was (dump/plain.c); and its pages, counted. */
enum kd_status kd_plain_window(struct kd_reader *reader, uint64_t paddr, const uint8_t **data,
			       size_t *bytes, struct kd_err *err);
enum kd_status kd_plain_stream(struct kd_reader *reader, uint64_t paddr, size_t want,
			       uint8_t *buffer, const uint8_t **data, size_t *bytes,
			       struct kd_err *err);
enum kd_status kd_plain_present(struct kd_reader *reader, uint64_t pfn, unsigned int count,
				uint64_t *bits, struct kd_err *err);
void kd_plain_count(struct kd_dump *dump);

/* Where a page descriptor was found last: the next one is near. */
struct kd_rank {
	bool known;
	uint64_t pfn, rank; /* saved pages before pfn */
};

enum { KD_CACHED_PAGES = 32, KD_DECODERS = 6 };

struct kd_reader {
	struct kd_dump *dump;
	struct kd_windows windows;
	/* of compressed dumps */
	struct kd_rank rank;
	struct kd_windows
		*members; /* of a set of files, as many as the dump has; NULL until used */
	uint8_t *pages;   /* KD_CACHED_PAGES decompressed ones */
	uint64_t page_pfn[KD_CACHED_PAGES];
	bool page_valid[KD_CACHED_PAGES];
	struct {
		const struct kd_codec *codec; /* NULL: the row is free */
		void *memory;
	} decoders[KD_DECODERS];
	uint8_t *packed; /* a page's data that lies in two windows */
};

/* Copies bytes of the medium, which may cross windows. KD_TRUNCATED past the end, KD_SYSTEM. */
enum kd_status kd_reader_copy(struct kd_reader *reader, uint64_t offset, void *buffer, size_t bytes,
			      struct kd_err *err);

/* The windows of a member of a set. KD_NOMEM. */
enum kd_status kd_reader_member(struct kd_reader *reader, size_t member,
				struct kd_windows **windows, struct kd_err *err);

/* Adds a segment; KD_UNSUPPORTED past KD_SEGMENT_LIMIT, KD_NOMEM. */
enum kd_status kd_segments_add(struct kd_dump *dump, const struct kd_segment *segment,
			       struct kd_err *err);

/*
 * Sorts segments by paddr and cuts away what repeats memory that a segment before describes: the
 * kernel's text appears twice in a core of the kernel, at its own virtual address and in the direct map. What
 * is cut away becomes an alias, as long as there is room for it. What one segment has in the file counts before what
 * another says to lack there: QEMU gives a mapping that reaches past a block of RAM all its length, and of the file
 * only the block (its dump.c, get_offset_range()). KD_NOMEM, KD_UNSUPPORTED.
 */
enum kd_status kd_segments_tidy(struct kd_dump *dump, struct kd_err *err);

/* The segment of a physical address, or NULL: a hole. */
const struct kd_segment *kd_segments_find(const struct kd_segment *segments, size_t count,
					  uint64_t paddr);

/* Adds the notes in data, a PT_NOTE, to dump->notes, which points into it from then on. KD_CORRUPT. */
enum kd_status kd_elf_notes(struct kd_dump *dump, const char *data, size_t bytes,
			    struct kd_err *err);

/* "no RAM there" and "left out of the dump", for a physical address. */
enum kd_status kd_fail_hole(struct kd_err *err, uint64_t paddr);
enum kd_status kd_fail_excluded(struct kd_err *err, uint64_t paddr);

#endif
