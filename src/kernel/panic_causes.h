/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What lines before a panic may be its cause. */
#ifndef KD_KERNEL_PANIC_CAUSES_H
#define KD_KERNEL_PANIC_CAUSES_H

#include <stdbool.h>
#include <stdint.h>

/* Of each the nearest is kept: a panic has its cause among those of its own sort. */
enum kd_cause_sort {
	KD_CAUSE_OOPS,
	KD_CAUSE_SPLAT, /* the kernel goes on after it: a warning, a checker's report, a bad page */
	KD_CAUSE_REQUEST,
	KD_CAUSE_SOFT_LOCKUP,
	KD_CAUSE_HARD_LOCKUP,
	KD_CAUSE_HUNG_TASK,
	KD_CAUSE_STALL,
	KD_CAUSE_MEMORY,
	KD_CAUSE_HARDWARE,
	KD_CAUSE_NMI,
	KD_CAUSE_ROOT,
	KD_CAUSE_SORTS,
};

/* A line's sort; false: it is no cause. */
bool kd_cause_of_line(const char *line, enum kd_cause_sort *sort);
/* "invalid opcode: 0000 [#1] …": the line that every oops has, after one that tells more or alone. */
bool kd_cause_is_oops_header(const char *line);

/* The sorts (bits) that a panic of that message may have its cause among, and how long before it. */
void kd_cause_wanted(const char *message, unsigned int *sorts, uint64_t *within_ns);
/* Whether the system ends with such a line although none of a panic follows: kdump begins before that is printed. */
bool kd_cause_is_end(enum kd_cause_sort sort);

struct kd_cause_blame {
	bool has_cpu, has_pid;
	uint32_t cpu, pid;
};

/* Whom a line of that sort names; what it does not name stays. */
void kd_cause_blame(enum kd_cause_sort sort, const char *line, struct kd_cause_blame *blame);
/* The lines that follow one of a stall: which CPU or task it is. */
void kd_cause_blame_stalled(const char *line, struct kd_cause_blame *blame);

/* A decimal number, and the text after it. */
bool kd_cause_number(const char **text, uint32_t *number);

#endif
