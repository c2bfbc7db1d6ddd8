/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kdump umount: takes away what kdump mount mounted. */
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cmd/command.h"
#include "cmd/fuse.h"
#include "host/system.h"

extern char **environ;

/* An absolute path without asking what is mounted there, whose program may have ended. */
static enum kd_status resolve(const char *name, char path[PATH_MAX], struct kd_err *err)
{
	char parent[PATH_MAX], found[PATH_MAX];
	size_t length = strlen(name);
	char *slash;

	if (realpath(name, path))
		return KD_OK;
	if (errno != ENOTCONN || length >= sizeof(parent))
		return kd_fail_errno(err, errno, "%s", name);
	strcpy(parent, name);
	while (length > 1 && parent[length - 1] == '/')
		parent[--length] = '\0';
	slash = strrchr(parent, '/');
	if (slash)
		*slash = '\0';
	if (!realpath(!slash ? "." : slash == parent ? "/" : parent, found))
		return kd_fail_errno(err, errno, "%s", name);
	if (snprintf(path, PATH_MAX, "%s/%s", strcmp(found, "/") ? found : "",
		     slash ? slash + 1 : parent) >= PATH_MAX)
		return kd_fail_errno(err, ENAMETOOLONG, "%s", name);
	return KD_OK;
}

/* The helper that libfuse has for those who are not root; it prints why not. */
static int run_helper(const char *path, bool lazy)
{
	char program[] = "fusermount3", unmount[] = "-u", later[] = "-z", end[] = "--";
	char *folder = strdup(path);
	char *arguments[] = {
		program, unmount, lazy ? later : end, lazy ? end : folder, lazy ? folder : NULL,
		NULL};
	int error, status;
	pid_t child;

	error = folder ? posix_spawnp(&child, program, NULL, NULL, arguments, environ) : ENOMEM;
	free(folder);
	if (error) {
		fprintf(stderr, "kdump: %s: %s\n", program, strerror(error));
		return KD_EXIT_FAILED;
	}
	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return KD_EXIT_FAILED;
	return WIFEXITED(status) && !WEXITSTATUS(status) ? KD_EXIT_DONE : KD_EXIT_FAILED;
}

static int run_umount(const struct kd_command *self, int argc, char **argv)
{
	static const struct option options[] = {{"lazy", no_argument, NULL, 'l'}, {0}};
	struct kd_err err = {0};
	char path[PATH_MAX];
	bool lazy = false;
	int option;

	while ((option = getopt_long(argc, argv, ":l", options, NULL)) != -1) {
		if (option != 'l')
			return kd_command_bad_option(self, option, argv);
		lazy = true;
	}
	if (argc - optind != 1)
		return kd_command_usage(self, "exactly one DIR is needed");
	if (resolve(argv[optind], path, &err))
		return kd_command_failed(&err);
	if (!kd_fuse_is_mounted(path)) {
		kd_fail(&err, KD_INVALID, "%s: no dump is mounted there", path);
		return kd_command_failed(&err);
	}
	if (geteuid())
		return run_helper(path, lazy);
	if (!umount2(path, UMOUNT_NOFOLLOW | (lazy ? MNT_DETACH : 0)))
		return KD_EXIT_DONE;
	kd_fail_errno(&err, errno, "%s", path);
	kd_command_failed(&err);
	if (errno == EBUSY)
		kd_command_hint("close what is open in it, or use --lazy");
	return KD_EXIT_FAILED;
}

const struct kd_command kd_cmd_umount = {
	.name = "umount",
	.synopsis = "[-l] DIR",
	.summary = "take a mounted dump away",
	.run = run_umount,
	.options = "  -l, --lazy    now, though it is in use: it ends when it no longer is\n",
};
