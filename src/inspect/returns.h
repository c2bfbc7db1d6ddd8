/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Return addresses that tracing has replaced by its own on a stack, and what they were. */
#ifndef KD_INSPECT_RETURNS_H
#define KD_INSPECT_RETURNS_H

#include "inspect/system.h"

/*
 * When *pc, read from the word at `slot` of a task's stack, leads to the function graph tracer or to a return probe, sets
 * *pc to where the function will really return to. As it was when it does not, or the task's list does not tell.
 */
void kd_return_restore(struct kd_system *system, uint64_t task, uint64_t slot, uint64_t *pc);

#endif
