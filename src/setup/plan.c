/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "setup/plan.h"

#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/file.h"
#include "host/system.h"
#include "setup/refresh.h"

enum { FILE_LIMIT_BYTES = 256 << 20 };

void kd_setup_plan_init(struct kd_setup_plan *plan, const struct kd_paths *paths)
{
	*plan = (struct kd_setup_plan){.paths = paths};
}

void kd_setup_plan_deinit(struct kd_setup_plan *plan)
{
	for (size_t i = 0; i < plan->count; i++) {
		struct kd_setup_step *step = &plan->steps[i];

		free(step->why);
		free(step->path);
		free(step->data);
		for (int word = 0; step->command[word]; word++)
			free(step->command[word]);
	}
	free(plan->steps);
	*plan = (struct kd_setup_plan){0};
}

static void break_plan(struct kd_setup_plan *plan, const struct kd_err *err)
{
	if (!plan->broken.status)
		plan->broken = *err;
}

static const char *below_root(const struct kd_paths *paths, const char *path, char whole[PATH_MAX])
{
	return kd_path(whole, paths->root ? paths->root : "", "%s", path + 1);
}

bool kd_setup_exists(const struct kd_setup_plan *plan, const char *path)
{
	char whole[PATH_MAX];

	return !access(below_root(plan->paths, path, whole), F_OK);
}

static char *read_file(struct kd_setup_plan *plan, const char *path, size_t *bytes)
{
	char whole[PATH_MAX], *data = NULL;
	struct kd_err err;
	enum kd_status status = kd_file_read(below_root(plan->paths, path, whole), FILE_LIMIT_BYTES,
					     &data, bytes, &err);

	if (status && status != KD_NOTFOUND)
		break_plan(plan, &err);
	return status ? NULL : data;
}

char *kd_setup_read(struct kd_setup_plan *plan, const char *path)
{
	size_t bytes;

	return read_file(plan, path, &bytes);
}

/* Takes the strings of *step. */
static bool add(struct kd_setup_plan *plan, struct kd_setup_step *step)
{
	struct kd_setup_step *more =
		reallocarray(plan->steps, plan->count + 1, sizeof(*plan->steps));
	struct kd_err err;

	if (more)
		plan->steps = more;
	if (!more || !step->why) {
		kd_fail(&err, KD_NOMEM, "no memory to plan with");
		break_plan(plan, &err);
		return false;
	}
	plan->steps[plan->count++] = *step;
	return true;
}

__attribute__((format(printf, 1, 0))) static char *text_of(const char *format, va_list args)
{
	char *text;

	return vasprintf(&text, format, args) < 0 ? NULL : text;
}

static void *copy_of(const void *data, size_t bytes)
{
	char *copy = malloc(bytes + 1);

	if (copy) {
		memcpy(copy, data, bytes);
		copy[bytes] = '\0';
	}
	return copy;
}

static bool write_step(struct kd_setup_plan *plan, const char *path, const void *data, size_t bytes,
		       bool is_text, char *why)
{
	struct kd_setup_step step = {.kind = KD_SETUP_WRITE, .is_text = is_text, .bytes = bytes};
	KD_CLEANUP_FREE char *now = NULL;
	size_t bytes_now = 0;

	now = read_file(plan, path, &bytes_now);
	if (now && bytes_now == bytes && !memcmp(now, data, bytes)) {
		free(why);
		return false;
	}
	step.path = strdup(path);
	step.data = copy_of(data, bytes);
	step.why = why;
	if (step.path && step.data && add(plan, &step))
		return true;
	free(step.path);
	free(step.data);
	free(why);
	kd_fail(&plan->broken, KD_NOMEM, "no memory to plan with");
	return false;
}

bool kd_setup_write_text(struct kd_setup_plan *plan, const char *path, const char *text,
			 const char *why, ...)
{
	va_list args;
	char *reason;

	va_start(args, why);
	reason = text_of(why, args);
	va_end(args);
	return write_step(plan, path, text, strlen(text), true, reason);
}

bool kd_setup_write_data(struct kd_setup_plan *plan, const char *path, const void *data,
			 size_t bytes, const char *why, ...)
{
	va_list args;
	char *reason;

	va_start(args, why);
	reason = text_of(why, args);
	va_end(args);
	return write_step(plan, path, data, bytes, false, reason);
}

bool kd_setup_remove(struct kd_setup_plan *plan, const char *path, const char *why)
{
	struct kd_setup_step step = {.kind = KD_SETUP_REMOVE};

	if (!kd_setup_exists(plan, path))
		return false;
	step.path = strdup(path);
	step.why = strdup(why);
	if (step.path && add(plan, &step))
		return true;
	free(step.path);
	free(step.why);
	return false;
}

bool kd_setup_remove_after(struct kd_setup_plan *plan, size_t first, const char *path,
			   const char *why)
{
	size_t needs = plan->count - first;

	if (!kd_setup_remove(plan, path, why))
		return false;
	plan->steps[plan->count - 1].needs = needs;
	return true;
}

bool kd_setup_run(struct kd_setup_plan *plan, const char *const words[], const char *why)
{
	struct kd_setup_step step = {.kind = KD_SETUP_RUN, .why = strdup(why)};
	bool whole = true;

	for (int i = 0; words[i] && i < KD_SETUP_WORDS - 1; i++)
		whole = whole && (step.command[i] = strdup(words[i]));
	if (whole && add(plan, &step))
		return true;
	for (int i = 0; step.command[i]; i++)
		free(step.command[i]);
	free(step.why);
	return false;
}

bool kd_setup_load(struct kd_setup_plan *plan, enum kd_setup_kind kind, const char *why)
{
	struct kd_setup_step step = {.kind = kind, .why = strdup(why)};

	return add(plan, &step);
}

static enum kd_status do_write(const struct kd_setup_plan *plan, const struct kd_setup_step *step,
			       const struct kd_setup_hands *hands, struct kd_switch_result *loaded,
			       struct kd_err *err)
{
	/* Images hold the configuration, which may tell more than everybody is to know. */
	unsigned int mode = step->is_text ? 0644 : 0600;
	char whole[PATH_MAX], folder[PATH_MAX];
	enum kd_status status;

	below_root(plan->paths, step->path, whole);
	snprintf(folder, sizeof(folder), "%s", whole);
	status = kd_make_folders(dirname(folder), 0755, err);
	return status ? status : kd_file_replace(whole, step->data, step->bytes, mode, err);
}

static enum kd_status do_remove(const struct kd_setup_plan *plan, const struct kd_setup_step *step,
				const struct kd_setup_hands *hands, struct kd_switch_result *loaded,
				struct kd_err *err)
{
	char whole[PATH_MAX];

	if (remove(below_root(plan->paths, step->path, whole)) && errno != ENOENT)
		return kd_fail_errno(err, errno, "%s", whole);
	return KD_OK;
}

static enum kd_status elsewhere(struct kd_err *err)
{
	return kd_fail(err, KD_UNSUPPORTED, "only the system itself can do this");
}

static enum kd_status do_run(const struct kd_setup_plan *plan, const struct kd_setup_step *step,
			     const struct kd_setup_hands *hands, struct kd_switch_result *loaded,
			     struct kd_err *err)
{
	return hands->run ? hands->run(hands->opaque, step->command, err) : elsewhere(err);
}

static enum kd_status do_load(const struct kd_setup_plan *plan, const struct kd_setup_step *step,
			      const struct kd_setup_hands *hands, struct kd_switch_result *loaded,
			      struct kd_err *err)
{
	struct kd_switch machine = {plan->paths, hands->driver, hands->log};

	return hands->run ? kd_refresh_load(&machine, loaded, err) : elsewhere(err);
}

static enum kd_status do_unload(const struct kd_setup_plan *plan, const struct kd_setup_step *step,
				const struct kd_setup_hands *hands, struct kd_switch_result *loaded,
				struct kd_err *err)
{
	struct kd_switch machine = {plan->paths, hands->driver, hands->log};

	return hands->run ? kd_switch_unload(&machine, loaded, err) : elsewhere(err);
}

static const struct {
	const char *name, *past;
	enum kd_status (*act)(const struct kd_setup_plan *plan, const struct kd_setup_step *step,
			      const struct kd_setup_hands *hands, struct kd_switch_result *loaded,
			      struct kd_err *err);
} kinds[] = {
	[KD_SETUP_WRITE] = {"write", "wrote", do_write},
	[KD_SETUP_REMOVE] = {"remove", "removed", do_remove},
	[KD_SETUP_RUN] = {"run", "ran", do_run},
	[KD_SETUP_LOAD] = {"load", "loaded", do_load},
	[KD_SETUP_UNLOAD] = {"unload", "unloaded", do_unload},
};

bool kd_setup_may(const struct kd_setup_plan *plan, const struct kd_setup_step *step)
{
	for (size_t i = 1; i <= step->needs && i <= (size_t)(step - plan->steps); i++)
		if (!step[-(ptrdiff_t)i].done)
			return false;
	return true;
}

enum kd_status kd_setup_do(const struct kd_setup_plan *plan, struct kd_setup_step *step,
			   const struct kd_setup_hands *hands, struct kd_switch_result *loaded,
			   struct kd_err *err)
{
	enum kd_status status = kinds[step->kind].act(plan, step, hands, loaded, err);

	step->done = !status;
	return status;
}

const char *kd_setup_kind_name(enum kd_setup_kind kind)
{
	return kinds[kind].name;
}

const char *kd_setup_kind_past(enum kd_setup_kind kind)
{
	return kinds[kind].past;
}

extern char **environ;

static enum kd_status run_program(void *opaque, char *const argv[], struct kd_err *err)
{
	posix_spawn_file_actions_t actions;
	int error, status = 0;
	pid_t child;

	/* What it says is for people, and our own output may be JSON. */
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, STDERR_FILENO, STDOUT_FILENO);
	error = posix_spawnp(&child, argv[0], &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	if (error)
		return kd_fail_errno(err, error, "%s", argv[0]);
	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return kd_fail_errno(err, errno, "%s", argv[0]);
	if (WIFEXITED(status) && !WEXITSTATUS(status))
		return KD_OK;
	return kd_fail(err, KD_SYSTEM, "%s: ended with %s %d (its messages are above)", argv[0],
		       WIFEXITED(status) ? "status" : "signal",
		       WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
}

const struct kd_setup_hands kd_setup_real_hands = {
	.run = run_program,
	.driver = &kd_load_kernel_driver,
};
