/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Changing what a panic starts.
 *
 * The kernel frees the loaded image before it looks at the new one, so a refused load leaves
 * nothing. The order here is therefore: check everything; call; and if the call fails after all,
 * try the other system call where the person left us the choice, then put back what was there from
 * its record. Only then is the record replaced. A crash of this program at any point leaves the
 * record of the last completed load, and `status` compares it with the kernel's own word.
 */
#include "load/switch.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "host/file.h"
#include "host/system.h"
#include "load/defaults.h"
#include "load/marks.h"
#include "load/state.h"

enum { STATE_MODE = 0755, LOCK_MODE = 0600 };

void kd_switch_result_deinit(struct kd_switch_result *result)
{
	free(result->kernel);
	*result = (struct kd_switch_result){0};
}

/* One change at a time; the lock goes with the descriptor. */
static enum kd_status take_lock(const struct kd_paths *paths, int *lock, struct kd_err *err)
{
	char path[PATH_MAX];
	enum kd_status status = kd_make_folders(paths->state, STATE_MODE, err);
	int fd;

	if (status)
		return status;
	fd = open(kd_path(path, paths->state, "lock"), O_RDWR | O_CREAT | O_CLOEXEC, LOCK_MODE);
	if (fd < 0)
		return kd_fail_errno(err, errno, "%s", path);
	if (flock(fd, LOCK_EX)) {
		status = kd_fail_errno(err, errno, "%s", path);
		close(fd);
		return status;
	}
	*lock = fd;
	return KD_OK;
}

/* What a load left behind, to be remembered. */
static enum kd_status make_record(const struct kd_load_arguments *arguments,
				  const struct kd_load_request *request,
				  const struct kd_load_description *said,
				  struct kd_load_record *record, struct kd_err *err)
{
	record->armed = true;
	record->method = request->method;
	record->backup = said->backup;
	record->time_s = (uint64_t)time(NULL);
	record->command_line = strdup(said->command_line ? said->command_line : "");
	if (!record->command_line)
		return kd_fail_errno(err, ENOMEM, "record");
	if (said->segment_count > KD_RECORD_SEGMENTS)
		return kd_fail(err, KD_UNSUPPORTED, "%zu segments", said->segment_count);
	record->segment_count = said->segment_count;
	for (size_t i = 0; i < said->segment_count; i++) {
		struct kd_load_placed *placed = &record->segments[i];

		snprintf(placed->name, sizeof(placed->name), "%s", said->segments[i].name);
		placed->paddr = said->segments[i].paddr;
		placed->bytes = said->segments[i].memory_bytes;
	}
	return kd_load_arguments_copy(arguments, &record->arguments, err);
}

/* Digests first, image after: a file that changes in between looks stale, never fresh. */
static enum kd_status mark(const struct kd_load_request *request, struct kd_load_record *record,
			   struct kd_err *err)
{
	const struct kd_paths *paths = request->paths;
	enum kd_status status = kd_marks_boot_id(paths, record->boot_id, err);

	if (!status)
		status = kd_marks_release(paths, record->release, err);
	if (!status)
		status = kd_marks_layout(paths, record->layout, err);
	if (!status)
		status = kd_marks_file(request->kernel_path, &record->files[KD_ROLE_KERNEL], err);
	if (!status && request->initrd_path)
		status = kd_marks_file(request->initrd_path, &record->files[KD_ROLE_INITRD], err);
	if (status)
		return status;
	status = kd_marks_config(paths, &record->files[KD_ROLE_CONFIG], err);
	/* no configuration is a configuration: the defaults */
	return status == KD_NOTFOUND ? KD_OK : status;
}

/* Prepares and commits by the one method in the request. *called: the kernel was asked. */
static enum kd_status load_once(const struct kd_switch *self,
				const struct kd_load_arguments *arguments,
				const struct kd_load_request *request,
				struct kd_load_record *record, bool *called, struct kd_err *err)
{
	struct kd_load_description said = {0};
	struct kd_load_record made = {0};
	struct kd_load_image *image = NULL;
	enum kd_status status = mark(request, &made, err);

	if (!status)
		status = self->driver->prepare(request, &image, err);
	if (!status) {
		self->driver->describe(image, &said);
		status = make_record(arguments, request, &said, &made, err);
	}
	if (!status)
		status = kd_load_record_check(&made, err);
	if (!status) {
		*called = true;
		status = self->driver->commit(image, err);
	}
	if (image)
		self->driver->release(image);
	if (status) {
		kd_load_record_deinit(&made);
		return status;
	}
	*record = made;
	return KD_OK;
}

/* By the chosen method, or by the other one where that is open. */
static enum kd_status load_choice(const struct kd_switch *self,
				  const struct kd_load_arguments *arguments,
				  struct kd_load_request *request, struct kd_load_choice *choice,
				  struct kd_load_record *record, bool *called, struct kd_err *err)
{
	struct kd_err second;
	enum kd_status status;

	request->method = choice->method;
	status = load_once(self, arguments, request, record, called, err);
	if (!status || !*called || !choice->may_fall_back)
		return status;
	request->method = KD_LOAD_FILE;
	if (load_once(self, arguments, request, record, called, &second)) {
		char first[KD_ERR_TEXT_BYTES];

		snprintf(first, sizeof(first), "%s", err->text);
		return kd_fail(err, status, "%s; and by method file: %s", first, second.text);
	}
	choice->method = KD_LOAD_FILE;
	snprintf(choice->reason, sizeof(choice->reason), "%.150s", err->text);
	return KD_OK;
}

/* Puts back what `before` tells of, with the method that it was loaded with. */
static enum kd_status put_back(const struct kd_switch *self, const struct kd_load_record *before,
			       bool *files_changed, struct kd_err *err)
{
	struct kd_load_resolved resolved;
	struct kd_load_record again;
	bool called;
	enum kd_status status =
		kd_load_resolve(self->paths, &before->arguments, self->log, &resolved, err);

	if (status)
		return status;
	resolved.request.method = before->method;
	status = load_once(self, &before->arguments, &resolved.request, &again, &called, err);
	kd_load_resolved_deinit(&resolved);
	if (status)
		return status;
	*files_changed = false;
	for (int i = 0; i < KD_ROLE_COUNT; i++)
		*files_changed |= strcmp(again.files[i].sha256, before->files[i].sha256) != 0;
	status = kd_load_record_write(self->paths, &again, err);
	kd_load_record_deinit(&again);
	return status;
}

/* Adds to the message of a refused load what became of the image that was loaded before it. */
static enum kd_status refused(const struct kd_switch *self, enum kd_status status,
			      const struct kd_load_record *before, struct kd_err *err)
{
	char why[KD_ERR_TEXT_BYTES];
	struct kd_err second;
	bool files_changed;

	snprintf(why, sizeof(why), "%s", err->text);
	if (kd_load_is_loaded(self->paths))
		return kd_fail(err, status, "%s (what was loaded before stays loaded)", why);
	if (!before)
		return kd_fail(err, status,
			       "%s; what was loaded before was not loaded by kdump and is gone: "
			       "nothing is loaded now",
			       why);
	if (put_back(self, before, &files_changed, &second))
		return kd_fail(err, status,
			       "%s; what was loaded before could not be loaded again (%s): nothing "
			       "is loaded now",
			       why, second.text);
	return kd_fail(err, status, "%s; the previous kernel (%s) has been loaded again%s", why,
		       before->files[KD_ROLE_KERNEL].path,
		       files_changed ? ", from files that have changed meanwhile" : "");
}

static enum kd_status fill_result(const struct kd_load_record *record,
				  const struct kd_load_choice *choice, bool changed,
				  struct kd_switch_result *result, struct kd_err *err)
{
	const char *kernel = record->files[KD_ROLE_KERNEL].path;
	char *copy = kernel ? strdup(kernel) : NULL;

	if (kernel && !copy)
		return kd_fail_errno(err, ENOMEM, "result");
	*result = (struct kd_switch_result){
		.changed = changed,
		.kernel = copy,
		.method = record->method,
		.backup = record->backup,
	};
	if (choice)
		snprintf(result->reason, sizeof(result->reason), "%s", choice->reason);
	return KD_OK;
}

static enum kd_status load_locked(const struct kd_switch *self,
				  const struct kd_load_arguments *arguments,
				  struct kd_switch_result *result, struct kd_err *err)
{
	struct kd_load_record before = {0}, record = {0};
	struct kd_load_resolved resolved = {0};
	struct kd_load_powers powers;
	struct kd_load_choice choice;
	bool called = false, was_loaded = kd_load_is_loaded(self->paths), is_ours;
	enum kd_status status = kd_load_check_reservation(self->paths, err);

	if (status && status != KD_NOTFOUND) /* not found: the kernel cannot, as the choice says */
		return status;
	self->driver->probe(self->paths, &powers);
	status = kd_load_choose_method(arguments->method, &powers, &choice, err);
	if (!status)
		status = kd_load_resolve(self->paths, arguments, self->log, &resolved, err);
	if (status)
		return status;
	is_ours = !kd_load_record_read(self->paths, &before, NULL) &&
		  kd_load_is_of_this_boot(self->paths, &before) && before.armed;
	status = load_choice(self, arguments, &resolved.request, &choice, &record, &called, err);
	if (status && called && was_loaded)
		status = refused(self, status, is_ours ? &before : NULL, err);
	if (!status)
		status = kd_load_record_write(self->paths, &record, err);
	if (!status)
		status = fill_result(&record, &choice, true, result, err);
	kd_load_resolved_deinit(&resolved);
	kd_load_record_deinit(&before);
	kd_load_record_deinit(&record);
	return status;
}

enum kd_status kd_switch_load(const struct kd_switch *self,
			      const struct kd_load_arguments *arguments,
			      struct kd_switch_result *result, struct kd_err *err)
{
	KD_CLEANUP_CLOSE int lock = -1;
	enum kd_status status = take_lock(self->paths, &lock, err);

	return status ? status : load_locked(self, arguments, result, err);
}

/* Loaded by us, in this boot, and nothing has changed since. */
static bool is_fresh(const struct kd_paths *paths, const struct kd_load_record *record)
{
	struct kd_load_stale stale = {0};

	if (!record->armed || !kd_load_is_loaded(paths) || !kd_load_is_of_this_boot(paths, record))
		return false;
	kd_load_check_stale(paths, record, &stale);
	return !stale.count;
}

enum kd_status kd_switch_arm(const struct kd_switch *self, struct kd_switch_result *result,
			     struct kd_err *err)
{
	KD_CLEANUP_CLOSE int lock = -1;
	struct kd_load_record record = {0};
	enum kd_status status = take_lock(self->paths, &lock, err);

	if (!status)
		status = kd_load_record_read(self->paths, &record, err);
	if (status == KD_NOTFOUND)
		return kd_fail(err, status,
			       "nothing is remembered that could be armed: run `kdump load` once");
	if (status)
		return status;
	if (is_fresh(self->paths, &record))
		status = fill_result(&record, NULL, false, result, err);
	else
		status = load_locked(self, &record.arguments, result, err);
	kd_load_record_deinit(&record);
	return status;
}

static enum kd_status unload_if_loaded(const struct kd_switch *self, bool *unloaded,
				       struct kd_err *err)
{
	enum kd_status status = KD_OK;

	*unloaded = kd_load_is_loaded(self->paths);
	if (*unloaded)
		status = self->driver->unload(err);
	return status;
}

enum kd_status kd_switch_disarm(const struct kd_switch *self, struct kd_switch_result *result,
				struct kd_err *err)
{
	KD_CLEANUP_CLOSE int lock = -1;
	struct kd_load_record record = {0};
	bool was_armed = false, unloaded;
	enum kd_status status = take_lock(self->paths, &lock, err);

	if (!status) {
		status = kd_load_record_read(self->paths, &record, err);
		status = status == KD_NOTFOUND ? KD_OK : status;
	}
	if (!status)
		status = unload_if_loaded(self, &unloaded, err);
	if (!status && record.armed) {
		was_armed = true;
		record.armed = false;
		status = kd_load_record_write(self->paths, &record, err);
	}
	kd_load_record_deinit(&record);
	if (!status)
		*result = (struct kd_switch_result){.changed = unloaded || was_armed};
	return status;
}

enum kd_status kd_switch_unload(const struct kd_switch *self, struct kd_switch_result *result,
				struct kd_err *err)
{
	KD_CLEANUP_CLOSE int lock = -1;
	bool unloaded;
	enum kd_status status = take_lock(self->paths, &lock, err);

	if (!status)
		status = unload_if_loaded(self, &unloaded, err);
	if (!status)
		status = kd_load_record_remove(self->paths, err);
	if (!status)
		*result = (struct kd_switch_result){.changed = unloaded};
	return status;
}
