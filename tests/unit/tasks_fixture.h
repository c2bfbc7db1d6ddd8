/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A made-up kernel of two CPUs with tasks: the first CPU idle, the second at PID 75; besides them the second's idle
 * thread, PID 1 that sleeps, and PID 9 that has exited. PIDs 1 and 75 share a user space of one range.
 */
#ifndef TASKS_FIXTURE_H
#define TASKS_FIXTURE_H

#include "kernel_fixture.h"

enum {
	DATA = MADE_FREE, /* what has a symbol */
	TASKS = MADE_FREE + 0x1000,
	QUEUES = MADE_FREE + 0x2000,
	STACK = MADE_FREE + 0x3000,
	SIGNAL = MADE_FREE + 0x4000,
	MM = MADE_FREE + 0x5000,
	RANGE = MADE_FREE + 0x5800,
	USER_ROOT = MADE_FREE + 0x6000,
	USER_PAGE = MADE_FREE + 0x7000,
	EXCLUDED_RAM = 0x4000000,
	NO_RAM = 0x5000000,
	/* the range of user space, page by page: there, not mapped, left out of the dump, mapped to what is no RAM */
	USER_VADDR = 0x400000,
	USER_BYTES = 0x4000,
	EXCLUDED_VADDR = MADE_BYTES, /* from MADE_TEXT on; behind it the hole */
	HOLE_VADDR = MADE_BYTES + 0x1000,
	TASK_BYTES = 0x100,
};

/* The last page of all is mapped; to USER_PAGE, as the first of user space is. */
#define TOP_VADDR UINT64_C(0xfffffffffffff000)

enum { IDLE_0, IDLE_1, SLEEPER, SHELL, ZOMBIE, TASK_COUNT };

uint64_t task_vaddr(size_t i);

/* All of it, for open_machine(). */
void tasks_fixture_init(struct fixture *fixture);

#endif
