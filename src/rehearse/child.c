/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rehearse/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/file.h"
#include "host/system.h"

enum { COMMAND_NOT_FOUND = 127, SAID_BYTES = 768 };

void kd_child_add(struct kd_child *child, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	if (child->count + 1 >= KD_CHILD_WORDS ||
	    vasprintf(&child->words[child->count], format, args) < 0)
		child->failed = true;
	else
		child->words[++child->count] = NULL;
	va_end(args);
}

void kd_child_deinit(struct kd_child *child)
{
	for (size_t i = 0; i < child->count; i++)
		free(child->words[i]);
}

/* Starts it, with what it prints in the file `said`; it dies with this process. */
static pid_t start(const struct kd_child *child, const char *said)
{
	pid_t pid = fork();

	if (!pid) {
		int fd = open(said, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
		int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(nothing, STDIN_FILENO);
		dup2(fd, STDOUT_FILENO);
		dup2(fd, STDERR_FILENO);
		execvp(child->words[0], child->words);
		_exit(COMMAND_NOT_FOUND);
	}
	return pid;
}

/* Waits for its end, so many seconds at most; false when it had to be killed. */
static bool wait_for(pid_t pid, unsigned int seconds, int *status)
{
	struct pollfd end = {.fd = (int)syscall(SYS_pidfd_open, pid, 0), .events = POLLIN};
	bool over = end.fd < 0 || poll(&end, 1, (int)seconds * 1000) == 1;

	if (!over)
		kill(pid, SIGKILL);
	if (end.fd >= 0)
		close(end.fd);
	waitpid(pid, status, 0);
	return over;
}

enum kd_status kd_child_run(const struct kd_child *child, const char *said, unsigned int seconds,
			    const char *package, bool *over, struct kd_err *err)
{
	KD_CLEANUP_FREE char *text = NULL;
	size_t bytes;
	int status;
	pid_t pid;

	if (child->failed)
		return kd_fail(err, KD_NOMEM, "%s: no memory", child->words[0]);
	pid = start(child, said);
	if (pid < 0)
		return kd_fail_errno(err, errno, "%s", child->words[0]);
	*over = wait_for(pid, seconds, &status);
	if (*over && WIFEXITED(status) && WEXITSTATUS(status) == COMMAND_NOT_FOUND)
		return kd_fail(err, KD_NOTFOUND, "%s is not installed: the package %s has it",
			       child->words[0], package);
	if (!*over || (WIFEXITED(status) && !WEXITSTATUS(status)))
		return KD_OK;
	if (kd_file_read(said, SAID_BYTES, &text, &bytes, NULL))
		text = NULL;
	return kd_fail(err, KD_SYSTEM, "%s: %s", child->words[0],
		       text && *text ? text : "it failed without a word");
}

void kd_child_add_words(struct kd_child *child, const char *words, const char *value)
{
	char word[64];
	int length;

	for (; sscanf(words, " %63s%n", word, &length) == 1; words += length) {
		char *place = strstr(word, "%s");

		if (place)
			kd_child_add(child, "%.*s%s", (int)(place - word), word, value);
		else
			kd_child_add(child, "%s", word);
	}
}
