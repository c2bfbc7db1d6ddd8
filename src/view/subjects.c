/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The lists of CPUs, tasks and modules. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "host/system.h"
#include "view/node.h"

static int by_pid(const void *left, const void *right, void *opaque)
{
	const struct kd_tasks *tasks = opaque;
	const struct kd_task *a = &tasks->list[*(const uint32_t *)left];
	const struct kd_task *b = &tasks->list[*(const uint32_t *)right];

	return a->pid < b->pid ? -1 : a->pid > b->pid;
}

/* Each number once: of several that a damaged list gives the same, one. */
static enum kd_status sort_tasks(struct kd_subjects *subjects, struct kd_err *err)
{
	const struct kd_tasks *tasks = &subjects->tasks;
	size_t count = 0, kept = 0;

	subjects->by_pid = calloc(tasks->count + 1, sizeof(*subjects->by_pid));
	if (!subjects->by_pid)
		return kd_fail_errno(err, ENOMEM, "%zu tasks", tasks->count);
	for (size_t i = 0; i < tasks->count; i++)
		if (!tasks->list[i].idle)
			subjects->by_pid[count++] = (uint32_t)i;
	qsort_r(subjects->by_pid, count, sizeof(*subjects->by_pid), by_pid, &subjects->tasks);
	for (size_t i = 0; i < count; i++)
		if (!kept || tasks->list[subjects->by_pid[kept - 1]].pid !=
				     tasks->list[subjects->by_pid[i]].pid)
			subjects->by_pid[kept++] = subjects->by_pid[i];
	subjects->pid_count = kept;
	return KD_OK;
}

/* Of what only a part could be read, there is that part; but not because of memory, which may come back. */
static enum kd_status partly(const struct kd_view *view, enum kd_status status,
			     const struct kd_err *why, const char *what, struct kd_err *err)
{
	if (status == KD_NOMEM)
		return kd_fail(err, KD_NOMEM, "%s", why->text);
	if (status)
		kd_log(view->options.log, KD_LOG_WARNING, "%s%s", why->text, what);
	return KD_OK;
}

/* Only symbols are needed. */
static enum kd_status open_subjects(struct kd_view *view, struct kd_err *err)
{
	struct kd_subjects *subjects = &view->subjects;
	struct kd_err why = {KD_OK, ""};
	enum kd_status status = kd_system_open(view->kernel, &subjects->system, err);

	if (status)
		return status;
	if (!kd_system_types(subjects->system, &why) && why.status == KD_NOMEM)
		return kd_fail(err, KD_NOMEM, "%s", why.text);
	status = kd_tasks_init(&subjects->tasks, subjects->system, &why);
	status = partly(view, status, &why, ": not all tasks are known", err);
	if (!status)
		status = partly(view, kd_system_modules_status(subjects->system, &why), &why, "",
				err);
	if (status)
		return status;
	subjects->orc_status = kd_orc_init(&subjects->orc, subjects->system, &subjects->orc_err);
	kd_switched_init(&subjects->switched, subjects->system);
	return sort_tasks(subjects, err);
}

enum kd_status kd_view_subjects(struct kd_view *view, struct kd_err *err)
{
	struct kd_subjects *subjects = &view->subjects;
	enum kd_status status;

	if (!subjects->tried) {
		subjects->status = open_subjects(view, &subjects->err);
		subjects->tried = true;
	}
	status = subjects->status;
	if (status && err)
		*err = subjects->err;
	if (status == KD_NOMEM) { /* the next who asks may be luckier */
		kd_subjects_deinit(subjects);
		*subjects = (struct kd_subjects){.tried = false};
	}
	return status;
}

void kd_subjects_deinit(struct kd_subjects *subjects)
{
	free(subjects->by_pid);
	kd_tasks_deinit(&subjects->tasks);
	kd_system_close(subjects->system);
}

/* A number as its name has it: no sign, no leading zeros. */
static bool parse_number(const char *name, unsigned long *number)
{
	char text[32], *end;

	errno = 0;
	*number = strtoul(name, &end, 10);
	snprintf(text, sizeof(text), "%lu", *number);
	return !errno && !strcmp(text, name);
}

/* CPUs by number, as far as they were online. */
static size_t count_cpus(struct kd_view *view)
{
	return view->subjects.tasks.cpus.count;
}

static void name_cpu(struct kd_view *view, size_t number, char name[KD_VIEW_NAME_BYTES])
{
	*name = '\0';
	if (kd_cpu_is_online(&view->subjects.tasks.cpus, (unsigned int)number))
		snprintf(name, KD_VIEW_NAME_BYTES, "%zu", number);
}

static enum kd_status find_cpu(struct kd_view *view, const char *name, size_t *number)
{
	unsigned long found;

	if (!parse_number(name, &found) || found >= count_cpus(view) ||
	    !kd_cpu_is_online(&view->subjects.tasks.cpus, (unsigned int)found))
		return KD_NOTFOUND;
	*number = found;
	return KD_OK;
}

const struct kd_node_list kd_list_cpus = {count_cpus, name_cpu, find_cpu};

const struct kd_task *kd_subject_task(const struct kd_view *view, size_t subject)
{
	return &view->subjects.tasks.list[view->subjects.by_pid[subject]];
}

static size_t count_tasks(struct kd_view *view)
{
	return view->subjects.pid_count;
}

static void name_task(struct kd_view *view, size_t number, char name[KD_VIEW_NAME_BYTES])
{
	*name = '\0';
	if (kd_subject_task(view, number)->pid >= 0)
		snprintf(name, KD_VIEW_NAME_BYTES, "%d", kd_subject_task(view, number)->pid);
}

static enum kd_status find_task(struct kd_view *view, const char *name, size_t *number)
{
	size_t low = 0, high = view->subjects.pid_count;
	unsigned long pid;

	if (!parse_number(name, &pid) || pid > INT32_MAX)
		return KD_NOTFOUND;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (kd_subject_task(view, middle)->pid < (int32_t)pid)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == view->subjects.pid_count || kd_subject_task(view, low)->pid != (int32_t)pid)
		return KD_NOTFOUND;
	*number = low;
	return KD_OK;
}

const struct kd_node_list kd_list_tasks = {count_tasks, name_task, find_task};

static size_t count_modules(struct kd_view *view)
{
	size_t count;

	kd_system_modules(view->subjects.system, &count);
	return count;
}

static void name_module(struct kd_view *view, size_t number, char name[KD_VIEW_NAME_BYTES])
{
	size_t count;

	snprintf(name, KD_VIEW_NAME_BYTES, "%s",
		 kd_system_modules(view->subjects.system, &count)[number].name);
}

static enum kd_status find_module(struct kd_view *view, const char *name, size_t *number)
{
	size_t count;
	const struct kd_module *modules = kd_system_modules(view->subjects.system, &count);

	for (size_t i = 0; i < count; i++)
		if (!strcmp(modules[i].name, name)) {
			*number = i;
			return KD_OK;
		}
	return KD_NOTFOUND;
}

const struct kd_node_list kd_list_modules = {count_modules, name_module, find_module};
