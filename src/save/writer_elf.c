/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writes an ELF core with holes cut out of its segments: a PT_LOAD for each run of pages that are kept. Its p_memsz
 * reaches over the pages that were left out behind the run, so that readers can tell RAM that was left out
 * from what is no RAM (p_filesz < p_memsz, as makedumpfile -E writes it). Zero pages are there, as holes of a
 * sparse file.
 *
 *     ELF header, program headers, a section header for their count if there are more than 65534, notes, pages
 *
 * Runs are found twice in the same way: counted, so that it is known where pages begin, and then described.
 * Pages follow in order, which makes the file one that a pipe can take.
 */
#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "arch/arch.h"
#include "base/bytes.h"
#include "host/system.h"
#include "kernel/mapping.h"
#include "save/writer.h"

enum { HEADERS_HELD = 512, NOTE_NAME_BYTES = 12, NOTE_ALIGN = 4 };

/* Pages that become one PT_LOAD: first_pfn up to kept_end is in the file, up to ram_end is RAM. */
struct run {
	bool open;
	uint64_t first_pfn, kept_end, ram_end;
	uint64_t rank; /* kept pages before it */
};

struct state {
	struct run run;
	uint64_t rank;       /* kept pages of the sweep so far */
	uint64_t loads;      /* PT_LOADs, counted by the first sweep */
	bool describing;     /* the second sweep: headers are written */
	uint64_t next_load;  /* number of the next program header to write */
	uint64_t direct_map; /* what a physical address has added, where no segment says */
	struct kd_segment
		image; /* where the kernel's image is mapped, when the dump has no alias for it */
	uint64_t notes_offset, data_offset;
	uint8_t *notes;
	size_t note_bytes;
	unsigned int held;
	Elf64_Phdr headers[HEADERS_HELD];
};

static enum kd_status flush_headers(struct kd_writer *writer, struct kd_err *err)
{
	struct state *state = writer->state;
	unsigned int held = state->held;

	state->held = 0;
	return kd_sink_write(writer->sink,
			     sizeof(Elf64_Ehdr) + (state->next_load - held) * sizeof(Elf64_Phdr),
			     state->headers, held * sizeof(Elf64_Phdr), err);
}

static enum kd_status add_header(struct kd_writer *writer, const Elf64_Phdr *header,
				 struct kd_err *err)
{
	struct state *state = writer->state;

	if (!state->describing) {
		state->loads++;
		return KD_OK;
	}
	state->headers[state->held++] = *header;
	state->next_load++;
	return state->held == HEADERS_HELD ? flush_headers(writer, err) : KD_OK;
}

/* The first segment of the source that ends after paddr; `count` when none does. */
static size_t segment_after(const struct kd_segment *segments, size_t count, uint64_t paddr)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (segments[middle].paddr + segments[middle].memory_bytes <= paddr)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Cuts a range of whole pages to the RAM in it: segments may begin and end within a page. */
static void clip(const struct kd_plan *plan, uint64_t *start, uint64_t *end)
{
	size_t count;
	const struct kd_segment *segments = kd_dump_segments(plan->dump, &count);
	size_t first = segment_after(segments, count, *start);
	size_t last = segment_after(segments, count, *end - 1);

	if (first < count && segments[first].paddr > *start && segments[first].paddr < *end)
		*start = segments[first].paddr;
	/* the one that holds the last byte; where there is none, the one before ends earlier */
	if ((last == count || segments[last].paddr >= *end) && last > first)
		*end = segments[last - 1].paddr + segments[last - 1].memory_bytes;
}

static uint64_t vaddr_of(const struct kd_writer *writer, uint64_t paddr)
{
	const struct state *state = writer->state;
	size_t count;
	const struct kd_segment *segments = kd_dump_segments(writer->plan->dump, &count);
	size_t found = segment_after(segments, count, paddr);

	if (found < count && segments[found].vaddr && paddr >= segments[found].paddr)
		return segments[found].vaddr + (paddr - segments[found].paddr);
	return state->direct_map ? state->direct_map + paddr : 0;
}

/* The same pages at another virtual address: a PT_LOAD more, of the same bytes in the file. */
static enum kd_status add_alias(struct kd_writer *writer, const struct kd_segment *alias,
				const Elf64_Phdr *load, struct kd_err *err)
{
	uint64_t start = load->p_paddr, end = load->p_paddr + load->p_filesz;
	uint64_t alias_end = alias->paddr + alias->memory_bytes;
	Elf64_Phdr header = *load;

	if (start < alias->paddr)
		start = alias->paddr;
	if (end > alias_end)
		end = alias_end;
	if (start >= end)
		return KD_OK;
	header.p_offset += start - load->p_paddr;
	header.p_paddr = start;
	header.p_vaddr = alias->vaddr + (start - alias->paddr);
	header.p_filesz = header.p_memsz = end - start;
	return add_header(writer, &header, err);
}

static enum kd_status close_run(struct kd_writer *writer, struct kd_err *err)
{
	struct state *state = writer->state;
	const uint64_t page_bytes = writer->plan->page_bytes;
	struct run *run = &state->run;
	uint64_t start = run->first_pfn * page_bytes, ram_end = run->ram_end * page_bytes;
	uint64_t kept_end = run->kept_end * page_bytes;
	Elf64_Phdr load = {.p_type = PT_LOAD, .p_flags = PF_R | PF_W | PF_X};
	const struct kd_segment *aliases;
	enum kd_status status;
	size_t count;

	if (!run->open)
		return KD_OK;
	run->open = false;
	clip(writer->plan, &start, &ram_end);
	if (kept_end > ram_end)
		kept_end = ram_end;
	if (kept_end < start)
		kept_end = start;
	load.p_paddr = start;
	load.p_vaddr = vaddr_of(writer, start);
	load.p_memsz = ram_end - start;
	load.p_filesz = kept_end - start;
	load.p_offset = state->data_offset + run->rank * page_bytes + start % page_bytes;
	status = add_header(writer, &load, err);
	aliases = kd_dump_aliases(writer->plan->dump, &count);
	for (size_t i = 0; !status && i < count; i++)
		status = add_alias(writer, &aliases[i], &load, err);
	if (!status && !count)
		status = add_alias(writer, &state->image, &load, err);
	return status;
}

/* Adds pages that are all kept, or all left out. */
static enum kd_status add_pages(struct kd_writer *writer, uint64_t first_pfn, uint64_t pages,
				bool kept, struct kd_err *err)
{
	struct state *state = writer->state;
	struct run *run = &state->run;
	bool follows = run->open && run->ram_end == first_pfn;
	enum kd_status status = KD_OK;

	if (!follows || (kept && run->kept_end != run->ram_end)) {
		status = close_run(writer, err);
		*run = (struct run){true, first_pfn, first_pfn, first_pfn, state->rank};
	}
	run->ram_end += pages;
	if (kept) {
		run->kept_end = run->ram_end;
		state->rank += pages;
	}
	return status;
}

static enum kd_status measure_elf(struct kd_writer *writer, const struct kd_window *window,
				  struct kd_err *err)
{
	enum kd_status status = KD_OK;
	unsigned int page = 0;

	while (!status && page < window->pages) {
		bool kept = kd_set_has(&window->kept, page);
		unsigned int end = kd_set_next(&window->kept, page, window->pages, !kept);

		status = add_pages(writer, window->first_pfn + page, end - page, kept, err);
		page = end;
	}
	return status;
}

/* Notes of our own go behind the source's. */
struct own_note {
	const char *name;
	const void *desc;
	size_t bytes;
};

static size_t note_bytes(const struct own_note *note)
{
	return sizeof(Elf64_Nhdr) + kd_round_up(strlen(note->name) + 1, NOTE_ALIGN) +
	       kd_round_up(note->bytes, NOTE_ALIGN);
}

static void put_note(const struct own_note *note, uint8_t *to)
{
	Elf64_Nhdr header = {.n_namesz = (uint32_t)strlen(note->name) + 1,
			     .n_descsz = (uint32_t)note->bytes};

	memcpy(to, &header, sizeof(header));
	memcpy(to + sizeof(header), note->name, header.n_namesz);
	memcpy(to + sizeof(header) + kd_round_up(header.n_namesz, NOTE_ALIGN), note->desc,
	       note->bytes);
}

static bool is_within(const void *inner, const void *outer, size_t bytes)
{
	return (uintptr_t)inner >= (uintptr_t)outer && (uintptr_t)inner < (uintptr_t)outer + bytes;
}

/* All notes: the source's; VMCOREINFO, where they lack it; and what was erased. */
static enum kd_status make_notes(struct kd_writer *writer, struct kd_err *err)
{
	const struct kd_dump *dump = writer->plan->dump;
	const struct kd_dump_facts *facts = kd_dump_facts(dump);
	struct state *state = writer->state;
	size_t count, bytes = 0, at;
	struct own_note info = {.name = "VMCOREINFO"}, erased = {.name = "ERASEINFO"};
	const void *notes = kd_dump_note_bytes(dump, &bytes);

	kd_dump_notes(dump, &count);
	info.desc = writer->plan->kernel
			    ? kd_kernel_vmcoreinfo_text(writer->plan->kernel, &info.bytes)
			    : kd_dump_vmcoreinfo(dump, &info.bytes);
	if (count && info.desc && is_within(info.desc, notes, bytes))
		info.desc = NULL;
	erased.bytes = writer->erased ? strlen(writer->erased) : 0;
	/* all of it was erased before, and an ELF source has a note that says so */
	if (!count || facts->erased_bytes != erased.bytes ||
	    !is_within(facts->erased, notes, bytes))
		erased.desc = writer->erased;
	if (!count)
		bytes = 0;
	at = (size_t)kd_round_up(bytes, NOTE_ALIGN);
	state->note_bytes =
		at + (info.desc ? note_bytes(&info) : 0) + (erased.desc ? note_bytes(&erased) : 0);
	if (!state->note_bytes)
		return KD_OK;
	state->notes = calloc(1, state->note_bytes);
	if (!state->notes)
		return kd_fail_errno(err, ENOMEM, "the notes");
	if (bytes)
		memcpy(state->notes, notes, bytes);
	if (info.desc) {
		put_note(&info, state->notes + at);
		at += note_bytes(&info);
	}
	if (erased.desc)
		put_note(&erased, state->notes + at);
	return KD_OK;
}

static enum kd_status open_elf(struct kd_writer *writer, struct kd_err *err)
{
	const struct kd_plan *plan = writer->plan;
	struct state *state = calloc(1, sizeof(*state));

	if (!state)
		return kd_fail_errno(err, ENOMEM, "the writer");
	writer->state = state;
	if (plan->kernel) {
		kd_kernel_direct_map(plan->kernel, &state->direct_map, NULL);
		kd_kernel_image(plan->kernel, &state->image.vaddr, &state->image.paddr,
				&state->image.memory_bytes, NULL);
	}
	return make_notes(writer, err);
}

static void close_elf(struct kd_writer *writer)
{
	struct state *state = writer->state;

	if (state)
		free(state->notes);
	free(state);
}

static enum kd_status write_first_headers(struct kd_writer *writer, struct kd_err *err)
{
	struct state *state = writer->state;
	uint64_t count = state->loads + 1;
	bool many = count >= PN_XNUM;
	Elf64_Ehdr elf = {
		.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB,
			    EV_CURRENT},
		.e_type = ET_CORE,
		.e_machine = kd_dump_arch(writer->plan->dump)->elf_machine,
		.e_version = EV_CURRENT,
		.e_phoff = sizeof(elf),
		.e_shoff = many ? sizeof(elf) + count * sizeof(Elf64_Phdr) : 0,
		.e_ehsize = sizeof(elf),
		.e_phentsize = sizeof(Elf64_Phdr),
		.e_phnum = (uint16_t)(many ? PN_XNUM : count),
		.e_shentsize = many ? sizeof(Elf64_Shdr) : 0,
		.e_shnum = many,
	};
	Elf64_Phdr note = {.p_type = PT_NOTE};
	enum kd_status status;

	if (count > UINT32_MAX)
		return kd_fail(err, KD_UNSUPPORTED, "%llu runs of pages: more than ELF can count",
			       (unsigned long long)count);
	state->notes_offset =
		elf.e_phoff + count * sizeof(Elf64_Phdr) + (many ? sizeof(Elf64_Shdr) : 0);
	state->data_offset =
		kd_round_up(state->notes_offset + state->note_bytes, writer->plan->page_bytes);
	note.p_offset = state->notes_offset;
	note.p_filesz = note.p_memsz = state->note_bytes;
	status = kd_sink_write(writer->sink, 0, &elf, sizeof(elf), err);
	return status ? status : add_header(writer, &note, err);
}

/* Between the sweeps: the count is known, and with it where everything goes; then all is written. */
static enum kd_status begin_elf(struct kd_writer *writer, struct kd_err *err)
{
	struct state *state = writer->state;
	enum kd_status status = close_run(writer, err);

	state->rank = 0;
	state->describing = true;
	return status ? status : write_first_headers(writer, err);
}

static enum kd_status describe_elf(struct kd_writer *writer, struct kd_err *err)
{
	struct state *state = writer->state;
	Elf64_Shdr section = {.sh_info = (uint32_t)(state->loads + 1)};
	enum kd_status status = close_run(writer, err);

	if (!status)
		status = flush_headers(writer, err);
	if (!status && state->loads + 1 >= PN_XNUM)
		status = kd_sink_write(writer->sink, state->notes_offset - sizeof(section),
				       &section, sizeof(section), err);
	if (!status)
		status = kd_sink_write(writer->sink, state->notes_offset, state->notes,
				       state->note_bytes, err);
	state->rank = 0;
	return status;
}

/* Runs of pages with data become writes; zero pages between them are skipped. */
static enum kd_status put_elf(struct kd_writer *writer, const struct kd_window *window,
			      struct kd_err *err)
{
	struct state *state = writer->state;
	const uint64_t page_bytes = writer->plan->page_bytes;
	uint64_t offset = state->data_offset + state->rank * page_bytes;
	size_t at = 0, end = 0; /* in window->out: what is to be written */
	enum kd_status status = KD_OK;
	unsigned int kept = 0;

	for (unsigned int i = 0; !status && i < window->pages; i++) {
		const struct kd_packed *packed = &window->packed[i];

		if (!kd_set_has(&window->now, i))
			continue;
		kept++;
		if (packed->state != KD_PACKED_DATA)
			continue;
		if (packed->at != end) {
			status = kd_sink_write(writer->sink, offset + at, window->out + at,
					       end - at, err);
			at = packed->at;
		}
		end = packed->at + packed->bytes;
	}
	if (!status)
		status = kd_sink_write(writer->sink, offset + at, window->out + at, end - at, err);
	if (!status)
		state->rank += kept;
	return status;
}

static enum kd_status turn_elf(struct kd_writer *writer, struct kd_err *err)
{
	return KD_OK;
}

static enum kd_status end_elf(struct kd_writer *writer, bool whole, uint64_t *file_bytes,
			      struct kd_err *err)
{
	struct state *state = writer->state;

	*file_bytes = state->data_offset + state->rank * writer->plan->page_bytes;
	/* a dump that is cut off ends where it was cut: its headers promise more, and so tell it */
	return whole ? kd_sink_end(writer->sink, *file_bytes, err)
		     : kd_sink_sync(writer->sink, err);
}

const struct kd_writer_kind kd_writer_elf = {
	.name = "elf",
	.packing = KD_PACK_IN_PLACES,
	.needs_order = true,
	.open = open_elf,
	.close = close_elf,
	.measure = measure_elf,
	.begin = begin_elf,
	.describe = describe_elf,
	.put = put_elf,
	.turn = turn_elf,
	.end = end_elf,
};
