/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * kdump-capture: PID 1 of the second kernel.
 *
 * The policy in one table: what is done in which order, how long it may take, what is tried instead,
 * and what it means for the rest when it fails. Whatever happens, the last line is the final action.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "capture/capture.h"
#include "capture/console.h"
#include "capture/crash.h"
#include "capture/final.h"
#include "capture/hooks.h"
#include "capture/init.h"
#include "capture/last_words.h"
#include "capture/rescue.h"
#include "capture/retain.h"
#include "capture/supervise.h"
#include "capture/target.h"
#include "config/image.h"

enum { EXIT_USAGE = 2, PAUSE_S = 5 };

static unsigned int step_limit(const struct kd_capture *capture)
{
	return capture->step_timeout_s;
}

static unsigned int target_limit(const struct kd_capture *capture)
{
	return capture->device_timeout_s + capture->step_timeout_s;
}

static unsigned int dump_limit(const struct kd_capture *capture)
{
	return capture->dump_timeout_s;
}

static unsigned int hook_limit(const struct kd_capture *capture)
{
	/* the hook is killed at its own limit, and then there is something to say */
	return capture->hook_timeout_s + capture->step_timeout_s;
}

/* When a step has failed and so has what is tried instead. */
enum consequence {
	GO_ON,       /* the rest is worth having without it */
	NEXT_TARGET, /* this target is no use */
	ASK_WHY,     /* the next target, when this one is to blame: it refused, or did not answer */
};

struct policy {
	struct kd_step step;
	const struct kd_step *
		instead; /* tried in order when the step crashed, hung, or failed by itself; or NULL */
	enum consequence consequence;
	bool init_only; /* the ordinary process has a target already */
};

static const struct kd_step simpler_dumps[] = {
	{"dump without filter", kd_crash_save_whole_dump, dump_limit},
	{"dump by reading", kd_crash_save_dump_by_reading, dump_limit},
	{0},
};

static const struct kd_step simpler_reports[] = {
	{"report without symbols", kd_crash_save_plain_report, step_limit},
	{0},
};

static const struct policy modules = {
	{"modules", kd_capture_load_modules, step_limit}, NULL, GO_ON, true};

/* What is done for each target until one holds the dump. */
static const struct policy policies[] = {
	{{"target", kd_capture_reach_target, target_limit}, NULL, NEXT_TARGET, true},
	{{"room", kd_capture_retain, step_limit}, NULL, GO_ON, true},
	{{"folder", kd_crash_begin, step_limit}, NULL, NEXT_TARGET, false},
	{{"kernel log", kd_crash_save_log, step_limit}, NULL, ASK_WHY, false},
	{{"report", kd_crash_save_report, step_limit}, simpler_reports, ASK_WHY, false},
	{{"dump", kd_crash_save_dump, dump_limit}, simpler_dumps, ASK_WHY, false},
	{{"digest", kd_crash_take_digest, step_limit}, NULL, GO_ON, false},
};

static const struct kd_step manifest = {"manifest", kd_crash_end, step_limit};
static const struct kd_step leave_target = {"unmounting", kd_capture_leave_target, step_limit};
static const struct kd_step before = {"hook before", kd_hook_before, hook_limit};
static const struct kd_step after = {"hook after", kd_hook_after, hook_limit};
static const struct kd_step show_log = {"log on the console", kd_crash_show_log, step_limit};

static const struct kd_step show_plain_report[] = {
	{"report on the console without symbols", kd_crash_show_plain_report, step_limit},
	{0},
};
static const struct policy show_report = {
	{"report on the console", kd_crash_show_report, step_limit},
	show_plain_report,
	GO_ON,
	false};

static const struct kd_step plain_last_words[] = {
	{"last words without symbols", kd_capture_plain_last_words, step_limit},
	{0},
};
/* When nothing at all of the crash is on a target, for whatever reason. */
static const struct policy last_words = {
	{"last words", kd_capture_last_words, step_limit}, plain_last_words, GO_ON, true};

/*
 * Whether another target could do better. A target says what the operating system says: full, read-only, input/output
 * error; or says nothing. What cannot be understood in old memory, or kills whoever looks at it, stays the same.
 */
static bool is_to_blame(const struct kd_capture *capture, const struct policy *policy,
			enum kd_outcome outcome)
{
	bool is_dump = policy->instead == simpler_dumps;

	if (outcome == KD_STEP_FAILED)
		return capture->steps[capture->step_count - 1].status == KD_SYSTEM;
	/* a small part that hangs may do so in old memory, and then it would on every target: on to the dump */
	return outcome == KD_STEP_HUNG && is_dump;
}

/* Whether something simpler may do what this step could not. What a target refuses, it refuses again. */
static bool may_be_too_hard(const struct kd_capture *capture, enum kd_outcome outcome)
{
	return outcome == KD_STEP_CRASHED || outcome == KD_STEP_HUNG ||
	       (outcome == KD_STEP_FAILED &&
		capture->steps[capture->step_count - 1].status != KD_SYSTEM);
}

/* False when there is no point in going on with this target. */
static bool follow(struct kd_capture *capture, const struct policy *policy)
{
	const struct kd_step *instead = policy->instead;
	enum kd_outcome outcome = kd_supervise(capture, &policy->step);

	for (; instead && instead->run && may_be_too_hard(capture, outcome); instead++)
		outcome = kd_supervise(capture, instead);
	if (outcome == KD_STEP_DONE || policy->consequence == GO_ON)
		return true;
	return policy->consequence == ASK_WHY && !is_to_blame(capture, policy, outcome);
}

static bool has_evidence(const struct kd_capture *capture)
{
	for (unsigned int i = 0; i < capture->part_count; i++)
		if (capture->parts[i].whole)
			return true;
	return false;
}

/* Remembers why the dump is not on this target, the first reason that there is. */
static void blame(struct kd_capture *capture, const struct policy *policy)
{
	struct kd_capture_target *target = &capture->targets[capture->target];
	char why[KD_ERR_TEXT_BYTES - 64];

	if (*target->why)
		return;
	snprintf(why, sizeof(why), "%s", capture->steps[capture->step_count - 1].why);
	snprintf(target->why, sizeof(target->why), "%s: %s", policy->step.name, why);
}

/* False when the next target is to be tried: the last one is given all that it can take. */
static bool try_target(struct kd_capture *capture)
{
	bool is_last = capture->target + 1 == capture->target_count, next = false;

	capture->targets[capture->target].tried = true;
	for (size_t i = 0; i < sizeof(policies) / sizeof(*policies) && !next; i++) {
		const struct policy *policy = &policies[i];

		if (policy->init_only && !capture->is_init)
			continue;
		next = !follow(capture, policy);
		if (next || (policy->instead == simpler_dumps && !capture->dump_whole))
			blame(capture, policy);
		next &= !(is_last && policy->consequence == ASK_WHY);
	}
	capture->has_evidence |= has_evidence(capture);
	/* what is on a target that failed says that it is not whole, and why */
	if (capture->begun)
		kd_supervise(capture, &manifest);
	return is_last || !next;
}

/* True when a whole dump was written. */
static bool capture_crash(struct kd_capture *capture)
{
	if (capture->is_init)
		follow(capture, &modules);
	if (capture->is_init && *capture->hook_before)
		kd_supervise(capture, &before);
	while (!try_target(capture)) {
		kd_supervise(capture, &leave_target);
		kd_capture_use_target(capture, capture->target + 1);
	}
	if (!capture->has_evidence) {
		kd_supervise(capture, &show_log);
		follow(capture, &show_report);
		if (capture->is_init)
			follow(capture, &last_words);
	}
	if (capture->is_init && *capture->hook_after) {
		kd_supervise(capture, &after);
		/* once more, with what the hook said */
		if (capture->begun)
			kd_supervise(capture, &manifest);
	}
	if (capture->is_init)
		kd_supervise(capture, &leave_target);
	return capture->dump_whole;
}

static void wait_s(unsigned int seconds)
{
	const struct timespec pause = {.tv_sec = seconds};

	nanosleep(&pause, NULL);
}

static void __attribute__((noreturn)) run_as_init(void)
{
	enum kd_final_action action;
	struct kd_capture *capture;
	struct kd_config config;
	struct kd_err err;
	bool whole = false;

	kd_init_system();
	capture = kd_capture_new();
	if (!capture || kd_config_init(&config, &err)) {
		static struct kd_capture none; /* without memory: only the end is left to do */

		kd_final(&none, KD_FINAL_REBOOT);
	}
	capture->is_init = true;
	kd_say(capture, "kdump-capture " KD_VERSION " started");
	if (kd_config_read_image(&config, KD_IMAGE_CONFIG, &err))
		kd_say(capture, "%s", err.text);
	kd_init_overrides(capture, &config);
	kd_capture_configure(capture, &config);
	if (access(capture->vmcore, R_OK)) {
		kd_say(capture, "%s: %s: this is no second kernel after a panic", capture->vmcore,
		       strerror(errno));
		wait_s(PAUSE_S);
	} else {
		whole = capture_crash(capture);
	}
	action = whole ? capture->final_action : capture->failure_action;
	if (action != KD_FINAL_SHELL && kd_rescue_ask(capture))
		kd_rescue_run(capture);
	kd_final(capture, action);
}

static int usage(FILE *stream)
{
	fputs("usage: kdump-capture --vmcore FILE --target-dir DIR\n\n"
	      "PID 1 of the second kernel. As an ordinary process, with both options, it writes\n"
	      "the crash folder of a dump into DIR. See kdump-capture(8).\n",
	      stream);
	return stream == stdout ? 0 : EXIT_USAGE;
}

static int run_as_process(int argc, char **argv)
{
	static const struct option options[] = {
		{"vmcore", required_argument, NULL, 'v'},
		{"target-dir", required_argument, NULL, 't'},
		{"version", no_argument, NULL, 'V'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	struct kd_capture *capture = kd_capture_new();
	struct kd_config config;
	struct kd_err err;
	int option;

	if (!capture || kd_config_init(&config, &err)) {
		fputs("kdump-capture: out of memory\n", stderr);
		return EXIT_FAILURE;
	}
	kd_capture_configure(capture, &config);
	kd_config_deinit(&config);
	*capture->vmcore = *capture->target_path = '\0';
	while ((option = getopt_long(argc, argv, "h", options, NULL)) >= 0) {
		switch (option) {
		case 'v':
			snprintf(capture->vmcore, sizeof(capture->vmcore), "%s", optarg);
			break;
		case 't':
			snprintf(capture->target_path, sizeof(capture->target_path), "%s", optarg);
			snprintf(capture->targets[0].path, sizeof(capture->targets[0].path), "%s",
				 optarg);
			break;
		case 'V':
			puts("kdump-capture " KD_VERSION);
			return 0;
		case 'h':
			return usage(stdout);
		default:
			return usage(stderr);
		}
	}
	if (!*capture->vmcore || !*capture->target_path || optind < argc)
		return usage(stderr);
	return capture_crash(capture) ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int argc, char **argv)
{
	if (getpid() == 1)
		run_as_init();
	return run_as_process(argc, argv);
}
