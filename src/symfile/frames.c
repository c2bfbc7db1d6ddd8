/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The tables are read at once, and what an entry means is asked of inspect/orc.h once for each that looks different:
 * there are half a million of them, and some hundred kinds.
 */
#include "symfile/frames.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "host/file.h"
#include "host/system.h"
#include "inspect/unwind.h"

enum {
	DISTANCE_BYTES = 4,
	ENTRY_BYTES_MOST = 8,
	ENTRIES_MOST = 1 << 24,
	/* of one FDE: who unwinds goes through it from its start */
	ROWS_MOST = 32,
	KNOWN = 1 << 12, /* entries whose meaning is kept */
};
#define NULL_PAGE_BYTES UINT64_C(0x1000)
#define USER_END        (UINT64_C(1) << 56) /* with page tables of five levels */

struct frames {
	const struct kd_layout *layout;
	struct kd_orc_tables tables;
	struct kd_cfi *cfi;
	struct {
		uint64_t bytes;
		struct kd_orc orc;
		bool used;
	} known[KNOWN];
	enum kd_frame_kind open; /* the kind of the FDE that was begun */
	unsigned int rows;       /* of it */
	uint64_t open_end;
	uint64_t entries; /* of all tables so far */
};

struct table {
	uint64_t ip_vaddr, vaddr;
	uint32_t count;
	unsigned int module; /* whose it is */
};

static void close_open(struct frames *frames)
{
	if (frames->open != KD_FRAME_NONE)
		kd_cfi_end(frames->cfi, frames->open_end);
	frames->open = KD_FRAME_NONE;
}

static void put_end(struct frames *frames, uint64_t start, uint64_t end)
{
	if (start >= end)
		return;
	kd_cfi_begin(frames->cfi, KD_FRAME_END, start);
	kd_cfi_end(frames->cfi, end);
}

/* Code without entries: functions that have none at all are searched for who called them, elsewhere unwinding ends. */
static void put_unknown(struct frames *frames, uint64_t start, uint64_t end)
{
	const struct kd_layout *layout = frames->layout;
	const struct kd_symbols *symbols = kd_system_symbols(layout->system);
	const struct kd_symbol *last = kd_symbols_get(symbols, 0) + kd_symbols_count(symbols);
	const struct kd_symbol *symbol = kd_symbols_at(symbols, start);

	for (; symbol && symbol < last && symbol->vaddr < end; symbol++) {
		uint64_t bytes = kd_layout_extent(layout, symbol);
		const struct kd_section *section = kd_layout_at(layout, symbol->vaddr);

		if (symbol->vaddr < start || !bytes || !kd_layout_is_code(layout, symbol))
			continue;
		put_end(frames, start, symbol->vaddr);
		start = symbol->vaddr + bytes < end ? symbol->vaddr + bytes : end;
		kd_cfi_search(frames->cfi, symbol->vaddr, start, section->vaddr, section->bytes);
	}
	put_end(frames, start, end);
}

/* How far code from pc on is a thunk for indirect jumps: the tables say that nobody called it. */
static uint64_t put_thunks(struct frames *frames, uint64_t pc, uint64_t end)
{
	const struct kd_symbols *symbols = kd_system_symbols(frames->layout->system);
	const struct kd_symbol *symbol;

	while (pc < end && (symbol = kd_symbols_at(symbols, pc)) &&
	       kd_is_indirect_thunk(kd_symbol_name(symbols, symbol))) {
		uint64_t bytes = kd_layout_extent(frames->layout, symbol);
		uint64_t stop = symbol->vaddr + bytes;

		if (stop <= pc)
			break;
		if (stop > end)
			stop = end;
		kd_cfi_thunk(frames->cfi, pc, stop, symbol->vaddr, bytes);
		pc = stop;
	}
	return pc;
}

static void take(struct frames *frames, uint64_t pc, uint64_t end, const struct kd_orc *orc)
{
	enum kd_frame_kind kind = kd_frame_kind(orc);

	if (kind != frames->open || pc != frames->open_end || frames->rows == ROWS_MOST)
		close_open(frames);
	if (kind == KD_FRAME_NONE || kind == KD_FRAME_END) {
		uint64_t thunks_end;

		close_open(frames);
		thunks_end = put_thunks(frames, pc, end);
		if (thunks_end == end)
			return;
		pc = thunks_end;
	}
	if (kind == KD_FRAME_NONE) {
		put_unknown(frames, pc, end);
		return;
	}
	if (frames->open == KD_FRAME_NONE) {
		kd_cfi_begin(frames->cfi, kind, pc);
		frames->open = kind;
		frames->rows = 0;
	}
	kd_cfi_row(frames->cfi, pc, orc);
	frames->open_end = end;
	frames->rows++;
}

/* What an entry means; nothing where there is no code. */
static struct kd_orc meaning_of(struct frames *frames, uint64_t bytes, uint64_t pc)
{
	size_t slot = (size_t)((bytes * UINT64_C(0x9e3779b97f4a7c15)) >> 52) % KNOWN;
	struct kd_orc orc = {.type = KD_ORC_TYPE_UNDEFINED};

	if (frames->known[slot].used && frames->known[slot].bytes == bytes)
		return frames->known[slot].orc;
	if (kd_orc_find(&frames->tables, pc, &orc, NULL))
		return orc;
	frames->known[slot].used = true;
	frames->known[slot].bytes = bytes;
	frames->known[slot].orc = orc;
	return orc;
}

static uint64_t place_of(const struct table *table, const int32_t *distances, uint32_t number)
{
	return table->ip_vaddr + (uint64_t)number * DISTANCE_BYTES +
	       (uint64_t)(int64_t)distances[number];
}

/*
 * Each entry counts up to the next one, within the section of the table's own that it is in. Of several at one place the last
 * counts; damaged tables may go backwards, and what was passed already stays as it was.
 */
static void take_table(struct frames *frames, const struct table *table, const int32_t *distances,
		       const uint8_t *entries)
{
	size_t entry_bytes = (size_t)frames->tables.entry_bytes;
	uint64_t done = 0;

	for (uint32_t i = 0; i < table->count; i++) {
		uint64_t pc = place_of(table, distances, i), end = UINT64_MAX, bytes = 0;
		const struct kd_section *section = kd_layout_at(frames->layout, pc);
		struct kd_orc orc;

		if (i + 1 < table->count)
			end = place_of(table, distances, i + 1);
		if (!section || section->module != table->module || end <= pc || pc < done)
			continue;
		if (end - section->vaddr > section->bytes)
			end = section->vaddr + section->bytes;
		done = end;
		memcpy(&bytes, entries + i * entry_bytes, entry_bytes);
		orc = meaning_of(frames, bytes, pc);
		take(frames, pc, end, &orc);
	}
	close_open(frames);
}

static enum kd_status read_table(struct frames *frames, const struct table *table,
				 struct kd_err *err)
{
	struct kd_system *system = frames->layout->system;
	size_t count = table->count, entry_bytes = (size_t)frames->tables.entry_bytes;
	KD_CLEANUP_FREE int32_t *distances = NULL;
	KD_CLEANUP_FREE uint8_t *entries = NULL;
	enum kd_status status;

	frames->entries += count;
	if (frames->entries > ENTRIES_MOST)
		return kd_fail(err, KD_CORRUPT, "unwind tables of %zu entries", count);
	distances = malloc(count * sizeof(*distances) + 1);
	entries = malloc(count * entry_bytes + 1);
	if (!distances || !entries)
		return kd_fail_errno(err, ENOMEM, "unwind tables of %zu entries", count);
	status =
		kd_system_read(system, table->ip_vaddr, distances, count * sizeof(*distances), err);
	if (!status)
		status = kd_system_read(system, table->vaddr, entries, count * entry_bytes, err);
	if (status)
		return kd_context(err, status, "unwind tables");
	take_table(frames, table, distances, entries);
	return KD_OK;
}

/* A call through a NULL pointer is on top of its return address; and what user space was at, nobody called. */
static void put_outside(struct kd_cfi *cfi)
{
	static const struct kd_orc null_call = {
		.sp_offset = 8, .sp_register = KD_ORC_SP, .type = KD_ORC_TYPE_CALL};

	kd_cfi_begin(cfi, KD_FRAME_CALL, 0);
	kd_cfi_row(cfi, 0, &null_call);
	kd_cfi_end(cfi, NULL_PAGE_BYTES);
	kd_cfi_begin(cfi, KD_FRAME_END, NULL_PAGE_BYTES);
	kd_cfi_end(cfi, USER_END);
}

enum kd_status kd_frames_write(const struct kd_layout *layout, const struct kd_log *log,
			       struct kd_cfi *cfi, struct kd_err *err)
{
	KD_CLEANUP_FREE struct frames *frames = calloc(1, sizeof(*frames));
	const struct kd_module *modules;
	struct table table;
	size_t count;
	enum kd_status status;

	if (!frames)
		return kd_fail_errno(err, ENOMEM, "unwind tables");
	frames->layout = layout;
	frames->cfi = cfi;
	status = kd_orc_init(&frames->tables, layout->system, err);
	if (!status && frames->tables.entry_bytes > ENTRY_BYTES_MOST)
		status = kd_fail(err, KD_UNSUPPORTED, "unwind tables: entries of %llu bytes",
				 (unsigned long long)frames->tables.entry_bytes);
	if (status)
		return status;
	put_outside(cfi);
	table = (struct table){frames->tables.ip_vaddr, frames->tables.vaddr, frames->tables.count,
			       KD_KERNEL_ITSELF};
	status = read_table(frames, &table, err);
	modules = kd_system_modules(layout->system, &count);
	for (size_t i = 0; !status && i < count; i++) {
		struct kd_err why;

		table = (struct table){modules[i].orc_ip_vaddr, modules[i].orc_vaddr,
				       modules[i].orc_count, (unsigned int)i + 1};
		if (read_table(frames, &table, &why))
			kd_log(log, KD_LOG_WARNING, "module %s: %s", modules[i].name, why.text);
	}
	return status;
}
