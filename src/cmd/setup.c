/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kdump setup: a plan (setup/setup.h), shown with --dry-run, or done and told step by step. */
#include <getopt.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "cmd/programs.h"
#include "cmd/root.h"
#include "cmd/switching.h"
#include "setup/setup.h"

struct arguments {
	const char *root, *target, *crashkernel;
	bool dry_run, remove, json, verbose;
};

/* What was planned, and what became of each step. */
struct outcome {
	struct kd_setup_plan plan;
	struct kd_setup_found found; /* of the set-up; a removal leaves it empty */
	size_t failed, left_there;
};

static void print_command(const struct kd_setup_step *step)
{
	for (int i = 0; step->command[i]; i++)
		printf(" %s", step->command[i]);
}

static void print_content(const struct kd_setup_step *step)
{
	const char *line = step->data;

	if (step->kind != KD_SETUP_WRITE)
		return;
	if (!step->is_text) {
		printf("    (%zu bytes)\n", step->bytes);
		return;
	}
	while (*line) {
		int length = (int)strcspn(line, "\n");

		printf("    | %.*s\n", length, line);
		line += length + (line[length] == '\n');
	}
}

static void print_step(const struct kd_setup_step *step, const char *prefix, const char *verb)
{
	printf("%s%s", prefix, verb);
	if (step->path)
		printf(" %s", step->path);
	print_command(step);
	if (!step->path && !step->command[0])
		printf(" the crash kernel");
	printf(": %s\n", step->why);
}

static void print_plan(const struct kd_setup_plan *plan)
{
	for (size_t i = 0; i < plan->count; i++) {
		print_step(&plan->steps[i], "would ", kd_setup_kind_name(plan->steps[i].kind));
		print_content(&plan->steps[i]);
	}
}

static void do_steps(struct outcome *outcome, const struct arguments *arguments,
		     const struct kd_log *log)
{
	struct kd_setup_hands hands = kd_setup_real_hands;

	hands.log = log;
	if (arguments->root)
		hands.run = NULL;
	for (size_t i = 0; i < outcome->plan.count; i++) {
		struct kd_setup_step *step = &outcome->plan.steps[i];
		bool may = kd_setup_may(&outcome->plan, step);
		struct kd_switch_result loaded = {0};
		enum kd_status status = KD_UNSUPPORTED;
		struct kd_err err = {0};

		/* Before what the program that is run has to say. */
		fflush(stdout);
		if (may)
			status = kd_setup_do(&outcome->plan, step, &hands, &loaded, &err);
		kd_switch_result_deinit(&loaded);
		if (status == KD_UNSUPPORTED && (arguments->root || !may)) {
			outcome->left_there++;
			if (!arguments->json)
				print_step(step,
					   may ? "left to do there: " : "left to do after that: ",
					   kd_setup_kind_name(step->kind));
		} else if (status) {
			outcome->failed++;
			kd_context(&err, status, "setup: %s", kd_setup_kind_name(step->kind));
			kd_command_failed(&err);
		} else if (!arguments->json) {
			print_step(step, "", kd_setup_kind_past(step->kind));
		}
	}
}

static const char *const left_names[] = {
	[KD_SETUP_NOTHING] = "nothing",
	[KD_SETUP_REBOOT] = "reboot",
	[KD_SETUP_ADD_PARAMETER] = "add-parameter",
};

static void print_left(const struct outcome *outcome)
{
	const struct kd_setup_found *found = &outcome->found;

	switch (found->left) {
	case KD_SETUP_NOTHING:
		puts("Nothing is left to do: see kdump status.");
		break;
	case KD_SETUP_REBOOT:
		puts("Left to do: reboot. The kernel sets memory aside only when it boots.");
		break;
	case KD_SETUP_ADD_PARAMETER:
		printf("Left to do: add %s to the kernel's command line where this machine's boot\n"
		       "loader has it (none that kdump knows was found), and reboot.\n",
		       found->parameter);
		break;
	}
}

static void print_found(const struct kd_setup_found *found)
{
	printf("kernel:       %s\n", found->release);
	for (unsigned int i = 0; i < found->target_count; i++)
		printf("%s%s\n", i ? "  then:       " : "target:       ", found->targets[i]);
	printf("reservation:  %" PRIu64 " MiB needed, %" PRIu64 " MiB reserved now%s%s%s%s\n",
	       found->needed_bytes >> 20, found->reserved_bytes >> 20,
	       *found->parameter ? "; " : "", found->parameter, found->boot_loader ? " by " : "",
	       found->boot_loader ? found->boot_loader : "");
}

static void print_text(const struct outcome *outcome, const struct arguments *arguments)
{
	if (!outcome->plan.count)
		puts(arguments->remove ? "Nothing is set up: nothing was changed."
				       : "Everything is set up: nothing was changed.");
	else if (arguments->dry_run)
		puts("Nothing was changed: --dry-run.");
	if (!arguments->remove && !outcome->failed)
		print_left(outcome);
	if (arguments->remove && outcome->plan.count && !arguments->dry_run && !outcome->failed)
		puts(outcome->left_there
			     ? "Not all is undone: run this again when what is left was done there."
			     : "Undone. A reboot gives the reserved memory back.");
}

static json_t *json_steps(const struct kd_setup_plan *plan)
{
	json_t *steps = json_array();

	for (size_t i = 0; i < plan->count; i++) {
		const struct kd_setup_step *step = &plan->steps[i];
		json_t *words = step->command[0] ? json_array() : json_null();

		for (int word = 0; step->command[word]; word++)
			json_array_append_new(words, json_string(step->command[word]));
		json_array_append_new(steps,
				      json_pack("{s:s, s:s, s:s?, s:s?, s:o}", "kind",
						kd_setup_kind_name(step->kind), "why", step->why,
						"path", step->path, "text",
						step->is_text ? (const char *)step->data : NULL,
						"command", words));
	}
	return steps;
}

static json_t *json_targets(const struct kd_setup_found *found)
{
	json_t *targets = json_array();

	for (unsigned int i = 0; i < found->target_count; i++)
		json_array_append_new(targets, json_string(found->targets[i]));
	return targets;
}

static bool print_json(const struct outcome *outcome, const struct arguments *arguments)
{
	const struct kd_setup_found *found = &outcome->found;
	json_t *root = json_pack("{s:o, s:b, s:I, s:I}", "steps", json_steps(&outcome->plan),
				 "done", !arguments->dry_run, "failed", (json_int_t)outcome->failed,
				 "left_there", (json_int_t)outcome->left_there);
	bool printed;

	if (root && !arguments->remove)
		json_object_update_new(
			root, json_pack("{s:s, s:s, s:o, s:I, s:I, s:s, s:s?, s:s}", "release",
					found->release, "target", found->targets[0], "targets",
					json_targets(found), "needed_bytes",
					(json_int_t)found->needed_bytes, "reserved_bytes",
					(json_int_t)found->reserved_bytes, "parameter",
					found->parameter, "boot_loader", found->boot_loader, "left",
					left_names[found->left]));
	printed = root && !json_dumpf(root, stdout, JSON_INDENT(2)) && putchar('\n') != EOF;
	json_decref(root);
	return printed;
}

static enum kd_status make_plan(const struct arguments *arguments, const struct kd_paths *paths,
				const struct kd_log *log, struct outcome *outcome,
				struct kd_err *err)
{
	struct kd_cmd_programs programs;
	struct kd_setup_request request = {
		.paths = paths,
		.target = arguments->target,
		.crashkernel = arguments->crashkernel,
		.log = log,
	};

	kd_cmd_find_programs(&programs);
	request.programs = programs.found;
	if (arguments->remove)
		return kd_setup_plan_removal(paths, &outcome->plan, err);
	return kd_setup_plan_all(&request, &outcome->plan, &outcome->found, err);
}

static int show(struct outcome *outcome, const struct arguments *arguments,
		const struct kd_log *log)
{
	struct kd_err err;

	if (!arguments->remove && !arguments->json)
		print_found(&outcome->found);
	if (!arguments->dry_run)
		do_steps(outcome, arguments, log);
	else if (!arguments->json)
		print_plan(&outcome->plan);
	if (!arguments->json) {
		print_text(outcome, arguments);
	} else if (!print_json(outcome, arguments)) {
		kd_fail(&err, KD_NOMEM, "setup: no JSON could be made of it");
		return kd_command_failed(&err);
	}
	if (outcome->failed)
		kd_command_hint("what went well stays; run this again when the cause is gone");
	return outcome->failed ? KD_EXIT_FAILED : KD_EXIT_DONE;
}

static int setup(const struct kd_command *self, const struct arguments *arguments)
{
	struct kd_log log = kd_command_log(arguments->verbose);
	struct kd_cmd_root system;
	struct outcome outcome = {0};
	struct kd_err err = {0};
	enum kd_status status;
	int exit_status;

	if (!arguments->root && !kd_cmd_is_root(self->name))
		return KD_EXIT_FAILED;
	status = kd_cmd_set_root(&system, arguments->root, &err);
	if (!status)
		status = make_plan(arguments, &system.paths, &log, &outcome, &err);
	if (status) {
		kd_context(&err, status, "%s", self->name);
		kd_command_failed(&err);
		if (outcome.found.target_failed)
			kd_command_hint("nothing was changed; --target names another device");
		exit_status = KD_EXIT_FAILED;
	} else {
		exit_status = show(&outcome, arguments, &log);
	}
	kd_setup_plan_deinit(&outcome.plan);
	return exit_status;
}

enum { OPT_ROOT = 256, OPT_TARGET, OPT_CRASHKERNEL, OPT_REMOVE, OPT_JSON };

static int run(const struct kd_command *self, int argc, char **argv)
{
	static const struct option options[] = {
		{"dry-run", no_argument, NULL, 'n'},
		{"remove", no_argument, NULL, OPT_REMOVE},
		{"target", required_argument, NULL, OPT_TARGET},
		{"crashkernel", required_argument, NULL, OPT_CRASHKERNEL},
		{"root", required_argument, NULL, OPT_ROOT},
		{"json", no_argument, NULL, OPT_JSON},
		{"verbose", no_argument, NULL, 'v'},
		{"help", no_argument, NULL, 'h'},
		{0},
	};
	struct arguments arguments = {0};
	const struct {
		int option;
		const char **text;
		bool *flag;
	} takers[] = {
		{'n', NULL, &arguments.dry_run},
		{'v', NULL, &arguments.verbose},
		{OPT_REMOVE, NULL, &arguments.remove},
		{OPT_JSON, NULL, &arguments.json},
		{OPT_TARGET, &arguments.target, NULL},
		{OPT_CRASHKERNEL, &arguments.crashkernel, NULL},
		{OPT_ROOT, &arguments.root, NULL},
	};
	int option;

	optind = 1;
	while ((option = getopt_long(argc, argv, ":nvh", options, NULL)) != -1) {
		if (option == 'h')
			return kd_command_help(self);
		if (option == ':')
			return kd_command_usage(self, "%s: needs a value", argv[optind - 1]);
		if (option == '?')
			return kd_command_usage(self, "%s: no such option", argv[optind - 1]);
		for (size_t i = 0; i < sizeof(takers) / sizeof(*takers); i++) {
			if (takers[i].option == option && takers[i].text)
				*takers[i].text = optarg;
			else if (takers[i].option == option)
				*takers[i].flag = true;
		}
	}
	if (optind < argc)
		return kd_command_usage(self, "%s: not understood", argv[optind]);
	if (arguments.remove && (arguments.target || arguments.crashkernel))
		return kd_command_usage(self, "--remove: takes no --target and no --crashkernel");
	return setup(self, &arguments);
}

const struct kd_command kd_cmd_setup = {
	.name = "setup",
	.synopsis = "[--dry-run] [--target DEVICE] [--crashkernel SIZE] | --remove",
	.summary = "make this machine ready for a crash",
	.run = run,
	.options = "  -n, --dry-run            show all that would be changed, and change nothing\n"
		   "      --remove             undo it; /etc/kdump.conf and crashes stay\n"
		   "      --target DEVICE      UUID=…, LABEL=… or /dev/…, over the configuration\n"
		   "      --crashkernel SIZE   reserve this instead of what is estimated\n"
		   "      --root DIR           set up the system whose root is DIR\n"
		   "      --json               print JSON\n"
		   "  -v, --verbose            say more\n"
		   "  -h, --help               print this\n",
};
