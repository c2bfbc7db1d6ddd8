/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kdump estimate: the reservation that is needed, summand by summand. */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "advise/reservation.h"
#include "cmd/dump_input.h"
#include "cmd/root.h"
#include "host/file.h"
#include "load/defaults.h"
#include "load/method.h"

enum { OPT_KERNEL = 256, OPT_INITRD, OPT_NO_INITRD, OPT_BACKUP, OPT_CONFIG, OPT_ROOT, OPT_JSON };

static const struct option options[] = {
	{"kernel", required_argument, NULL, OPT_KERNEL},
	{"initrd", required_argument, NULL, OPT_INITRD},
	{"ramdisk", required_argument, NULL, OPT_INITRD},
	{"no-initrd", no_argument, NULL, OPT_NO_INITRD},
	{"backup", required_argument, NULL, OPT_BACKUP},
	{"config", required_argument, NULL, OPT_CONFIG},
	{"root", required_argument, NULL, OPT_ROOT},
	{"json", no_argument, NULL, OPT_JSON},
	{"help", no_argument, NULL, 'h'},
	{0},
};

struct asked {
	struct kd_load_arguments arguments; /* strings are argv's */
	char *config, *root;
	bool json;
};

static void print_mib(uint64_t bytes)
{
	if (bytes)
		printf("%8.1f ", (double)bytes / (1 << 20));
	else
		printf("%8s ", "-");
}

static void print_lines(const struct kd_estimate *estimate)
{
	printf("%-36s", "MiB in the reservation to");
	for (int i = 0; i < KD_MOMENTS; i++)
		printf("%8s ", kd_moment_name((enum kd_moment)i));
	putchar('\n');
	for (unsigned int i = 0; i < estimate->line_count; i++) {
		printf("  %-34s", estimate->lines[i].name);
		for (int moment = 0; moment < KD_MOMENTS; moment++)
			print_mib(estimate->lines[i].bytes[moment]);
		printf(" %s\n", estimate->lines[i].from);
	}
	printf("%-36s", "sum");
	for (int i = 0; i < KD_MOMENTS; i++)
		print_mib(estimate->sums[i]);
	printf(" to %s decides\n", kd_moment_name(estimate->decides));
	printf("%-36s", "margin");
	for (int i = 0; i < KD_MOMENTS; i++)
		print_mib(i == (int)estimate->decides ? estimate->margin_bytes : 0);
	puts(" 1/16, at least 4 MiB: for drivers of other devices");
}

static void print_text(const struct kd_estimate *estimate)
{
	print_lines(estimate);
	printf("\nBoot with: crashkernel=%" PRIu64 "M\n", estimate->recommend_bytes >> 20);
}

static json_t *json_moments(const uint64_t bytes[KD_MOMENTS])
{
	json_t *object = json_object();

	for (int i = 0; i < KD_MOMENTS; i++)
		json_object_set_new(object, kd_moment_name((enum kd_moment)i),
				    json_integer((json_int_t)bytes[i]));
	return object;
}

static json_t *json_reservation(const struct kd_estimate *estimate)
{
	json_t *lines = json_array();

	for (unsigned int i = 0; i < estimate->line_count; i++)
		json_array_append_new(lines,
				      json_pack("{ss ss so}", "name", estimate->lines[i].name,
						"from", estimate->lines[i].from, "bytes",
						json_moments(estimate->lines[i].bytes)));
	return json_pack("{so so ss sI sI sI so}", "lines", lines, "sums",
			 json_moments(estimate->sums), "decides", kd_moment_name(estimate->decides),
			 "need_bytes", (json_int_t)estimate->need_bytes, "margin_bytes",
			 (json_int_t)estimate->margin_bytes, "recommend_bytes",
			 (json_int_t)estimate->recommend_bytes, "crashkernel",
			 json_sprintf("%" PRIu64 "M", estimate->recommend_bytes >> 20));
}

static enum kd_status read_config(const struct kd_paths *paths, const char *path,
				  struct kd_config *config, struct kd_err *err)
{
	enum kd_status status = kd_config_init(config, err);

	if (!status)
		status = kd_config_read(config, path ? path : paths->config, err);
	return status == KD_NOTFOUND && !path ? KD_OK : status;
}

static int estimate(const struct kd_command *self, const struct asked *asked)
{
	struct kd_log log = kd_command_log(false);
	struct kd_load_resolved resolved = {0};
	struct kd_config config = {0};
	struct kd_estimate made;
	struct kd_cmd_root system;
	struct kd_err err = {0};
	int exit_status = KD_EXIT_DONE;
	enum kd_status status = kd_cmd_set_root(&system, asked->root, &err);

	if (!status)
		status = read_config(&system.paths, asked->config, &config, &err);
	if (!status)
		status = kd_load_resolve(&system.paths, &asked->arguments, &log, &resolved, &err);
	if (!status)
		status = kd_estimate_reservation(&resolved.request, &config, &made, &err);
	kd_config_deinit(&config);
	kd_load_resolved_deinit(&resolved);
	if (status) {
		kd_context(&err, status, "%s", self->name);
		return kd_command_failed(&err);
	}
	if (asked->json)
		exit_status =
			kd_json_print(json_pack("{so}", "reservation", json_reservation(&made)));
	else
		print_text(&made);
	return exit_status ? exit_status : kd_output_end();
}

/* -1 to go on, else an exit status. */
static int take(const struct kd_command *self, int option, struct asked *asked)
{
	switch (option) {
	case OPT_KERNEL:
		asked->arguments.kernel = optarg;
		return -1;
	case OPT_INITRD:
		asked->arguments.initrd = optarg;
		asked->arguments.no_initrd = false;
		return -1;
	case OPT_NO_INITRD:
		asked->arguments.initrd = NULL;
		asked->arguments.no_initrd = true;
		return -1;
	case OPT_BACKUP:
		if (kd_backup_parse(optarg, &asked->arguments.backup))
			return -1;
		return kd_command_usage(self, "--backup %s: not one of auto, always, never",
					optarg);
	case OPT_CONFIG:
		asked->config = optarg;
		return -1;
	case OPT_ROOT:
		asked->root = optarg;
		return -1;
	case OPT_JSON:
		asked->json = true;
		return -1;
	}
	return kd_command_help(self);
}

static int run(const struct kd_command *self, int argc, char **argv)
{
	struct asked asked = {.arguments = {.backup = KD_BACKUP_AUTO}};
	int option, over = -1;

	opterr = 0;
	optind = 1;
	while (over < 0 && (option = getopt_long(argc, argv, ":h", options, NULL)) != -1) {
		if (option == ':')
			return kd_command_usage(self, "%s: needs a value", argv[optind - 1]);
		if (option == '?')
			return kd_command_usage(self, "%s: no such option", argv[optind - 1]);
		over = take(self, option, &asked);
	}
	if (over >= 0)
		return over;
	if (argc - optind > 1 || (argc > optind && asked.arguments.kernel))
		return kd_command_usage(self, "%s: one kernel is enough", argv[argc - 1]);
	if (argc > optind)
		asked.arguments.kernel = argv[optind];
	return estimate(self, &asked);
}

const struct kd_command kd_cmd_estimate = {
	.name = "estimate",
	.synopsis = "[OPTIONS] [KERNEL]",
	.summary = "tell how much memory to reserve",
	.run = run,
	.options = "  --kernel FILE    as `kdump load` takes them: what would be loaded\n"
		   "  --initrd FILE\n"
		   "  --ramdisk FILE\n"
		   "  --no-initrd\n"
		   "  --backup WHEN    auto, always, never\n"
		   "  --config FILE    instead of /etc/kdump.conf\n"
		   "  --root DIR       look at the system below DIR\n"
		   "  --json           print an object\n"
		   "  -h, --help       print this\n",
};
