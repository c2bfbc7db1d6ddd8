/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The memory of a process as it saw it (struct mm_struct of include/linux/mm_types.h): what was mapped where, and the
 * bytes, through its own page tables.
 */
#ifndef KD_INSPECT_MM_H
#define KD_INSPECT_MM_H

#include <stdbool.h>
#include <stdio.h>

#include "inspect/tasks.h"
#include "inspect/vfs.h"
#include "memory/space.h"

/* A range that is mapped alike. */
struct kd_vma {
	uint64_t vaddr;      /* of its struct vm_area_struct */
	uint64_t start, end; /* virtual addresses; end is the first behind it */
	bool readable, writable, executable, shared;
	uint64_t file_vaddr; /* struct file; 0: of no file */
	uint64_t
		offset_bytes; /* in the file; as /proc/PID/maps has it, so for others something, too */
};

enum { KD_VMAS_MOST = 1 << 20 };

/*
 * Tells of each range of a task, by address. False stops. KD_NOTFOUND for a kernel thread, and for one that has given
 * up its memory; KD_CORRUPT for a tree that has no end; or what reading says, after what could be read.
 */
typedef bool kd_vma_take(void *opaque, const struct kd_vma *vma);
enum kd_status kd_vmas_each(struct kd_system *system, const struct kd_task *task, kd_vma_take *take,
			    void *opaque, struct kd_err *err);

/* What /proc/PID/maps says of ranges beside what struct kd_vma has. */
struct kd_vma_name {
	unsigned int major, minor;
	uint64_t inode;
	char name[KD_PATH_BYTES]; /* a path, "[heap]", "[stack]", "[vdso]" …; "" */
};

/* What is known of it: damage leaves parts empty. */
void kd_vma_name(struct kd_system *system, const struct kd_task *task, const struct kd_vma *vma,
		 struct kd_vma_name *name);

/* A task's virtual addresses, for the reader's thread; KD_NOTFOUND as above. */
enum kd_status kd_task_space(struct kd_system *system, const struct kd_task *task,
			     struct kd_reader *reader, struct kd_space *space, struct kd_err *err);

enum { KD_COMMAND_BYTES = 128 << 10 };

/*
 * The words of its command line, each with a NUL behind it, as /proc/PID/cmdline has them; *text is allocated, at most
 * KD_COMMAND_BYTES of it, "" for one without memory. Pages of it that cannot be had end it early.
 */
enum kd_status kd_task_command(struct kd_system *system, const struct kd_task *task,
			       struct kd_reader *reader, char **text, size_t *bytes,
			       struct kd_err *err);

#endif
