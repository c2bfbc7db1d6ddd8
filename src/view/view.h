/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A dump as a tree of files: memory in the forms that tools read, and what the kernel left in it, one file each.
 *
 *     vmcore vmcore-kern oldmem dmesg report.txt report.json vmcoreinfo cpu/N/… task/PID/… module/NAME/…
 *
 * Nobody mounts anything here: a node is a number, and has a name, a size and bytes. Whoever shows the tree (FUSE, in
 * src/cmd) only translates. The nodes are rows of one table (view/tree.c).
 *
 * Any number of threads may use a view at the same time. Memory is read by all of them at once, each by a reader of its
 * own; what is made out of the dump (texts, lists) is made by one at a time. A dump never changes, and so every
 * answer is the same whenever it is asked for.
 */
#ifndef KD_VIEW_VIEW_H
#define KD_VIEW_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/log.h"
#include "dump/dump.h"
#include "kernel/kernel.h"

struct kd_view;
struct kd_view_file;

/* A node: the same number for the same file as long as the view is open. Never 0. */
typedef uint64_t kd_node;
enum { KD_NODE_ROOT = 1, KD_VIEW_CACHE_BYTES = 32 << 20, KD_VIEW_NAME_BYTES = 256 };

struct kd_view_options {
	size_t cache_bytes; /* of texts that are kept when nobody has them open; 0: KD_VIEW_CACHE_BYTES */
	bool excluded_is_zero;    /* RAM that was left out reads as zeros; else it is KD_EXCLUDED */
	const struct kd_log *log; /* borrowed: what cannot be had, and why; from any thread; NULL */
};

/*
 * The dump is borrowed, and so is the kernel, NULL when the dump does not tell of one: then there are no nodes that
 * need it. Neither may be used by anybody else until the view is closed. KD_NOMEM.
 */
enum kd_status kd_view_open(struct kd_dump *dump, struct kd_kernel *kernel,
			    const struct kd_view_options *options, struct kd_view **view,
			    struct kd_err *err);
/* No file of it may be open any more. */
void kd_view_close(struct kd_view *view);

struct kd_view_stat {
	bool folder;
	/*
	 * How long it is. To tell that of a text is to make it; of vmcore-kern, to look at all pages once. 0 where the
	 * content cannot be had: kd_view_open_file() says why.
	 */
	uint64_t bytes;
	uint64_t stored_bytes; /* about how many of them are no holes */
};

/* The node of that name in a folder. KD_NOTFOUND; or why the folder's list cannot be had. */
enum kd_status kd_view_lookup(struct kd_view *view, kd_node folder, const char *name, kd_node *node,
			      struct kd_err *err);
/* KD_NOTFOUND for a number that is no node. */
enum kd_status kd_view_stat(struct kd_view *view, kd_node node, struct kd_view_stat *stat,
			    struct kd_err *err);
/* Tells of each node in a folder. False stops. */
typedef bool kd_view_take(void *opaque, const char *name, kd_node node, bool folder);
enum kd_status kd_view_list(struct kd_view *view, kd_node folder, kd_view_take *take, void *opaque,
			    struct kd_err *err);

/* KD_INVALID for a folder; or why the content cannot be had. */
enum kd_status kd_view_open_file(struct kd_view *view, kd_node node, struct kd_view_file **file,
				 struct kd_err *err);
void kd_view_close_file(struct kd_view_file *file);

/*
 * Reads: *got is less than `bytes` only at the end of the file. The status is that of the first byte that cannot
 * be had: KD_EXCLUDED left out of the dump, KD_FAULT not mapped (of a task's memory), KD_TRUNCATED, KD_CORRUPT, KD_SYSTEM.
 */
enum kd_status kd_view_read(struct kd_view_file *file, uint64_t offset, void *buffer, size_t bytes,
			    size_t *got, struct kd_err *err);

/*
 * Where data is, from offset on, or (with `hole`) where there is none: as lseek(2) has it, so that the end of a file
 * is a hole. In oldmem a hole is what has no RAM, and with excluded_is_zero what was left out; in a task's memory what
 * it had not mapped, or not in memory. KD_NOTFOUND: no data from there on, or past the end.
 */
enum kd_status kd_view_seek(struct kd_view_file *file, uint64_t offset, bool hole, uint64_t *found,
			    struct kd_err *err);

#endif
