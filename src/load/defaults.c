/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "load/defaults.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/config.h"
#include "host/file.h"
#include "host/system.h"
#include "load/marks.h"

enum { COMMAND_LINE_LIMIT_BYTES = 64 << 10 };

static enum kd_status check_file(const char *path, const char *what, struct kd_err *err)
{
	KD_CLEANUP_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat info;

	if (fd < 0 || fstat(fd, &info))
		return kd_fail_errno(err, errno, "%s %s", what, path);
	if (!S_ISREG(info.st_mode))
		return kd_fail(err, KD_INVALID, "%s %s: not a regular file", what, path);
	if (!info.st_size)
		return kd_fail(err, KD_TRUNCATED, "%s %s: the file is empty", what, path);
	return KD_OK;
}

/* The path itself, or the default one of this release. */
static enum kd_status name_file(const char *given, const char *folder, const char *prefix,
				const char *release, char **name, struct kd_err *err)
{
	char path[PATH_MAX];

	if (!given)
		given = kd_path(path, folder, "%s-%s", prefix, release);
	*name = strdup(given);
	return *name ? KD_OK : kd_fail_errno(err, ENOMEM, "%s", given);
}

static enum kd_status check_initrd(const struct kd_load_arguments *arguments, const char *path,
				   const char *release, struct kd_err *err)
{
	enum kd_status status = check_file(path, "initramfs", err);

	if (status == KD_NOTFOUND && !arguments->initrd)
		return kd_fail(err, status,
			       "initramfs %s: there is none for %s yet: build it with `kdump "
			       "initramfs`",
			       path, release);
	return status;
}

/* The image that a file of the configuration may be newer than. */
struct copy {
	const char *initrd;
	time_t made_s;
	const struct kd_log *log;
};

static enum kd_status warn_if_newer(void *opaque, const char *file, struct kd_err *err)
{
	const struct copy *copy = opaque;
	struct stat info;

	if (stat(file, &info))
		return kd_fail_errno(err, errno, "%s", file);
	if (info.st_mtim.tv_sec > copy->made_s)
		kd_log(copy->log, KD_LOG_WARNING,
		       "%s is newer than %s, which has a copy of it: run `kdump initramfs` and "
		       "`kdump load`",
		       file, copy->initrd);
	return KD_OK;
}

/* The image carries a copy of the configuration, made when it was built. */
static void warn_of_new_config(const struct kd_paths *paths, const char *initrd,
			       const struct kd_log *log)
{
	struct copy copy = {.initrd = initrd, .log = log};
	struct stat image;

	if (stat(initrd, &image))
		return;
	copy.made_s = image.st_mtim.tv_sec;
	kd_config_files(paths->config, warn_if_newer, &copy, NULL);
}

/*
 * What the configuration says of the second kernel, where the person did not; a mistake in it stops `kdump
 * initramfs`, not this.
 */
static enum kd_status take_config(const struct kd_paths *paths, const struct kd_log *log,
				  struct kd_load_resolved *made, struct kd_err *err)
{
	enum kd_status status = kd_config_init(&made->config, err);
	struct kd_err why;

	if (status)
		return status;
	status = kd_config_read(&made->config, paths->config, &why);
	if (status && status != KD_NOTFOUND)
		kd_log(log, KD_LOG_WARNING, "%s", why.text);
	made->request.cpus = made->config.cpus;
	made->request.remove = made->config.append_remove;
	if (!made->request.append)
		made->request.append = made->config.append;
	return KD_OK;
}

void kd_load_resolved_deinit(struct kd_load_resolved *resolved)
{
	free(resolved->kernel);
	free(resolved->initrd);
	kd_config_deinit(&resolved->config);
	*resolved = (struct kd_load_resolved){0};
}

enum kd_status kd_load_resolve(const struct kd_paths *paths,
			       const struct kd_load_arguments *arguments, const struct kd_log *log,
			       struct kd_load_resolved *resolved, struct kd_err *err)
{
	struct kd_load_resolved made = {0};
	char release[65];
	enum kd_status status = kd_marks_release(paths, release, err);

	if (status)
		return status;
	status = name_file(arguments->kernel, paths->boot, "vmlinuz", release, &made.kernel, err);
	if (!status && !arguments->no_initrd)
		status = name_file(arguments->initrd, paths->state, "initrd", release, &made.initrd,
				   err);
	if (!status)
		status = check_file(made.kernel, "kernel", err);
	if (!status && made.initrd)
		status = check_initrd(arguments, made.initrd, release, err);
	if (status) {
		kd_load_resolved_deinit(&made);
		return status;
	}
	if (made.initrd && !arguments->initrd)
		warn_of_new_config(paths, made.initrd, log);
	made.request = (struct kd_load_request){
		.paths = paths,
		.kernel_path = made.kernel,
		.initrd_path = made.initrd,
		.command_line = arguments->command_line,
		.reuse_command_line = arguments->reuse_command_line,
		.append = arguments->append,
		.method = arguments->method,
		.backup = arguments->backup,
		.log = log,
	};
	status = take_config(paths, log, &made, err);
	if (status) {
		kd_load_resolved_deinit(&made);
		return status;
	}
	*resolved = made;
	return KD_OK;
}

enum kd_status kd_load_check_reservation(const struct kd_paths *paths, struct kd_err *err)
{
	KD_CLEANUP_FREE char *command_line = NULL;
	char path[PATH_MAX], size[32];
	size_t bytes;
	enum kd_status status =
		kd_marks_line(paths->sys, "kernel/kexec_crash_size", size, sizeof(size), err);

	if (status || strtoull(size, NULL, 10))
		return status;
	if (!kd_file_read(kd_path(path, paths->proc, "cmdline"), COMMAND_LINE_LIMIT_BYTES,
			  &command_line, &bytes, NULL) &&
	    strstr(command_line, "crashkernel="))
		return kd_fail(err, KD_UNSUPPORTED,
			       "no memory is reserved although the kernel command line has "
			       "crashkernel=: `dmesg | grep -i crash` says why; ask for less");
	return kd_fail(err, KD_UNSUPPORTED,
		       "no memory is reserved for a crash kernel: add crashkernel=128M to the "
		       "kernel command line and reboot");
}
