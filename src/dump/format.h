/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The inside of an open dump, and the table of formats that fill it. Private to this layer. */
#ifndef KD_DUMP_FORMAT_H
#define KD_DUMP_FORMAT_H

#include "arch/arch.h"
#include "dump/dump.h"
#include "dump/window.h"

/* As much as we hold in memory of what is not pages, in the second kernel too. */
enum { KD_HEADERS_LIMIT = 16 << 20, KD_NOTES_LIMIT = 4 << 20 };

struct kd_dump {
	char *path;
	int fd;
	uint64_t file_bytes;
	uint64_t missing_bytes;
	const struct kd_format *format;
	const struct kd_arch *arch;
	struct kd_windows windows;
	struct kd_segment *segments;
	size_t segment_count;
	struct kd_note *notes; /* point into note_bytes */
	size_t note_count, note_room;
	char *note_bytes;
	const char *vmcoreinfo; /* points into note_bytes */
	size_t vmcoreinfo_bytes;
	char *headers;
	size_t header_bytes;
};

struct kd_format {
	const char *name;
	const char *magic;
	size_t magic_bytes;
	/* Fills segments, notes, arch and headers; what it allocated stays for kd_dump_close. */
	enum kd_status (*open)(struct kd_dump *dump, struct kd_err *err);
};

extern const struct kd_format kd_format_elf;

/*
 * Copies a range of the file, which may be unaligned and larger than a window. KD_TRUNCATED past the
 * end, KD_SYSTEM.
 */
enum kd_status kd_dump_read_file(struct kd_dump *dump, uint64_t offset, void *buffer, size_t bytes,
				 struct kd_err *err);

/*
 * Sorts segments by paddr and cuts away what repeats memory that a segment before describes: the
 * kernel's text appears twice in a core of the kernel, at its own virtual address and in the direct map.
 * Returns how many are left.
 */
size_t kd_segments_tidy(struct kd_segment *segments, size_t count);

/* The segment of a physical address, or NULL: a hole. */
const struct kd_segment *kd_segments_find(const struct kd_segment *segments, size_t count,
					  uint64_t paddr);

/* Adds the notes in data, a PT_NOTE, to dump->notes, which points into it from then on. KD_CORRUPT. */
enum kd_status kd_elf_notes(struct kd_dump *dump, const char *data, size_t bytes,
			    struct kd_err *err);

#endif
