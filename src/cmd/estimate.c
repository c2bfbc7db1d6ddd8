/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kdump estimate: the reservation that is needed, summand by summand, and how large a dump would be. */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "advise/dump_size.h"
#include "advise/exam_target.h"
#include "advise/reservation.h"
#include "cmd/dump_input.h"
#include "cmd/root.h"
#include "host/file.h"
#include "load/defaults.h"
#include "load/method.h"
#include "setup/reservation.h"

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

/* All that is printed. */
struct model {
	struct kd_estimate reservation;
	struct kd_dump_size dump;
	bool has_dump;
	char why_no_dump[KD_ERR_TEXT_BYTES];
	struct kd_exam_target targets[KD_CONFIG_TARGETS];
	unsigned int target_count;
	unsigned int levels[KD_CONFIG_LEVELS]; /* as configured */
	unsigned int level_count;
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

/* The levels that people choose: nothing left out, each bit alone, and all of them. */
static const unsigned int levels[] = {0, 1, 2, 4, 8, 16, 31};
enum { LEVELS = sizeof(levels) / sizeof(*levels) };

static void print_basis(const struct kd_dump_size *size)
{
	uint64_t read = 0;

	for (int i = 0; i < KD_PAGE_KINDS; i++)
		read += size->kinds[i].read;
	if (size->sampled)
		printf("(from a sample of %" PRIu64 " pages; ", read);
	else
		printf("(contents cannot be looked at: %s; assumed: none is zero, all compress by "
		       "half; ",
		       size->why_not);
	if (size->disk_measured)
		printf("%s reads %.0f MB/s)\n", size->disk, size->disk_bytes_per_s / 1e6);
	else
		printf("the disk is assumed to write %.0f MB/s)\n", size->disk_bytes_per_s / 1e6);
}

static void print_dump(const struct kd_dump_size *size)
{
	printf("\nA dump of the system as it is now:\n  %5s %12s %12s %10s\n", "level", "pages",
	       "MiB on disk", "seconds");
	for (int i = 0; i < LEVELS; i++) {
		struct kd_level_size at = kd_dump_size_at(size, levels[i]);

		printf("  %5u %12" PRIu64 " %12.1f %10.1f\n", levels[i], at.pages,
		       (double)at.disk_bytes / (1 << 20), at.seconds);
	}
	print_basis(size);
}

/* Whether the configured levels fit; false when that cannot be told. */
static bool first_fit(const struct model *model, const struct kd_exam_target *target,
		      unsigned int *fits)
{
	if (!model->has_dump || !target->free_known)
		return false;
	*fits = kd_dump_size_fits(&model->dump, model->levels, model->level_count,
				  target->free_bytes);
	return true;
}

static void print_target(const struct model *model, const struct kd_exam_target *target)
{
	unsigned int fits;

	printf("  %-20s ", target->section);
	if (!target->found)
		printf("not there: %s", target->problem);
	else if (!target->free_known)
		printf("%s", target->target.block);
	else
		printf("%s, %.1f MiB free", target->target.block,
		       (double)target->free_bytes / (1 << 20));
	if (first_fit(model, target, &fits)) {
		if (fits < model->level_count)
			printf(": a dump of level %u fits", model->levels[fits]);
		else
			printf(": no dump of a configured level fits");
	}
	putchar('\n');
}

static void print_text(const struct model *model)
{
	print_lines(&model->reservation);
	if (model->has_dump)
		print_dump(&model->dump);
	else
		printf("\nThe size of a dump cannot be told: %s\n", model->why_no_dump);
	puts("\nThe targets, in the order in which they are tried:");
	for (unsigned int i = 0; i < model->target_count; i++)
		print_target(model, &model->targets[i]);
	printf("\nBoot with: crashkernel=%" PRIu64 "M\n", model->reservation.recommend_bytes >> 20);
	if (model->reservation.report_bytes > model->reservation.recommend_bytes)
		printf("       or: crashkernel=%" PRIu64
		       "M, for stacks in the report that is made before the dump\n",
		       model->reservation.report_bytes >> 20);
	printf("   `kdump setup` reserves: crashkernel=%" PRIu64
	       "M, the larger in steps of 16 MiB\n",
	       kd_setup_reservation_bytes(model->reservation.report_bytes) >> 20);
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
	return json_pack("{so so ss sI sI sI sI sI so}", "lines", lines, "sums",
			 json_moments(estimate->sums), "decides", kd_moment_name(estimate->decides),
			 "need_bytes", (json_int_t)estimate->need_bytes, "margin_bytes",
			 (json_int_t)estimate->margin_bytes, "recommend_bytes",
			 (json_int_t)estimate->recommend_bytes, "report_bytes",
			 (json_int_t)estimate->report_bytes, "setup_bytes",
			 (json_int_t)kd_setup_reservation_bytes(estimate->report_bytes),
			 "crashkernel",
			 json_sprintf("%" PRIu64 "M", estimate->recommend_bytes >> 20));
}

static json_t *json_kinds(const struct kd_dump_size *size)
{
	json_t *kinds = json_object();

	for (int i = 0; i < KD_PAGE_KINDS; i++)
		if (i != KD_PAGE_ZERO && i != KD_PAGE_ABSENT)
			json_object_set_new(kinds, kd_page_kind_name((enum kd_page_kind)i),
					    json_pack("{sI sI sf sf}", "pages",
						      (json_int_t)size->kinds[i].pages, "sampled",
						      (json_int_t)size->kinds[i].read, "zero_share",
						      size->kinds[i].zero_share, "stored_bytes",
						      size->kinds[i].stored_bytes));
	return kinds;
}

static json_t *json_dump_size(const struct kd_dump_size *size)
{
	json_t *list = json_array();

	for (unsigned int level = 0; level <= KD_LEVEL_MOST; level++) {
		struct kd_level_size at = kd_dump_size_at(size, level);

		json_array_append_new(list,
				      json_pack("{si sI sI sI sf}", "level", (int)level, "pages",
						(json_int_t)at.pages, "zero_pages",
						(json_int_t)at.zero_pages, "disk_bytes",
						(json_int_t)at.disk_bytes, "seconds", at.seconds));
	}
	return json_pack("{sb ss* sb sf so so}", "sampled", (int)size->sampled, "why_not",
			 size->sampled ? NULL : size->why_not, "disk_measured",
			 (int)size->disk_measured, "disk_bytes_per_second", size->disk_bytes_per_s,
			 "kinds", json_kinds(size), "levels", list);
}

static json_t *json_targets(const struct model *model)
{
	json_t *list = json_array();

	for (unsigned int i = 0; i < model->target_count; i++) {
		const struct kd_exam_target *target = &model->targets[i];
		unsigned int fits;
		bool known = first_fit(model, target, &fits);
		json_t *one =
			json_pack("{ss sb so so}", "section", target->section, "found",
				  (int)target->found, "free_bytes",
				  target->free_known ? json_integer((json_int_t)target->free_bytes)
						     : json_null(),
				  "level_that_fits",
				  known && fits < model->level_count
					  ? json_integer((json_int_t)model->levels[fits])
					  : json_null());

		json_object_set_new(
			one, target->found ? "block" : "problem",
			json_string(target->found ? target->target.block : target->problem));
		json_array_append_new(list, one);
	}
	return list;
}

static int print_json(const struct model *model)
{
	json_t *dump = model->has_dump ? json_dump_size(&model->dump)
				       : json_pack("{ss}", "error", model->why_no_dump);

	return kd_json_print(json_pack("{so so so}", "reservation",
				       json_reservation(&model->reservation), "dump", dump,
				       "targets", json_targets(model)));
}

/* The size of a dump, as far as this system and this person's rights allow. */
static void measure_dump(const struct kd_paths *paths, const struct kd_config *config,
			 struct model *model)
{
	const char *block = NULL;
	struct kd_err err = {0};

	for (; model->target_count < config->target_count; model->target_count++) {
		struct kd_exam_target *target = &model->targets[model->target_count];

		kd_exam_target_look(paths, &config->targets[model->target_count], target);
		if (!block && target->found)
			block = target->target.block;
	}
	model->level_count = kd_config_levels(config->dump_levels, model->levels);
	model->has_dump = !kd_dump_size_measure(paths, config, block, &model->dump, &err);
	memcpy(model->why_no_dump, err.text, sizeof(err.text));
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
	struct model model = {0};
	struct kd_cmd_root system;
	struct kd_err err = {0};
	int exit_status = KD_EXIT_DONE;
	enum kd_status status = kd_cmd_set_root(&system, asked->root, &err);

	if (!status)
		status = read_config(&system.paths, asked->config, &config, &err);
	/*
	 * First, while memory is as it was found: what unpacking a kernel gives back lies on the CPUs' own lists
	 * for a while, where it does not look free.
	 */
	if (!status)
		measure_dump(&system.paths, &config, &model);
	if (!status)
		status = kd_load_resolve(&system.paths, &asked->arguments, &log, &resolved, &err);
	if (!status)
		status = kd_estimate_reservation(&resolved.request, &config, &model.reservation,
						 &err);
	kd_config_deinit(&config);
	kd_load_resolved_deinit(&resolved);
	if (status) {
		kd_context(&err, status, "%s", self->name);
		exit_status = kd_command_failed(&err);
	} else if (asked->json) {
		exit_status = print_json(&model);
	} else {
		print_text(&model);
	}
	while (model.target_count)
		kd_exam_target_deinit(&model.targets[--model.target_count]);
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
	.summary = "tell how much memory to reserve, and how large a dump would be",
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
