/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "symfile/stacks.h"

#include <errno.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "host/file.h"
#include "host/system.h"
#include "inspect/stacks.h"

enum {
	PAGES_MOST = 1 << 15,
	/* from a frame to its caller's on the same stack, and what a frame is looked for in */
	FRAME_BYTES_MOST = 16 << 10,
};

bool kd_stack_pages_add(struct kd_stack_pages *pages, uint64_t start, uint64_t bytes)
{
	const uint64_t first = kd_round_down(start, KD_STACK_PAGE_BYTES);
	const uint64_t last = bytes > UINT64_MAX - start ? UINT64_MAX : start + bytes - 1;

	/* counted, for behind the last page comes the first again */
	for (uint64_t i = 0; i <= (last - first) / KD_STACK_PAGE_BYTES; i++) {
		uint64_t at = first + i * KD_STACK_PAGE_BYTES;

		if (pages->count && pages->list[pages->count - 1] == at)
			continue;
		if (pages->count == pages->room)
			return false;
		pages->list[pages->count++] = at;
	}
	return true;
}

static void add_stack(struct kd_stack_pages *pages, const struct kd_stack *stack)
{
	for (size_t i = 0; i < stack->count; i++) {
		uint64_t sp = stack->frames[i].sp, bytes = KD_STACK_PAGE_BYTES;
		uint64_t next = i + 1 < stack->count ? stack->frames[i + 1].sp : sp;

		if (next > sp && next - sp > bytes && next - sp <= FRAME_BYTES_MOST)
			bytes = next - sp;
		if (!kd_stack_pages_add(pages, sp, bytes))
			return;
	}
}

static enum kd_status find_pages(struct kd_stack_pages *pages, struct kd_system *system,
				 struct kd_err *err)
{
	KD_CLEANUP_FREE struct kd_stack *stack = malloc(sizeof(*stack));
	struct kd_orc_tables tables;
	struct kd_unwind_start start;
	struct kd_tasks tasks;
	enum kd_status status;

	if (!stack)
		return kd_fail_errno(err, ENOMEM, "stacks");
	status = kd_orc_init(&tables, system, err);
	if (status)
		return status;
	/* of tasks that could be read only in part, those of the CPUs come first */
	status = kd_tasks_init(&tasks, system, err);
	for (size_t i = 0; i < tasks.count; i++) {
		const struct kd_task *task = &tasks.list[i];

		if (!task->running || kd_task_start(system, &tasks.cpus, task, &start, NULL))
			continue;
		kd_unwind(&tables, &start, false, stack);
		add_stack(pages, stack);
	}
	kd_tasks_deinit(&tasks);
	return pages->count ? KD_OK : status;
}

static int by_number(const void *left, const void *right)
{
	const uint64_t *a = left, *b = right;

	return *a < *b ? -1 : *a > *b;
}

/* Reads a page behind those before it. */
static void take_page(struct kd_stacks *stacks, const struct kd_layout *layout, uint64_t vaddr)
{
	struct kd_stack_part *last = stacks->count ? &stacks->list[stacks->count - 1] : NULL;
	uint8_t page[KD_STACK_PAGE_BYTES];

	if ((last && vaddr - last->vaddr < last->bytes) || kd_layout_at(layout, vaddr) ||
	    kd_system_read(layout->system, vaddr, page, sizeof(page), NULL))
		return;
	if (!last || vaddr != last->vaddr + last->bytes) {
		last = &stacks->list[stacks->count++];
		*last = (struct kd_stack_part){.vaddr = vaddr, .at = stacks->memory.bytes};
	}
	last->bytes += sizeof(page);
	kd_put(&stacks->memory, page, sizeof(page));
}

enum kd_status kd_stacks_init(struct kd_stacks *stacks, const struct kd_layout *layout,
			      struct kd_err *err)
{
	KD_CLEANUP_FREE uint64_t *list = malloc(PAGES_MOST * sizeof(*list));
	struct kd_stack_pages pages = {.list = list, .room = PAGES_MOST};
	struct kd_stacks made = {.count = 0};
	enum kd_status status;

	if (!list)
		return kd_fail_errno(err, ENOMEM, "stacks");
	status = find_pages(&pages, layout->system, err);
	if (status)
		return status;
	made.list = malloc((pages.count + 1) * sizeof(*made.list));
	if (!made.list)
		return kd_fail_errno(err, ENOMEM, "stacks");
	qsort(list, pages.count, sizeof(*list), by_number);
	for (size_t i = 0; i < pages.count; i++)
		take_page(&made, layout, list[i]);
	*stacks = made;
	return KD_OK;
}

void kd_stacks_deinit(struct kd_stacks *stacks)
{
	kd_buffer_deinit(&stacks->memory);
	free(stacks->list);
	*stacks = (struct kd_stacks){.list = NULL};
}
