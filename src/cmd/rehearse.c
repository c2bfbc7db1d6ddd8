/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kdump rehearse: proves in QEMU that a panic would give a dump, and says what that does not prove. */
#include <errno.h>
#include <getopt.h>
#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd/beside.h"
#include "cmd/dump_input.h"
#include "cmd/programs.h"
#include "cmd/switching.h"
#include "host/file.h"
#include "host/system.h"
#include "rehearse/inside.h"
#include "rehearse/prepare.h"
#include "rehearse/run.h"

enum { OPT_JSON = 256, OPT_KEEP, OPT_EMULATE, OPT_INSIDE, TIME_LIMIT_S = 900, TIME_MOST_S = 86400 };

struct asked {
	const char *output, *folder, *keep;
	unsigned int time_limit_s;
	bool json, emulate, quiet;
};

static const struct option options[] = {
	{"output", required_argument, NULL, 'o'},
	{"time-limit", required_argument, NULL, 't'},
	{"keep", required_argument, NULL, OPT_KEEP},
	{"emulate", no_argument, NULL, OPT_EMULATE},
	{"quiet", no_argument, NULL, 'q'},
	{"json", no_argument, NULL, OPT_JSON},
	{"inside", required_argument, NULL, OPT_INSIDE}, /* in the guest, as its PID 1 */
	{"help", no_argument, NULL, 'h'},
	{0},
};

/* What is being done, for a person who waits. */
static void say(void *opaque, enum kd_log_level level, const char *line)
{
	const struct asked *asked = opaque;

	if (level == KD_LOG_WARNING || (level == KD_LOG_INFO && !asked->quiet))
		fprintf(stderr, "kdump: %s%s\n", level == KD_LOG_WARNING ? "warning: " : "", line);
}

static json_t *notes_json(char (*notes)[KD_REHEARSAL_TEXT], size_t count)
{
	json_t *list = json_array();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(list, kd_json_text(notes[i], strlen(notes[i])));
	return list;
}

static bool is_sound(const struct kd_rehearsal *rehearsal, const struct kd_rehearse_result *result)
{
	return result->passed && !rehearsal->known_count;
}

static int print_json(struct kd_rehearsal *rehearsal, const struct kd_rehearse_result *result)
{
	return kd_json_print(
		json_pack("{s:b, s:b, s:o, s:o, s:I, s:o, s:o}", "sound",
			  (int)is_sound(rehearsal, result), "passed", (int)result->passed, "why",
			  kd_json_text(result->why, strlen(result->why)), "cause",
			  kd_json_text(result->cause, strlen(result->cause)), "dump_bytes",
			  (json_int_t)result->dump_bytes, "known",
			  notes_json(rehearsal->known, rehearsal->known_count), "unproven",
			  notes_json(rehearsal->unproven, rehearsal->unproven_count)));
}

static int print_text(const struct kd_rehearsal *rehearsal, const struct kd_rehearse_result *result)
{
	if (result->passed)
		printf("passed: the dump arrived and verifies: %s, %.1f MiB\n", result->cause,
		       (double)result->dump_bytes / 1048576);
	else
		printf("failed: %s\n", result->why);
	for (size_t i = 0; i < rehearsal->known_count; i++)
		printf("%s  %s\n", i ? "           " : "known before:\n           ",
		       rehearsal->known[i]);
	for (size_t i = 0; i < rehearsal->unproven_count; i++)
		printf("%s  %s\n", i ? "           " : "not proven:\n           ",
		       rehearsal->unproven[i]);
	puts(is_sound(rehearsal, result) ? "A panic of this machine should give a dump."
	     : result->passed
		     ? "The rehearsal passed, but what was known before stands between a panic and a dump."
		     : "A panic of this machine would not give a dump.");
	return kd_output_end();
}

static enum kd_status make_folder(const char *folder, struct kd_err *err)
{
	if (mkdir(folder, 0700) && errno != EEXIST)
		return kd_fail_errno(err, errno, "%s", folder);
	return KD_OK;
}

static enum kd_status prepare(const struct asked *asked, const char *folder,
			      const struct kd_log *log, struct kd_rehearsal *rehearsal,
			      struct kd_err *err)
{
	struct kd_cmd_programs programs;
	char program[PATH_MAX], reader[PATH_MAX];
	ssize_t length = readlink("/proc/self/exe", program, sizeof(program) - 1);
	enum kd_status status = make_folder(folder, err);

	if (length < 0)
		return kd_fail_errno(err, errno, "/proc/self/exe");
	program[length] = '\0';
	kd_cmd_find_programs(&programs);
	kd_log(log, KD_LOG_INFO, "gathering what a panic would start");
	return status ? status
		      : kd_rehearse_prepare(
				&(struct kd_rehearse_request){
					.paths = &kd_system_paths,
					.programs = programs.found,
					.program = program,
					.reader = kd_find_beside("kdump", "kdump", KD_KDUMP_PATH,
								 reader),
					.folder = folder,
					.log = log,
				},
				rehearsal, err);
}

/* A folder for what the guest writes, gone afterwards unless it is to be kept. */
static enum kd_status work_folder(const struct asked *asked, char folder[PATH_MAX],
				  struct kd_err *err)
{
	const char *place = getenv("TMPDIR");

	if (asked->keep) {
		snprintf(folder, PATH_MAX, "%s", asked->keep);
		return make_folder(folder, err);
	}
	snprintf(folder, PATH_MAX, "%s/kdump-rehearsal-XXXXXX",
		 place && *place ? place : "/var/tmp");
	return mkdtemp(folder) ? KD_OK : kd_fail_errno(err, errno, "%s", folder);
}

static void remove_folder(const char *folder)
{
	static const char *const files[] = {
		"target.img",      "mkfs.said",         "panic.console",     "panic.answers",
		"panic.qemu",      "look.console",      "look.answers",      "look.qemu",
		KD_REHEARSAL_FILE, KD_REHEARSAL_KERNEL, KD_REHEARSAL_INITRD,
	};
	char path[PATH_MAX];

	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++)
		unlink(kd_path(path, folder, "%s", files[i]));
	rmdir(folder);
}

static int fail(const struct kd_rehearsal *rehearsal, struct kd_err *err)
{
	kd_context(err, err->status, "rehearse");
	for (size_t i = 0; i < rehearsal->known_count; i++)
		fprintf(stderr, "kdump: %s\n", rehearsal->known[i]);
	return kd_command_failed(err);
}

/* Both halves, or one of them. */
static int rehearse(struct asked *asked)
{
	const struct kd_log log = {.write = say, .opaque = asked};
	struct kd_rehearsal rehearsal = {.command_line = NULL};
	struct kd_rehearse_result result;
	char work[PATH_MAX] = "";
	struct kd_err err;
	enum kd_status status = asked->output ? KD_OK : work_folder(asked, work, &err);
	const char *folder = asked->output ? asked->output : asked->folder ? asked->folder : work;
	int exit_status = KD_EXIT_DONE;

	if (!status)
		status = asked->folder ? kd_rehearsal_read(folder, &rehearsal, &err)
				       : prepare(asked, folder, &log, &rehearsal, &err);
	if (!status && !asked->output)
		status = kd_rehearse_run(
			&(struct kd_rehearse_run){
				.folder = folder,
				.work = work,
				.time_limit_s = asked->time_limit_s,
				.emulate = asked->emulate,
				.log = &log,
			},
			&rehearsal, &result, &err);
	if (status)
		exit_status = fail(&rehearsal, &err);
	else if (!asked->output)
		exit_status = (asked->json ? print_json(&rehearsal, &result)
					   : print_text(&rehearsal, &result));
	if (!status && !exit_status && !asked->output && !is_sound(&rehearsal, &result))
		exit_status = KD_EXIT_FAILED;
	if (*work && !asked->keep)
		remove_folder(work);
	kd_rehearsal_deinit(&rehearsal);
	return exit_status;
}

_Noreturn static void be_the_guest(const char *role)
{
	if (!strcmp(role, "look"))
		kd_rehearse_look();
	kd_rehearse_panic();
}

static bool parse_seconds(const char *text, unsigned int *seconds)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	*seconds = (unsigned int)value;
	return end != text && !*end && *text != '-' && value && value <= TIME_MOST_S;
}

static int run(const struct kd_command *self, int argc, char **argv)
{
	struct asked asked = {.time_limit_s = TIME_LIMIT_S};
	int option;

	optind = 1;
	while ((option = getopt_long(argc, argv, ":o:t:qh", options, NULL)) != -1) {
		switch (option) {
		case 'o':
			asked.output = optarg;
			break;
		case 't':
			if (!parse_seconds(optarg, &asked.time_limit_s))
				return kd_command_usage(self, "'%s' is no number of seconds",
							optarg);
			break;
		case OPT_KEEP:
			asked.keep = optarg;
			break;
		case OPT_EMULATE:
			asked.emulate = true;
			break;
		case 'q':
			asked.quiet = true;
			break;
		case OPT_JSON:
			asked.json = true;
			break;
		case OPT_INSIDE:
			if (getpid() != 1)
				return kd_command_usage(self, "--inside: only the guest does that");
			be_the_guest(optarg);
		case 'h':
			return kd_command_help(self);
		case ':':
			return kd_command_usage(self, "%s: needs a value", argv[optind - 1]);
		default:
			return kd_command_usage(self, "%s: no such option", argv[optind - 1]);
		}
	}
	if (optind < argc)
		asked.folder = argv[optind++];
	if (optind < argc)
		return kd_command_usage(self, "%s: not understood", argv[optind]);
	if (asked.folder && asked.output)
		return kd_command_usage(self, "--output prepares, FOLDER is prepared: choose one");
	if (!asked.folder && !kd_cmd_is_root(self->name))
		return KD_EXIT_FAILED;
	return rehearse(&asked);
}

const struct kd_command kd_cmd_rehearse = {
	.name = "rehearse",
	.synopsis = "[OPTIONS] [FOLDER]",
	.summary = "prove in QEMU, without a crash, that a panic would give a dump",
	.run = run,
	.options = "  -o, --output FOLDER    prepare only: what a rehearsal takes goes to FOLDER\n"
		   "  -t, --time-limit SECONDS    of each of the guest's two boots (900)\n"
		   "  --keep FOLDER          keep what the guest wrote there: console, disk\n"
		   "  --emulate              do not let the CPU run the guest itself\n"
		   "  -q, --quiet            do not tell what is being done\n"
		   "  --json                 print an object\n"
		   "  -h, --help             print this\n",
};
