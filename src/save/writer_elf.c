/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writes an ELF core with holes cut out of its segments: a PT_LOAD for each run of pages that are kept
 * (save/elf_core.h). Zero pages are there, many in a row as a hole of a sparse file.
 *
 * In a file the header says "incomplete" from the first write until the last (dump/elf_mark.h). A stream's is
 * written once; a stream that is cut off is shorter than its headers promise. On a device that is no sign, for
 * behind what was written is what was there before: there the header comes last, and without it there is no dump.
 *
 * Runs are found twice in the same way: counted, so that it is known where pages begin, and then described.
 * Pages follow in order, which makes the file one that a pipe can take.
 */
#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "host/system.h"
#include "save/elf_core.h"
#include "save/writer.h"

enum { HEADERS_HELD = 512, LEAST_HOLE_BYTES = 64 << 10 };

struct state {
	struct kd_elf_core core;
	struct kd_elf_runs runs;
	uint64_t rank;      /* kept pages that were put */
	uint64_t loads;     /* PT_LOADs, counted by the first sweep */
	bool describing;    /* the second sweep: headers are written */
	uint64_t next_load; /* number of the next program header to write */
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

static enum kd_status add_header(void *opaque, const Elf64_Phdr *header, struct kd_err *err)
{
	struct kd_writer *writer = opaque;
	struct state *state = writer->state;

	if (!state->describing) {
		state->loads++;
		return KD_OK;
	}
	state->headers[state->held++] = *header;
	state->next_load++;
	return state->held == HEADERS_HELD ? flush_headers(writer, err) : KD_OK;
}

static enum kd_status add_run(void *opaque, const struct kd_elf_run *run, struct kd_err *err)
{
	struct kd_writer *writer = opaque;
	struct state *state = writer->state;

	return kd_elf_core_loads(&state->core, run, add_header, writer, err);
}

static enum kd_status close_run(struct kd_writer *writer, struct kd_err *err)
{
	struct state *state = writer->state;

	return kd_elf_runs_end(&state->runs, add_run, writer, err);
}

static enum kd_status measure_elf(struct kd_writer *writer, const struct kd_window *window,
				  struct kd_err *err)
{
	struct state *state = writer->state;
	enum kd_status status = KD_OK;
	unsigned int page = 0;

	while (!status && page < window->pages) {
		bool kept = kd_set_has(&window->kept, page);
		unsigned int end = kd_set_next(&window->kept, page, window->pages, !kept);

		status = kd_elf_runs_add(&state->runs, window->first_pfn + page, end - page, kept,
					 add_run, writer, err);
		page = end;
	}
	return status;
}

static enum kd_status open_elf(struct kd_writer *writer, struct kd_err *err)
{
	const struct kd_plan *plan = writer->plan;
	struct state *state = calloc(1, sizeof(*state));

	if (!state)
		return kd_fail_errno(err, ENOMEM, "the writer");
	writer->state = state;
	return kd_elf_core_init(&state->core, plan->dump, plan->kernel, plan->page_bytes,
				writer->erased, writer->erased ? strlen(writer->erased) : 0, err);
}

static void close_elf(struct kd_writer *writer)
{
	struct state *state = writer->state;

	if (state)
		kd_elf_core_deinit(&state->core);
	free(state);
}

/* The mark is what the core has, or more. */
static enum kd_status write_elf_header(struct kd_writer *writer, bool incomplete,
				       struct kd_err *err)
{
	struct state *state = writer->state;
	struct kd_elf_core core = state->core;
	struct kd_elf_first first;

	core.incomplete |= incomplete;
	kd_elf_core_first(&core, &first);
	return kd_sink_write(writer->sink, 0, &first.elf, sizeof(first.elf), err);
}

static enum kd_status write_first_headers(struct kd_writer *writer, struct kd_err *err)
{
	struct state *state = writer->state;
	struct kd_elf_first first;
	enum kd_status status = kd_elf_core_place(&state->core, state->loads, err);

	if (status)
		return status;
	kd_elf_core_first(&state->core, &first);
	if (writer->sink->kind->has_past)
		status = kd_sink_zero(writer->sink, 0, sizeof(first.elf), err);
	else
		status = write_elf_header(writer, !writer->sink->kind->in_order, err);
	return status ? status : add_header(writer, &first.note, err);
}

/* Between the sweeps: the count is known, and with it where everything goes; then all is written. */
static enum kd_status begin_elf(struct kd_writer *writer, struct kd_err *err)
{
	struct state *state = writer->state;
	enum kd_status status = close_run(writer, err);

	state->runs.rank = 0;
	state->describing = true;
	return status ? status : write_first_headers(writer, err);
}

static enum kd_status describe_elf(struct kd_writer *writer, struct kd_err *err)
{
	struct state *state = writer->state;
	const struct kd_elf_core *core = &state->core;
	Elf64_Shdr section;
	enum kd_status status = close_run(writer, err);

	if (!status)
		status = flush_headers(writer, err);
	if (!status && kd_elf_core_section(core, &section))
		status = kd_sink_write(writer->sink, core->notes_offset - sizeof(section), &section,
				       sizeof(section), err);
	if (!status)
		status = kd_sink_write(writer->sink, core->notes_offset, core->notes,
				       core->note_bytes, err);
	return status;
}

/*
 * Runs of pages with data become writes; zero pages between them are holes, where there can be any. Where there are only few
 * they are written: each hole costs the file system another extent, and us another system call, which takes longer than
 * so many zeros do.
 */
static enum kd_status put_elf(struct kd_writer *writer, const struct kd_window *window,
			      struct kd_err *err)
{
	struct state *state = writer->state;
	const uint64_t page_bytes = writer->plan->page_bytes;
	uint64_t offset = state->core.data_offset + state->rank * page_bytes;
	size_t at = 0, end = 0; /* in window->out: what is to be written */
	enum kd_status status = KD_OK;
	unsigned int kept = 0;

	if (state->rank + kd_set_count(&window->now) > writer->kept_pages)
		return kd_fail(err, KD_CORRUPT, "more pages come than were counted");

	for (unsigned int i = 0; !status && i < window->pages; i++) {
		const struct kd_packed *packed = &window->packed[i];

		if (!kd_set_has(&window->now, i))
			continue;
		kept++;
		if (packed->state != KD_PACKED_DATA)
			continue;
		if (packed->at - end <= LEAST_HOLE_BYTES) {
			memset(window->out + end, 0, packed->at - end);
		} else {
			status = kd_sink_write(writer->sink, offset + at, window->out + at,
					       end - at, err);
			if (!status)
				status = kd_sink_zero(writer->sink, offset + end, packed->at - end,
						      err);
			at = packed->at;
		}
		end = packed->at + packed->bytes;
	}
	if (!status)
		status = kd_sink_write(writer->sink, offset + at, window->out + at, end - at, err);
	if (!status)
		status = kd_sink_zero(writer->sink, offset + end, kept * page_bytes - end, err);
	if (!status)
		state->rank += kept;
	return status;
}

static enum kd_status turn_elf(struct kd_writer *writer, struct kd_err *err)
{
	return KD_OK;
}

/* The file ends before them; of a stream they are gone. */
static enum kd_status retract_elf(struct kd_writer *writer, uint64_t rank, struct kd_err *err)
{
	struct state *state = writer->state;

	if (rank < state->rank)
		state->rank = rank;
	return kd_sink_cut(writer->sink,
			   state->core.data_offset + state->rank * writer->plan->page_bytes, err);
}

static enum kd_status end_elf(struct kd_writer *writer, bool whole, uint64_t *file_bytes,
			      struct kd_err *err)
{
	struct state *state = writer->state;
	enum kd_status status;

	*file_bytes = state->core.data_offset + state->rank * writer->plan->page_bytes;
	/* a dump that is cut off ends where it was cut */
	status = kd_sink_sync(writer->sink, err);
	if (status || !whole)
		return status;
	/* only now, with all pages on stable storage */
	if (!writer->sink->kind->in_order)
		status = write_elf_header(writer, writer->unreadable_pages, err);
	return status ? status : kd_sink_end(writer->sink, *file_bytes, err);
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
	.retract = retract_elf,
	.end = end_elf,
};
