/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What of a task's memory can be told: maps, cmdline, and mem, its memory itself by virtual address.
 *
 * mem is as long as the last range reaches. What is not mapped, or was not in memory, cannot be read, as in
 * /proc/PID/mem; in difference to that, who looks for data (lseek(2) with SEEK_DATA) is led from one page that can be
 * read to the next.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "arch/arch.h"
#include "base/bytes.h"
#include "host/file.h"
#include "inspect/mm.h"
#include "view/memory.h"

enum { NAME_COLUMN = 73, STEPS_MOST = 1 << 22 };

struct writing {
	struct kd_view *view;
	const struct kd_task *task;
	FILE *stream;
	struct kd_vma_name *name;
};

/* As fs/proc/task_mmu.c writes it. */
static bool write_vma(void *opaque, const struct kd_vma *vma)
{
	struct writing *writing = opaque;
	FILE *stream = writing->stream;
	const char access[] = {vma->readable ? 'r' : '-', vma->writable ? 'w' : '-',
			       vma->executable ? 'x' : '-', vma->shared ? 's' : 'p', '\0'};
	int column;

	kd_vma_name(writing->view->subjects.system, writing->task, vma, writing->name);
	column = fprintf(stream, "%08" PRIx64 "-%08" PRIx64 " %s %08" PRIx64, vma->start, vma->end,
			 access, vma->offset_bytes);
	column += fprintf(stream, " %02x:%02x %" PRIu64 " ", writing->name->major,
			  writing->name->minor, writing->name->inode);
	if (*writing->name->name)
		fprintf(stream, "%*s%s", column < NAME_COLUMN ? NAME_COLUMN - column : 0, "",
			writing->name->name);
	fputc('\n', stream);
	return true;
}

/* A kernel thread has an empty one, as in /proc. */
enum kd_status kd_write_task_maps(struct kd_view *view, size_t subject, FILE *stream,
				  struct kd_err *err)
{
	KD_CLEANUP_FREE struct kd_vma_name *name = malloc(sizeof(*name));
	struct writing writing = {view, kd_subject_task(view, subject), stream, name};

	if (!name)
		return kd_fail(err, KD_NOMEM, "maps: no memory");
	if (!writing.task->mm)
		return KD_OK;
	return kd_vmas_each(view->subjects.system, writing.task, write_vma, &writing, err);
}

enum kd_status kd_write_task_cmdline(struct kd_view *view, size_t subject, FILE *stream,
				     struct kd_err *err)
{
	KD_CLEANUP_FREE char *text = NULL;
	size_t bytes;
	enum kd_status status =
		kd_task_command(view->subjects.system, kd_subject_task(view, subject),
				kd_dump_reader(view->dump), &text, &bytes, err);

	if (!status)
		fwrite(text, 1, bytes, stream);
	return status;
}

struct extent {
	uint64_t end, mapped;
};

static bool measure(void *opaque, const struct kd_vma *vma)
{
	struct extent *extent = opaque;

	/* no file can be longer */
	if (vma->end <= INT64_MAX) {
		extent->end = vma->end;
		extent->mapped += vma->end - vma->start;
	}
	return true;
}

static enum kd_status mem_size(struct kd_view *view, size_t subject, uint64_t *bytes,
			       uint64_t *stored, struct kd_err *err)
{
	struct extent extent = {.end = 0};
	const struct kd_task *task;
	enum kd_status status;

	pthread_mutex_lock(&view->lock);
	status = kd_view_subjects(view, err);
	task = status ? NULL : kd_subject_task(view, subject);
	if (task && task->mm)
		status = kd_vmas_each(view->subjects.system, task, measure, &extent, err);
	pthread_mutex_unlock(&view->lock);
	/* what of a damaged list could be read counts */
	if (status && !extent.end)
		return status;
	*bytes = extent.end;
	*stored = extent.mapped;
	return KD_OK;
}

/* The task's addresses, for a reader of one's own. */
static enum kd_status open_space(struct kd_view *view, size_t subject, struct kd_reader **reader,
				 struct kd_space *space, struct kd_err *err)
{
	struct kd_reader *taken;
	enum kd_status status = kd_pool_take(&view->pool, &taken, err);

	if (status)
		return status;
	pthread_mutex_lock(&view->lock);
	status = kd_view_subjects(view, err);
	if (!status)
		status = kd_task_space(view->subjects.system, kd_subject_task(view, subject), taken,
				       space, err);
	pthread_mutex_unlock(&view->lock);
	if (status)
		kd_pool_give(&view->pool, taken);
	else
		*reader = taken;
	return status;
}

static enum kd_status mem_read(struct kd_view *view, size_t subject, uint64_t offset, void *buffer,
			       size_t bytes, struct kd_err *err)
{
	struct kd_reader *reader;
	struct kd_space space;
	uint8_t *to = buffer;
	enum kd_status status = open_space(view, subject, &reader, &space, err);

	if (status)
		return status;
	while (!status && bytes) {
		uint64_t paddr = 0, mapped = 0;
		size_t piece;

		status = kd_space_translate(&space, offset, &paddr, &mapped, err);
		if (status)
			break;
		piece = mapped < bytes ? (size_t)mapped : bytes;
		status = kd_view_read_memory(view, reader, paddr, false, to, piece, err);
		to += piece;
		offset += piece;
		bytes -= piece;
	}
	kd_pool_give(&view->pool, reader);
	return status;
}

/* The ranges of a task, gathered under the lock to be gone through without it. */
struct ranges {
	struct kd_range {
		uint64_t start, end;
	} * list;
	size_t count, room;
	bool no_memory;
};

static bool add_range(void *opaque, const struct kd_vma *vma)
{
	struct ranges *ranges = opaque;

	if (ranges->count == ranges->room) {
		size_t room = ranges->room ? 2 * ranges->room : 64;
		struct kd_range *grown = realloc(ranges->list, room * sizeof(*grown));

		ranges->no_memory = !grown;
		if (!grown)
			return false;
		ranges->list = grown;
		ranges->room = room;
	}
	ranges->list[ranges->count++] = (struct kd_range){vma->start, vma->end};
	return true;
}

static enum kd_status gather(struct kd_view *view, size_t subject, struct ranges *ranges,
			     struct kd_err *err)
{
	enum kd_status status;

	pthread_mutex_lock(&view->lock);
	status = kd_vmas_each(view->subjects.system, kd_subject_task(view, subject), add_range,
			      ranges, err);
	pthread_mutex_unlock(&view->lock);
	if (ranges->no_memory)
		return kd_fail(err, KD_NOMEM, "ranges of memory: no memory");
	return ranges->count ? KD_OK : status;
}

struct seeking {
	struct kd_view *view;
	struct kd_reader *reader;
	struct kd_space *space;
	uint64_t at; /* where it came to */
	unsigned int steps;
	bool hole;
};

/* Whether the page at an address can be read; and how far from there on the answer is the same, at least. */
static bool is_readable(const struct seeking *seeking, uint64_t vaddr, uint64_t *bytes)
{
	const struct kd_dump *dump = seeking->view->dump;
	const uint64_t page_bytes = kd_dump_arch(dump)->page_bytes;
	uint64_t paddr, present, mapped, alike;
	bool is_ram;

	*bytes = page_bytes - vaddr % page_bytes;
	if (kd_space_translate(seeking->space, vaddr, &paddr, &mapped, NULL))
		return false;
	is_ram = kd_view_is_ram(dump, paddr, &alike);
	if (!is_ram || seeking->view->options.excluded_is_zero) {
		*bytes = mapped < alike ? mapped : alike;
		return is_ram;
	}
	return !kd_reader_present(seeking->reader, kd_round_down(paddr / page_bytes, 64), 64,
				  &present, NULL) &&
	       present >> paddr / page_bytes % 64 & 1;
}

/* True when it was found, or looked for long enough. */
static bool seek_in_range(struct seeking *seeking, const struct kd_range *range)
{
	uint64_t bytes;

	if (range->end <= seeking->at)
		return false;
	if (range->start > seeking->at && seeking->hole)
		return true;
	if (range->start > seeking->at)
		seeking->at = range->start;
	for (; seeking->at < range->end; seeking->at += bytes) {
		if (++seeking->steps > STEPS_MOST ||
		    is_readable(seeking, seeking->at, &bytes) != seeking->hole)
			return true;
		if (bytes > range->end - seeking->at)
			bytes = range->end - seeking->at;
	}
	return false;
}

static enum kd_status mem_seek(struct kd_view *view, size_t subject, uint64_t offset, bool hole,
			       uint64_t *found, struct kd_err *err)
{
	struct kd_space space;
	struct ranges ranges = {.count = 0};
	struct seeking seeking = {.view = view, .space = &space, .at = offset, .hole = hole};
	bool done = false;
	enum kd_status status = open_space(view, subject, &seeking.reader, &space, err);

	if (status)
		return status;
	status = gather(view, subject, &ranges, err);
	for (size_t i = 0; !status && !done && i < ranges.count; i++)
		done = seek_in_range(&seeking, &ranges.list[i]);
	free(ranges.list);
	kd_pool_give(&view->pool, seeking.reader);
	/* where data goes on for so long, another may ask on from there */
	if (!status && !hole && seeking.steps > STEPS_MOST)
		status = kd_fail(err, KD_UNSUPPORTED, "no data in %d pages", STEPS_MOST);
	if (!status) /* behind the last range there is no data */
		*found = done || hole ? seeking.at : UINT64_MAX;
	return status;
}

const struct kd_node_memory kd_memory_task = {.size = mem_size, .read = mem_read, .seek = mem_seek};
