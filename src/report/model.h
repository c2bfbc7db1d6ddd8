/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a report holds: for those who make and render it. */
#ifndef KD_REPORT_MODEL_H
#define KD_REPORT_MODEL_H

#include <stdbool.h>
#include <stddef.h>

#include "inspect/facts.h"
#include "inspect/stacks.h"
#include "inspect/waits.h"
#include "kernel/panic.h"
#include "report/report.h"

enum {
	KD_REPORT_LOG_BYTES = 16 << 10,
	KD_REPORT_GAPS = 16,
	KD_REPORT_HINTS = 16,
	KD_REPORT_CHAINS = 4,
	KD_REPORT_TEXT_BYTES = 512,
	KD_REPORT_BLOCKED = 64,
	KD_SIGNATURE_FRAMES = 6,
};

/* A task with where it stood. */
struct kd_report_stack {
	const struct kd_task *task; /* NULL: not known */
	struct kd_stack *stack;     /* NULL: `why` tells */
	char why[KD_ERR_TEXT_BYTES];
	unsigned int same; /* others that stood at the same place, and are not listed */
	bool waits;        /* for a lock */
	struct kd_wait wait;
};

struct kd_report_cpu {
	unsigned int cpu;
	bool has_registers;
	uint32_t pid;
	uint64_t registers[KD_SAVED_REGISTERS];
	struct kd_report_stack at;
};

struct kd_report {
	struct kd_kernel *kernel; /* borrowed */
	bool has_panic;
	struct kd_panic panic;
	const struct kd_crash_kind *kind; /* of the table in kinds.c; NULL: none fits */
	/* the end of the kernel's log, from the start of a line, NUL-terminated */
	char log[KD_REPORT_LOG_BYTES];
	size_t log_bytes;
	/* what could not be had, and why */
	char gaps[KD_REPORT_GAPS][KD_ERR_TEXT_BYTES];
	size_t gap_count;

	/* From here on: what needs symbols and types; `system` is NULL without. */
	struct kd_system *system;
	struct kd_tasks tasks;
	struct kd_report_cpu *cpus;
	size_t cpu_count;
	struct kd_report_stack blocked[KD_REPORT_BLOCKED];
	size_t blocked_count, blocked_tasks; /* listed, and all */
	/* in words, who waits for whom among them: deadlocks, and the first of the others */
	char chains[KD_REPORT_CHAINS][KD_REPORT_TEXT_BYTES];
	size_t chain_count;
	size_t task_count, process_count;
	struct kd_machine machine;
	bool has_loads, has_memory, has_taints;
	double loads[KD_LOADS];
	struct kd_memory memory;
	uint64_t taints;
	char command_line[1024]; /* of the kernel; "" */

	kd_report_places *places; /* source lines; NULL: there are none */
	void *places_opaque;

	char sentence[KD_REPORT_TEXT_BYTES]; /* what happened, in one */
	/* The same for the same bug: what kind of crash, and the functions that led there. */
	char signature[33]; /* hex; "" when there is nothing to tell it by */
	char signature_text[KD_REPORT_TEXT_BYTES];
	char hints[KD_REPORT_HINTS][KD_REPORT_TEXT_BYTES];
	size_t hint_count;
};

/* A kind of crash, recognised by what the kernel printed. */
struct kd_crash_kind {
	const char *name;     /* a word for programs: "null-pointer" */
	const char *pattern;  /* in the panic's message; if that is generic, in its cause */
	const char *sentence; /* "The kernel …", without what follows: where, who, when */
	const char *hint;     /* what to look at; NULL */
	/* the stack to blame is behind the interrupt that noticed, or another task's */
	bool behind_interrupt, of_blocked;
	bool nobodys_fault;     /* where it was noticed is not where it went wrong */
	bool noticed_elsewhere; /* by any CPU: the blame goes to none but whom the log names */
	bool generic;           /* says only that there was a cause, which may tell more */
};

/* The kind that fits; NULL. */
const struct kd_crash_kind *kd_crash_kind_find(const struct kd_panic *panic);
/* Fills chains from the blocked tasks. */
void kd_report_follow_waits(struct kd_report *report, struct kd_orc_tables *orc);
/* Fills sentence, signature and hints from the rest. */
void kd_report_explain(struct kd_report *report);

/* Whose stack tells why: the CPU that panicked, or whom the log names where that one only noticed; NULL: nobody's. */
const struct kd_report_stack *kd_report_guilty(const struct kd_report *report);
/* The functions of the guilty stack that tell where it was: those of the panic itself left out. First frame; count. */
size_t kd_report_blame(const struct kd_report *report, const struct kd_report_stack *at);

const char *kd_report_function(const struct kd_report *report, const struct kd_frame *frame);
const char *kd_report_module(const struct kd_report *report, const struct kd_frame *frame);
/* Tells of each place in the source that a frame is from, if there are source lines. */
void kd_report_each_place(const struct kd_report *report, const struct kd_stack *stack,
			  size_t frame, kd_source_take *take, void *opaque);

#endif
