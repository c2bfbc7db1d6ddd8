/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What `kdump setup` would change, as a list of steps: made first, then shown or done.
 *
 * Planning looks at the machine and adds a step only where it is not yet as it should be, so that
 * the plan of a machine that is set up is empty, and a set-up that was interrupted is completed
 * by the next one. Each step is of a kind from one table (plan.c) that says how it is done.
 *
 * Paths in steps are those of the machine that is set up; kd_paths.root is put before them.
 */
#ifndef KD_SETUP_PLAN_H
#define KD_SETUP_PLAN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/log.h"
#include "host/paths.h"
#include "load/switch.h"

/* The folder of what kdump keeps, as the machine that is set up names it. */
#define KD_SETUP_STATE "/var/lib/kdump"

enum kd_setup_kind {
	KD_SETUP_WRITE,  /* data to path */
	KD_SETUP_REMOVE, /* path */
	KD_SETUP_RUN,    /* command */
	KD_SETUP_LOAD,
	KD_SETUP_UNLOAD,
};

enum { KD_SETUP_WORDS = 12 };

struct kd_setup_step {
	enum kd_setup_kind kind;
	bool done;    /* by kd_setup_do() */
	size_t needs; /* so many of the steps right before it are to be done first */
	char *why;    /* "crashkernel=192M at every boot": what it is good for */
	char *path;
	void *data;
	size_t bytes;
	bool is_text; /* data is for people to read */
	char *command[KD_SETUP_WORDS];
};

struct kd_setup_plan {
	const struct kd_paths *paths; /* borrowed */
	struct kd_setup_step *steps;
	size_t count;
	struct kd_err broken; /* the first step that could not be added; its status is KD_OK else */
};

/* How commands are run and kernels loaded; a test brings its own. */
struct kd_setup_hands {
	/* Runs a program and waits for it. NULL: the tree is not the running system's. */
	enum kd_status (*run)(void *opaque, char *const argv[], struct kd_err *err);
	void *opaque;
	const struct kd_load_driver *driver;
	const struct kd_log *log;
};

extern const struct kd_setup_hands kd_setup_real_hands;

void kd_setup_plan_init(struct kd_setup_plan *plan, const struct kd_paths *paths);
void kd_setup_plan_deinit(struct kd_setup_plan *plan);

/*
 * Each adds a step, or none when the file has that content, is gone already, and so on; true when
 * one was added. Failures are kept in plan->broken, to be looked at once.
 */
bool kd_setup_write_text(struct kd_setup_plan *plan, const char *path, const char *text,
			 const char *why, ...) __attribute__((format(printf, 4, 5)));
bool kd_setup_write_data(struct kd_setup_plan *plan, const char *path, const void *data,
			 size_t bytes, const char *why, ...) __attribute__((format(printf, 5, 6)));
bool kd_setup_remove(struct kd_setup_plan *plan, const char *path, const char *why);
/* The same, to be done only when all steps from number `first` on were: without what is removed, nobody knows of them. */
bool kd_setup_remove_after(struct kd_setup_plan *plan, size_t first, const char *path,
			   const char *why);
/* The words end with NULL. */
bool kd_setup_run(struct kd_setup_plan *plan, const char *const words[], const char *why);
bool kd_setup_load(struct kd_setup_plan *plan, enum kd_setup_kind kind, const char *why);

/* Whether there is such a file or folder below the plan's root. */
bool kd_setup_exists(const struct kd_setup_plan *plan, const char *path);
/* Its whole content, NULL when there is none; the caller's to free. A failure is kept in broken. */
char *kd_setup_read(struct kd_setup_plan *plan, const char *path);

/* False when a step that it needs was not done: it is to be left for the next time. */
bool kd_setup_may(const struct kd_setup_plan *plan, const struct kd_setup_step *step);

/*
 * Does one step. KD_UNSUPPORTED, with nothing done, when only the running system of that tree could
 * do it. *loaded is filled in by KD_SETUP_LOAD.
 */
enum kd_status kd_setup_do(const struct kd_setup_plan *plan, struct kd_setup_step *step,
			   const struct kd_setup_hands *hands, struct kd_switch_result *loaded,
			   struct kd_err *err);

/* "write", "remove", "run", "load", "unload". */
const char *kd_setup_kind_name(enum kd_setup_kind kind);
/* "wrote", "removed", "ran", "loaded", "unloaded". */
const char *kd_setup_kind_past(enum kd_setup_kind kind);

#endif
