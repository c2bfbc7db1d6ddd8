/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What kinds of nodes there are, and what they are made with. Private to this layer. */
#ifndef KD_VIEW_NODE_H
#define KD_VIEW_NODE_H

#include <pthread.h>
#include <stdio.h>

#include "inspect/orc.h"
#include "inspect/switched.h"
#include "inspect/tasks.h"
#include "view/core.h"
#include "view/pool.h"
#include "view/texts.h"
#include "view/view.h"

/* What the nodes about the dead system share; opened when the first of them is looked at. */
struct kd_subjects {
	bool tried;
	enum kd_status status; /* KD_OK: the system is there */
	struct kd_err err;
	struct kd_system *system;
	struct kd_tasks tasks;
	uint32_t *by_pid; /* ranks in tasks.list, sorted by pid, idle ones left out */
	size_t pid_count;
	struct kd_orc_tables orc;
	enum kd_status orc_status;
	struct kd_err orc_err;
	struct kd_switched switched;
};

struct kd_view {
	struct kd_dump *dump;     /* borrowed */
	struct kd_kernel *kernel; /* borrowed; NULL */
	struct kd_view_options options;
	struct kd_pool pool;
	struct kd_core core, kernel_core;
	/* From here on: under the lock, as is the kernel, whose reader is the dump's own. */
	pthread_mutex_t lock;
	struct kd_texts texts;
	struct kd_subjects subjects;
};

/* The members of a folder that are many: by number, 0 on. Called under the lock, once the system is there. */
struct kd_node_list {
	size_t (*count)(struct kd_view *view);
	void (*name)(struct kd_view *view, size_t number, char name[KD_VIEW_NAME_BYTES]);
	/* KD_NOTFOUND. */
	enum kd_status (*find)(struct kd_view *view, const char *name, size_t *number);
};

/* A file whose bytes are too many to be made: any thread, without the lock. */
struct kd_node_memory {
	/* *stored is how much of it is no hole, or about that. */
	enum kd_status (*size)(struct kd_view *view, size_t subject, uint64_t *bytes,
			       uint64_t *stored, struct kd_err *err);
	/* All of the bytes, which lie within the size. */
	enum kd_status (*read)(struct kd_view *view, size_t subject, uint64_t offset, void *buffer,
			       size_t bytes, struct kd_err *err);
	/* The next data or hole; the size when there is none. NULL: it is all data. */
	enum kd_status (*seek)(struct kd_view *view, size_t subject, uint64_t offset, bool hole,
			       uint64_t *found, struct kd_err *err);
};

/*
 * A row of the table. A node is a row and a subject: the number of a CPU, task or module that it tells of, the same for
 * all that lies within a member of a list.
 */
struct kd_node_kind {
	const char *name; /* NULL: the list says */
	unsigned int parent;
	bool needs_kernel;
	/* one of them; none: a folder */
	enum kd_status (*write)(struct kd_view *view, size_t subject, FILE *stream,
				struct kd_err *err); /* a text; under the lock */
	const struct kd_node_memory *memory;
	const struct kd_node_list *list; /* a folder for each member */
};

extern const struct kd_node_kind kd_node_kinds[];
extern const unsigned int kd_node_kind_count;

/* The system, opened when it is not yet; or why there is none. Under the lock. */
enum kd_status kd_view_subjects(struct kd_view *view, struct kd_err *err);
void kd_subjects_deinit(struct kd_subjects *subjects);

extern const struct kd_node_list kd_list_cpus, kd_list_tasks, kd_list_modules;
extern const struct kd_node_memory kd_memory_vmcore, kd_memory_vmcore_kern, kd_memory_oldmem,
	kd_memory_task;

typedef enum kd_status kd_node_write(struct kd_view *view, size_t subject, FILE *stream,
				     struct kd_err *err);
kd_node_write kd_write_dmesg, kd_write_report_text, kd_write_report_json, kd_write_vmcoreinfo;
kd_node_write kd_write_cpu_registers, kd_write_cpu_stack, kd_write_cpu_task;
kd_node_write kd_write_task_comm, kd_write_task_status, kd_write_task_stack,
	kd_write_task_registers, kd_write_task_maps, kd_write_task_cmdline;
kd_node_write kd_write_module_taints, kd_write_module_size, kd_write_module_state,
	kd_write_module_references, kd_write_module_version, kd_write_module_srcversion,
	kd_write_module_ranges;

/* Parts of them that CPUs and tasks share. */
void kd_write_status(struct kd_view *view, const struct kd_task *task, FILE *stream);
enum kd_status kd_write_stack(struct kd_view *view, const struct kd_task *task, FILE *stream,
			      struct kd_err *err);
/* The task that is a subject. */
const struct kd_task *kd_subject_task(const struct kd_view *view, size_t subject);

#endif
