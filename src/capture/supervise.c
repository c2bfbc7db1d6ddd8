/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every step runs in a process of its own.
 *
 * What a second kernel does is done on a broken machine: a disk controller may never answer, old memory
 * may be damaged in a way that no parser foresaw, memory may run out. A step that hangs, crashes or is
 * killed for memory costs its own result and nothing else; the supervisor, which is PID 1, does
 * nothing that could fail the same way: it looks at a clock and at shared memory.
 *
 * What a step achieves lives in the kernel (modules loaded, file systems mounted, files written) or in
 * struct kd_capture, which is shared; so the next step finds it although the process is gone.
 */
#include "capture/supervise.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "capture/console.h"
#include "host/system.h"

enum { POLL_MS = 100, KILL_PATIENCE_MS = 3000, EXIT_FAILED = 1 };

#define SECOND_NS UINT64_C(1000000000)

/* Sleeps until a child ends (SIGCHLD is blocked, and waits for us), at most so long. */
static void wait_ms(unsigned int ms)
{
	const struct timespec pause = {.tv_sec = ms / 1000, .tv_nsec = (ms % 1000) * 1000000L};
	sigset_t child;

	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigtimedwait(&child, NULL, &pause);
}

/* Remembers how little memory there was; reading /proc/meminfo allocates nothing. */
static void watch_memory(struct kd_capture *capture)
{
	unsigned long long total, available;
	char text[512] = "";
	const char *at;
	FILE *stream = fopen("/proc/meminfo", "re");

	if (!stream)
		return;
	text[fread(text, 1, sizeof(text) - 1, stream)] = '\0';
	fclose(stream);
	at = strstr(text, "MemAvailable:");
	if (sscanf(text, "MemTotal: %llu", &total) != 1 || !at ||
	    sscanf(at, "MemAvailable: %llu", &available) != 1)
		return;
	capture->memory_total_kib = total;
	if (!capture->memory_lowest_kib || available < capture->memory_lowest_kib)
		capture->memory_lowest_kib = available;
}

static void __attribute__((noreturn))
run_child(struct kd_capture *capture, const struct kd_step *step, struct kd_step_record *record,
	  const sigset_t *before)
{
	struct kd_err err = {KD_OK, ""};

	sigprocmask(SIG_SETMASK, before, NULL);
	record->status = step->run(capture, &err);
	if (!record->status)
		_exit(0);
	snprintf(record->why, sizeof(record->why), "%s", err.text);
	_exit(EXIT_FAILED);
}

/* Reaps whatever ended; true when it was `child`, with how it ended. */
static bool reap(pid_t child, int *ended, uint64_t *peak_kib)
{
	struct rusage usage;
	pid_t pid;

	while ((pid = wait4(-1, ended, WNOHANG, &usage)) > 0) {
		if (pid != child)
			continue;
		*peak_kib = (uint64_t)usage.ru_maxrss;
		return true;
	}
	return false;
}

/* Waits for the child; false when its time was up and it had to be killed. */
static bool wait_for(struct kd_capture *capture, const struct kd_step *step, pid_t child,
		     int *ended, uint64_t *peak_kib)
{
	uint64_t start = kd_monotonic_ns(), moved = start, seen = capture->progress_bytes;
	uint64_t limit = step->limit_s(capture) * SECOND_NS;
	uint64_t patience = capture->step_timeout_s * SECOND_NS;

	for (;;) {
		uint64_t now = kd_monotonic_ns();

		if (reap(child, ended, peak_kib))
			return true;
		if (capture->is_init)
			watch_memory(capture);
		if (capture->progress_bytes != seen) {
			seen = capture->progress_bytes;
			moved = now;
		}
		if (now - start > limit || (seen && now - moved > patience))
			break;
		wait_ms(POLL_MS);
	}
	kill(child, SIGKILL);
	for (unsigned int waited = 0; waited < KILL_PATIENCE_MS; waited += POLL_MS) {
		if (reap(child, ended, peak_kib))
			break;
		wait_ms(POLL_MS);
	}
	return false;
}

static enum kd_outcome judge(bool in_time, int ended, const struct kd_capture *capture,
			     struct kd_step_record *record)
{
	if (!in_time) {
		snprintf(record->why, sizeof(record->why), "took too long and was stopped");
		return KD_STEP_HUNG;
	}
	if (WIFSIGNALED(ended)) {
		snprintf(record->why, sizeof(record->why), "died: %s", strsignal(WTERMSIG(ended)));
		return KD_STEP_CRASHED;
	}
	if (WEXITSTATUS(ended)) {
		if (!*record->why)
			snprintf(record->why, sizeof(record->why), "failed");
		return KD_STEP_FAILED;
	}
	return KD_STEP_DONE;
}

enum kd_outcome kd_supervise(struct kd_capture *capture, const struct kd_step *step)
{
	struct kd_step_record spare = {0};
	struct kd_step_record *record = capture->step_count < KD_CAPTURE_STEPS
						? &capture->steps[capture->step_count++]
						: &spare;
	uint64_t start = kd_monotonic_ns();
	enum kd_outcome outcome;
	sigset_t chld, before;
	int ended = 0;
	bool in_time;
	pid_t child;

	sigemptyset(&chld);
	sigaddset(&chld, SIGCHLD);
	sigprocmask(SIG_BLOCK, &chld, &before);
	record->name = step->name;
	record->target = capture->target;
	record->ran = true;
	capture->progress_bytes = 0;
	fflush(NULL);
	child = fork();
	if (child < 0) {
		snprintf(record->why, sizeof(record->why), "no process for it: %s",
			 strerror(errno));
		outcome = KD_STEP_FAILED;
	} else if (!child) {
		run_child(capture, step, record, &before);
	} else {
		in_time = wait_for(capture, step, child, &ended, &record->peak_kib);
		if (record->peak_kib > capture->peak_kib)
			capture->peak_kib = record->peak_kib;
		outcome = judge(in_time, ended, capture, record);
	}
	sigprocmask(SIG_SETMASK, &before, NULL);
	record->took_ns = kd_monotonic_ns() - start;
	record->failed = outcome != KD_STEP_DONE;
	if (record->failed)
		kd_say(capture, "%s: %s", step->name, record->why);
	return outcome;
}
