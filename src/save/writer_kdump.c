/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writes the kdump-compressed format (dump/kdump_file.h, docs/format-kdump.md).
 *
 * Where everything goes is known before the first page: bitmaps as long as the machine's memory, descriptors for
 * as many pages as were counted, then data in whatever order it comes. The header says "incomplete" from the first
 * write until the last, both bitmaps are whole before the first page of data, and a page without
 * a descriptor has one of zeros, which readers take for missing. So whatever ends the work, what
 * there is by then is a dump; and the room for descriptors is reserved first, so that a full disk costs
 * pages and not the dump.
 *
 * Nothing grows with the machine: of each bitmap one block is held, of the descriptors a few thousand. Blocks
 * of zeros are not written.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "arch/arch.h"
#include "base/bytes.h"
#include "dump/kdump_file.h"
#include "host/file.h"
#include "host/system.h"
#include "kernel/registers.h"
#include "save/writer.h"

enum { BITMAP_BLOCK = 4096, DESCS_HELD = 2048 };

/* One of the two bitmaps: the block that is being filled. */
struct bitmap {
	uint64_t offset; /* in the dump */
	uint64_t block;  /* number of the one that is held */
	bool dirty;
	uint8_t bytes[BITMAP_BLOCK];
};

struct state {
	struct kd_kdump_header header;
	struct kd_kdump_sub_header sub;
	struct bitmap ram, saved;
	uint64_t desc_offset, data_offset;
	uint64_t
		zero_offset; /* of the page of zeros that all zero pages share; 0: not yet written */
	uint64_t rank;       /* kept pages before the next window */
	uint64_t first_desc; /* number of the first that is held */
	unsigned int desc_count;
	struct kd_kdump_desc descs[DESCS_HELD];
};

static enum kd_status flush_bitmap(struct kd_writer *writer, struct bitmap *bitmap,
				   struct kd_err *err)
{
	enum kd_status status = KD_OK;

	if (bitmap->dirty)
		status = kd_sink_write(writer->sink, bitmap->offset + bitmap->block * BITMAP_BLOCK,
				       bitmap->bytes, BITMAP_BLOCK, err);
	bitmap->dirty = false;
	memset(bitmap->bytes, 0, BITMAP_BLOCK);
	return status;
}

/* Sets bits for a window's pages; windows come in order, and none reaches over a block. */
static enum kd_status set_bits(struct kd_writer *writer, struct bitmap *bitmap,
			       const struct kd_window *window, const struct kd_page_set *set,
			       struct kd_err *err)
{
	uint64_t block = window->first_pfn / 8 / BITMAP_BLOCK;
	enum kd_status status = KD_OK;

	if (block != bitmap->block)
		status = flush_bitmap(writer, bitmap, err);
	bitmap->block = block;
	for (unsigned int i = 0; i < window->pages; i++) {
		uint64_t bit = (window->first_pfn + i) % (BITMAP_BLOCK * 8);

		if (set && !kd_set_has(set, i))
			continue;
		bitmap->bytes[bit / 8] |= (uint8_t)(1 << bit % 8);
		bitmap->dirty = true;
	}
	return status;
}

static void fill_header(struct kd_writer *writer, struct kd_kdump_header *header,
			uint64_t sub_bytes, uint64_t bitmap_bytes)
{
	const struct kd_plan *plan = writer->plan;
	uint64_t max_pfn = kd_plan_max_pfn(plan);

	memcpy(header->signature, KD_KDUMP_SIGNATURE, sizeof(header->signature));
	header->version = KD_KDUMP_VERSION;
	if (!plan->kernel || kd_kernel_utsname(plan->kernel, header->uts))
		memset(header->uts, 0, sizeof(header->uts));
	/* readers find the architecture here */
	strncpy(header->uts[KD_KDUMP_UTS_MACHINE], kd_dump_arch(plan->dump)->name,
		KD_KDUMP_UTS_BYTES - 1);
	header->time_s = plan->kernel ? (int64_t)kd_kernel_crash_time_s(plan->kernel) : 0;
	header->status = writer->codec->flag;
	/*
	 * A stream that is cut off lacks its end mark, and says so by that. Its header is written once and final:
	 * of two that a flattened file has, crash 8 takes the first.
	 */
	if (kd_sink_can_rewrite(writer->sink) || kd_dump_facts(plan->dump)->incomplete)
		header->status |= KD_KDUMP_INCOMPLETE;
	header->block_bytes = (int32_t)plan->page_bytes;
	header->sub_header_blocks = (int32_t)(sub_bytes / plan->page_bytes);
	header->bitmap_blocks = (uint32_t)(2 * bitmap_bytes / plan->page_bytes);
	header->max_pfn_32 = max_pfn > UINT32_MAX ? UINT32_MAX : (uint32_t)max_pfn;
	header->cpus = (int32_t)kd_registers_count(plan->dump);
}

/* What follows the sub header: notes, VMCOREINFO where no note has it, what was erased. */
struct texts {
	const void *notes, *info;
	const char *erased;
	size_t note_bytes, info_bytes, erased_bytes;
};

static struct texts find_texts(const struct kd_writer *writer)
{
	struct texts texts = {.erased = writer->erased};

	texts.notes = kd_dump_note_bytes(writer->plan->dump, &texts.note_bytes);
	texts.info = writer->plan->kernel
			     ? kd_kernel_vmcoreinfo_text(writer->plan->kernel, &texts.info_bytes)
			     : kd_dump_vmcoreinfo(writer->plan->dump, &texts.info_bytes);
	texts.erased_bytes = texts.erased ? strlen(texts.erased) : 0;
	return texts;
}

static bool info_is_in_notes(const struct texts *texts)
{
	const char *info = texts->info, *notes = texts->notes;

	return info && notes && info >= notes && info < notes + texts->note_bytes;
}

/* Fills the sub header and gives it with its texts as one piece of memory, to be freed. */
static enum kd_status make_sub_header(struct kd_writer *writer, uint8_t **piece, uint64_t *bytes,
				      struct kd_err *err)
{
	const struct kd_plan *plan = writer->plan;
	struct state *state = writer->state;
	struct kd_kdump_sub_header *sub = &state->sub;
	const struct texts texts = find_texts(writer);
	uint64_t at = sizeof(*sub), info_at;
	int64_t phys_base = 0;

	if (plan->kernel)
		kd_vmcoreinfo_number(kd_kernel_vmcoreinfo(plan->kernel), "phys_base", &phys_base,
				     NULL);
	sub->phys_base = (uint64_t)phys_base;
	sub->dump_level = (int32_t)writer->level;
	sub->max_pfn = kd_plan_max_pfn(plan);
	sub->end_pfn = sub->end_pfn_32 = 0; /* not one of a set of split files */
	sub->notes_offset = texts.note_bytes ? plan->page_bytes + at : 0;
	sub->notes_bytes = texts.note_bytes;
	at += texts.note_bytes;
	info_at = at;
	if (info_is_in_notes(&texts)) {
		sub->vmcoreinfo_offset = sub->notes_offset + (uint64_t)((const char *)texts.info -
									(const char *)texts.notes);
	} else if (texts.info) {
		sub->vmcoreinfo_offset = plan->page_bytes + at;
		at += texts.info_bytes;
	}
	sub->vmcoreinfo_bytes = texts.info_bytes;
	if (texts.erased_bytes) {
		sub->erased_offset = plan->page_bytes + at;
		sub->erased_bytes = texts.erased_bytes;
	}
	*bytes = kd_round_up(at + texts.erased_bytes, plan->page_bytes);
	*piece = calloc(1, (size_t)*bytes);
	if (!*piece)
		return kd_fail_errno(err, ENOMEM, "the header of the dump");
	memcpy(*piece, sub, sizeof(*sub));
	if (texts.note_bytes)
		memcpy(*piece + sizeof(*sub), texts.notes, texts.note_bytes);
	if (at > info_at)
		memcpy(*piece + info_at, texts.info, texts.info_bytes);
	if (texts.erased_bytes)
		memcpy(*piece + at, texts.erased, texts.erased_bytes);
	return KD_OK;
}

static enum kd_status write_header(struct kd_writer *writer, struct kd_err *err)
{
	struct state *state = writer->state;

	return kd_sink_write(writer->sink, 0, &state->header, sizeof(state->header), err);
}

static enum kd_status open_kdump(struct kd_writer *writer, struct kd_err *err)
{
	const uint64_t page_bytes = writer->plan->page_bytes;
	uint64_t max_pfn = kd_plan_max_pfn(writer->plan), bitmap_bytes, sub_bytes = 0;
	struct state *state = calloc(1, sizeof(*state));
	KD_CLEANUP_FREE uint8_t *sub = NULL;
	enum kd_status status;

	if (!state)
		return kd_fail_errno(err, ENOMEM, "the writer");
	writer->state = state;
	status = make_sub_header(writer, &sub, &sub_bytes, err);
	if (status)
		return status;
	bitmap_bytes = kd_round_up((max_pfn + 7) / 8, page_bytes);
	state->ram.offset = page_bytes + sub_bytes;
	state->saved.offset = state->ram.offset + bitmap_bytes;
	state->desc_offset = state->saved.offset + bitmap_bytes;
	fill_header(writer, &state->header, sub_bytes, bitmap_bytes);
	/* from here on there is a dump, if an empty one: the file reaches to the end of its bitmaps */
	status = kd_sink_zero(writer->sink, 0, state->desc_offset, err);
	if (!status)
		status = write_header(writer, err);
	if (!status)
		status = kd_sink_write(writer->sink, page_bytes, sub, (size_t)sub_bytes, err);
	if (!status)
		status = kd_sink_write(writer->sink, state->desc_offset - 1, "", 1, err);
	return status;
}

static void close_kdump(struct kd_writer *writer)
{
	free(writer->state);
}

static enum kd_status measure_kdump(struct kd_writer *writer, const struct kd_window *window,
				    struct kd_err *err)
{
	struct state *state = writer->state;
	enum kd_status status = set_bits(writer, &state->ram, window, NULL, err);

	return status ? status : set_bits(writer, &state->saved, window, &window->kept, err);
}

static enum kd_status begin_kdump(struct kd_writer *writer, struct kd_err *err)
{
	struct state *state = writer->state;
	uint64_t desc_bytes = writer->kept_pages * sizeof(struct kd_kdump_desc);
	enum kd_status status;

	status = flush_bitmap(writer, &state->ram, err);
	if (!status)
		status = flush_bitmap(writer, &state->saved, err);
	if (!status)
		status = kd_sink_reserve(writer->sink, state->desc_offset, desc_bytes, err);
	state->data_offset = state->desc_offset + desc_bytes;
	return status;
}

static enum kd_status flush_descs(struct kd_writer *writer, struct kd_err *err)
{
	struct state *state = writer->state;
	unsigned int count = state->desc_count;

	state->desc_count = 0;
	return kd_sink_write(writer->sink,
			     state->desc_offset + state->first_desc * sizeof(*state->descs),
			     state->descs, count * sizeof(*state->descs), err);
}

static enum kd_status put_desc(struct kd_writer *writer, uint64_t number,
			       const struct kd_kdump_desc *desc, struct kd_err *err)
{
	struct state *state = writer->state;
	enum kd_status status = KD_OK;

	/* behind the last descriptor page data begins */
	if (number >= writer->kept_pages)
		return kd_fail(err, KD_CORRUPT, "more pages come than were counted");
	if (state->desc_count == DESCS_HELD ||
	    (state->desc_count && number != state->first_desc + state->desc_count))
		status = flush_descs(writer, err);
	if (!state->desc_count)
		state->first_desc = number;
	state->descs[state->desc_count++] = *desc;
	return status;
}

/* The page that all zero pages share, written when the first of them comes. */
static enum kd_status write_zero_page(struct kd_writer *writer, struct kd_err *err)
{
	struct state *state = writer->state;
	const uint64_t page_bytes = writer->plan->page_bytes;
	KD_CLEANUP_FREE uint8_t *page = calloc(1, (size_t)page_bytes);
	enum kd_status status;

	if (!page)
		return kd_fail_errno(err, ENOMEM, "a page");
	status = kd_sink_write(writer->sink, state->data_offset, page, (size_t)page_bytes, err);
	if (status)
		return status;
	state->zero_offset = state->data_offset;
	state->data_offset += page_bytes;
	return KD_OK;
}

static bool has_zero_page(const struct kd_window *window)
{
	for (unsigned int i = 0; i < window->pages; i++)
		if (kd_set_has(&window->now, i) && window->packed[i].state == KD_PACKED_ZERO)
			return true;
	return false;
}

static struct kd_kdump_desc describe(const struct kd_writer *writer, const struct kd_packed *packed,
				     uint64_t data_offset)
{
	const struct state *state = writer->state;

	switch (packed->state) {
	case KD_PACKED_DATA:
	case KD_PACKED_REPEAT:
		return (struct kd_kdump_desc){data_offset + packed->at, packed->bytes,
					      packed->flags, 0};
	case KD_PACKED_ZERO:
		return (struct kd_kdump_desc){
			state->zero_offset, (uint32_t)writer->plan->page_bytes, KD_CODEC_STORED, 0};
	default:
		return (struct kd_kdump_desc){0}; /* missing */
	}
}

static enum kd_status put_kdump(struct kd_writer *writer, const struct kd_window *window,
				struct kd_err *err)
{
	struct state *state = writer->state;
	uint64_t data_offset, number = state->rank;
	enum kd_status status = KD_OK;

	if (!state->zero_offset && has_zero_page(window))
		status = write_zero_page(writer, err);
	data_offset = state->data_offset;
	if (!status && window->out_bytes)
		status = kd_sink_write(writer->sink, data_offset, window->out, window->out_bytes,
				       err);
	if (status)
		return status;
	state->data_offset += window->out_bytes;
	for (unsigned int i = 0; !status && i < window->pages; i++) {
		struct kd_kdump_desc desc;

		if (!kd_set_has(&window->kept, i))
			continue;
		if (kd_set_has(&window->now, i)) {
			desc = describe(writer, &window->packed[i], data_offset);
			status = put_desc(writer, number, &desc, err);
		}
		number++;
	}
	state->rank = number;
	/* of a stream that ends here, the pages up to here are there */
	if (!status && !kd_sink_can_rewrite(writer->sink))
		status = flush_descs(writer, err);
	return status;
}

static enum kd_status turn_kdump(struct kd_writer *writer, struct kd_err *err)
{
	struct state *state = writer->state;

	state->rank = 0;
	return flush_descs(writer, err);
}

/* Descriptors of zeros: pages that are not there. */
static enum kd_status retract_kdump(struct kd_writer *writer, uint64_t rank, struct kd_err *err)
{
	static const struct kd_kdump_desc none[64];
	struct state *state = writer->state;
	enum kd_status status = flush_descs(writer, err);

	while (!status && rank < state->rank && rank < writer->kept_pages) {
		uint64_t left = writer->kept_pages - rank;
		size_t count = left < 64 ? (size_t)left : 64;

		status = kd_sink_write(writer->sink, state->desc_offset + rank * sizeof(*none),
				       none, count * sizeof(*none), err);
		rank += count;
	}
	return status;
}

static enum kd_status end_kdump(struct kd_writer *writer, bool whole, uint64_t *file_bytes,
				struct kd_err *err)
{
	struct state *state = writer->state;
	enum kd_status status;
	uint32_t was;

	if (!state->data_offset) /* cut off before it was begun */
		state->data_offset = state->desc_offset;
	status = flush_descs(writer, err);
	*file_bytes = state->data_offset;
	if (!status)
		status = kd_sink_sync(writer->sink, err);
	if (status || !whole)
		return status;
	/* only now, with everything else on stable storage */
	was = state->header.status;
	state->header.status &= ~(uint32_t)KD_KDUMP_INCOMPLETE;
	if (writer->unreadable_pages || writer->lacks_files)
		state->header.status |= KD_KDUMP_INCOMPLETE;
	if (state->header.status != was)
		status = write_header(writer, err);
	return status ? status : kd_sink_end(writer->sink, state->data_offset, err);
}

const struct kd_writer_kind kd_writer_kdump = {
	.name = "kdump",
	.packing = KD_PACK_TIGHT,
	.open = open_kdump,
	.close = close_kdump,
	.measure = measure_kdump,
	.begin = begin_kdump,
	.put = put_kdump,
	.turn = turn_kdump,
	.retract = retract_kdump,
	.end = end_kdump,
};
