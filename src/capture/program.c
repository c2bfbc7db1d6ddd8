/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "capture/program.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "capture/console.h"
#include "config/image.h"
#include "host/file.h"
#include "host/system.h"

enum {
	POLL_MS = 100,
	LINE_BYTES = 256,
	LINES_MAX = 60,
	ENVIRONMENT_MAX = 16,
	EXIT_NO_PROGRAM = 127
};

#define SECOND_NS UINT64_C(1000000000)

/* What a program says, until it becomes a line. */
struct speech {
	struct kd_capture *capture;
	const char *title;
	char line[LINE_BYTES];
	size_t length;
	unsigned int lines;
};

static void end_line(struct speech *speech)
{
	speech->line[speech->length] = '\0';
	if (speech->length && speech->lines < LINES_MAX)
		kd_say(speech->capture, "%s: %s", speech->title, speech->line);
	else if (speech->length && speech->lines == LINES_MAX)
		kd_say(speech->capture, "%s: and more that is not kept", speech->title);
	speech->lines += speech->length != 0;
	speech->length = 0;
}

/* Takes what there is to read; false at the end. */
static bool listen(struct speech *speech, int fd)
{
	char text[1024];
	ssize_t bytes = read(fd, text, sizeof(text));

	if (bytes < 0)
		return errno == EAGAIN || errno == EINTR;
	for (ssize_t i = 0; i < bytes; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c == '\n' || speech->length == LINE_BYTES - 1)
			end_line(speech);
		if (c != '\n')
			speech->line[speech->length++] = c < 0x20 || c == 0x7f ? ' ' : (char)c;
	}
	return bytes > 0;
}

static void __attribute__((noreturn)) become(const struct kd_program *program, int output)
{
	static char path[] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
		    libraries[] = "LD_LIBRARY_PATH=" KD_LIBRARY_FOLDER, home[] = "HOME=/";
	char *environment[ENVIRONMENT_MAX + 4] = {path, libraries, home};
	int null = open("/dev/null", O_RDONLY), score;

	for (int i = 0; program->environment && program->environment[i] && i < ENVIRONMENT_MAX; i++)
		environment[3 + i] = program->environment[i];
	setsid();
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* when memory is short, this is what can be done without */
	score = open("/proc/self/oom_score_adj", O_WRONLY);
	if (score >= 0 && write(score, "900", 3) != 3)
		fputs("cannot be made the first to be killed\n", stderr);
	dup2(null, 0);
	dup2(output, 1);
	dup2(output, 2);
	for (int fd = 3; fd < 64; fd++)
		close(fd);
	execve(program->words[0], program->words, environment);
	dprintf(2, "%s: %s\n", program->words[0], strerror(errno));
	_exit(EXIT_NO_PROGRAM);
}

static enum kd_status judge(const struct kd_program *program, int ended, struct kd_err *err)
{
	if (WIFSIGNALED(ended))
		return kd_fail(err, KD_SYSTEM, "%s: died: %s", program->words[0],
			       strsignal(WTERMSIG(ended)));
	if (WEXITSTATUS(ended))
		return kd_fail(err, KD_SYSTEM, "%s: ended with status %d", program->words[0],
			       WEXITSTATUS(ended));
	return KD_OK;
}

/* Until the child ends; what it left running may keep the pipe open, and is not waited for. */
static enum kd_status wait_for(const struct kd_program *program, pid_t child, int output,
			       struct speech *speech, struct kd_err *err)
{
	uint64_t deadline = kd_monotonic_ns() + program->limit_s * SECOND_NS;
	struct pollfd events = {.fd = output, .events = POLLIN};
	int ended;

	for (;;) {
		bool over = waitpid(child, &ended, WNOHANG) == child;

		while (poll(&events, 1, over ? 0 : POLL_MS) > 0 && events.fd >= 0) {
			if (!listen(speech, output))
				events.fd = -1; /* closed: only the end is waited for */
			if (kd_monotonic_ns() > deadline)
				break;
		}
		if (over)
			return judge(program, ended, err);
		if (kd_monotonic_ns() > deadline)
			break;
	}
	kill(-child, SIGKILL);
	waitpid(child, &ended, 0);
	return kd_fail(err, KD_SYSTEM, "%s: took longer than %u s and was stopped",
		       program->words[0], program->limit_s);
}

enum kd_status kd_program_run(struct kd_capture *capture, const struct kd_program *program,
			      struct kd_err *err)
{
	struct speech speech = {.capture = capture, .title = program->title};
	enum kd_status status;
	int ends[2];
	pid_t child;

	if (pipe2(ends, O_CLOEXEC))
		return kd_fail_errno(err, errno, "%s", program->words[0]);
	fcntl(ends[0], F_SETFL, O_NONBLOCK);
	fflush(NULL);
	child = fork();
	if (!child)
		become(program, ends[1]);
	close(ends[1]);
	if (child < 0)
		status = kd_fail_errno(err, errno, "%s", program->words[0]);
	else
		status = wait_for(program, child, ends[0], &speech, err);
	end_line(&speech);
	close(ends[0]);
	return status;
}
