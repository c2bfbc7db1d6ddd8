/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel prepares the text as it starts, in a zeroed page of its own, of which it uses no more than that
 * (kernel/vmcore_info.c, before 6.9 kernel/crash_core.c: crash_save_vmcoreinfo_init(), VMCOREINFO_BYTES). OSRELEASE
 * is its first line, PAGESIZE one of the next.
 */
#include "kernel/info_search.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "arch/arch.h"
#include "base/bytes.h"
#include "base/log.h"
#include "host/system.h"

static const char first_line[] = "OSRELEASE=";
static const char later_line[] = "\nPAGESIZE=";

enum { PIECE_BYTES = 1 << 20 };

bool kd_dump_is_from_outside(const struct kd_dump *dump)
{
	size_t count;
	const struct kd_note *notes = kd_dump_notes(dump, &count);

	if (!strcmp(kd_dump_format(dump), "raw"))
		return true;
	for (size_t i = 0; i < count; i++)
		if (!strcmp(notes[i].name, "QEMU"))
			return true;
	return false;
}

/* The length of the text that a page holds, 0 when it is none. */
static size_t measure(const uint8_t *page, size_t bytes)
{
	const uint8_t *end;
	size_t length;

	if (memcmp(page, first_line, sizeof(first_line) - 1) != 0)
		return 0;
	end = memchr(page, '\0', bytes);
	length = end ? (size_t)(end - page) : bytes;
	for (size_t i = 0; i < length; i++)
		if (page[i] != '\n' && (page[i] < ' ' || page[i] > '~'))
			return 0;
	return memmem(page, length, later_line, sizeof(later_line) - 1) ? length : 0;
}

/* Looks at the whole pages from paddr on. NULL when none of them has the text, or no memory is left. */
static char *find_in(const uint8_t *data, size_t bytes, size_t page_bytes, size_t *length)
{
	for (size_t at = 0; bytes - at >= page_bytes; at += page_bytes) {
		*length = measure(data + at, page_bytes);
		if (*length)
			return strndup((const char *)data + at, *length);
	}
	return NULL;
}

struct search {
	struct kd_dump *dump;
	uint8_t *buffer;
	size_t page_bytes;
	uint64_t done_bytes, all_bytes;
	char *text; /* what was found */
	size_t length;
	bool stopped; /* on request */
};

static void search_segment(struct search *search, const struct kd_segment *segment)
{
	const size_t page_bytes = search->page_bytes;
	uint64_t end = segment->paddr + segment->file_bytes;
	uint64_t paddr = kd_round_down(segment->paddr, page_bytes);

	if (paddr < segment->paddr)
		paddr += page_bytes;
	while (paddr < end && end - paddr >= page_bytes) {
		size_t want = end - paddr < PIECE_BYTES ? (size_t)(end - paddr) : PIECE_BYTES;
		const uint8_t *data;
		size_t bytes;

		search->stopped = !kd_progress(kd_dump_search(search->dump),
					       search->done_bytes + paddr - segment->paddr,
					       search->all_bytes);
		if (search->stopped)
			return;
		/* a page that cannot be read, or is not there, is not the one */
		if (kd_reader_stream(kd_dump_reader(search->dump), paddr, want, search->buffer,
				     &data, &bytes, NULL) ||
		    bytes < page_bytes) {
			paddr += page_bytes;
			continue;
		}
		search->text = find_in(data, bytes, page_bytes, &search->length);
		if (search->text)
			return;
		paddr += kd_round_down(bytes, page_bytes);
	}
	search->done_bytes += segment->file_bytes;
}

enum kd_status kd_vmcoreinfo_search(struct kd_dump *dump, char **text, size_t *bytes,
				    struct kd_err *err)
{
	struct search search = {.dump = dump, .page_bytes = kd_dump_arch(dump)->page_bytes};
	size_t count;
	const struct kd_segment *segments = kd_dump_segments(dump, &count);

	if (!strcmp(kd_dump_path(dump), "/proc/vmcore"))
		return kd_fail(err, KD_NOTFOUND,
			       "no VMCOREINFO note: not a core of a Linux kernel");
	search.buffer = malloc(PIECE_BYTES);
	if (!search.buffer)
		return kd_fail_errno(err, ENOMEM, "searching VMCOREINFO");
	for (size_t i = 0; i < count; i++)
		search.all_bytes += segments[i].file_bytes;
	for (size_t i = 0; i < count && !search.text && !search.stopped; i++)
		search_segment(&search, &segments[i]);
	free(search.buffer);
	if (search.stopped)
		return kd_fail(err, KD_SYSTEM, "stopped while searching VMCOREINFO");
	if (!search.text)
		return kd_fail(err, KD_NOTFOUND,
			       "no VMCOREINFO, neither as a note nor in memory: no Linux kernel");
	*text = search.text;
	*bytes = search.length;
	return KD_OK;
}
