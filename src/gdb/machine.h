/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A dead system as gdb sees a program: threads with registers and memory.
 *
 * The first threads are the CPUs that were online, each with the task that it was at; then come all other tasks, in the
 * order of kd_tasks_init(). So every task is one thread. A thread's id is its rank + 1, and gdb's own numbers are the
 * same.
 */
#ifndef KD_GDB_MACHINE_H
#define KD_GDB_MACHINE_H

#include <stdbool.h>

#include "base/log.h"
#include "gdb/target_xml.h"
#include "inspect/switched.h"
#include "inspect/tasks.h"
#include "memory/space.h"

enum { KD_GDB_NAME_BYTES = 80 };

struct kd_gdb_thread {
	bool is_cpu;
	unsigned int cpu;           /* that it is, or was last seen on */
	const struct kd_task *task; /* NULL: it is not known what the CPU was at */
};

struct kd_gdb_machine {
	struct kd_system *system; /* borrowed */
	struct kd_tasks tasks;
	struct kd_gdb_thread *threads;
	size_t count, cpu_count;
	size_t panicked; /* rank of the CPU that panicked; of the first where that is not known */
	bool panicked_known; /* the log tells */
	struct kd_switched switched;
	/* the user space that was read last */
	uint64_t user_mm; /* 0: none */
	struct kd_space user;
};

/*
 * What cannot be read of the tasks is a warning; without CPUs it fails. KD_UNSUPPORTED for dumps of machines other than
 * x86_64.
 */
enum kd_status kd_gdb_machine_init(struct kd_gdb_machine *machine, struct kd_system *system,
				   const struct kd_log *log, struct kd_err *err);
void kd_gdb_machine_deinit(struct kd_gdb_machine *machine);

/* "PID 812" and what else is told of a thread: "CPU 1, PID 812, running", "PID 3, S". Printable ASCII. */
void kd_gdb_thread_text(const struct kd_gdb_machine *machine, size_t rank,
			char text[KD_GDB_NAME_BYTES]);
/* The task's name, "?" unknown; printable ASCII. */
void kd_gdb_thread_name(const struct kd_gdb_machine *machine, size_t rank,
			char name[KD_COMM_BYTES]);

/* Whatever is known of a thread's registers. KD_OK, or why nothing is. */
enum kd_status kd_gdb_thread_registers(struct kd_gdb_machine *machine, size_t rank,
				       struct kd_gdb_values *values, struct kd_err *err);

/*
 * Copies memory: of the kernel, or below it what the thread's process has mapped. *got tells how many bytes there are
 * before the first that cannot be had; without any, the status is that byte's (kd_space_read()), or KD_NOTFOUND for a
 * thread without memory of its own.
 */
enum kd_status kd_gdb_read(struct kd_gdb_machine *machine, size_t rank, uint64_t vaddr,
			   void *buffer, size_t bytes, size_t *got, struct kd_err *err);

#endif
