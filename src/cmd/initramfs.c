/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "cmd/command.h"
#include "cmd/programs.h"
#include "cmd/root.h"
#include "config/config.h"
#include "host/file.h"
#include "host/paths.h"
#include "host/system.h"
#include "load/initramfs.h"

struct arguments {
	const char *output, *kernel_version, *config, *target, *capture, *busybox, *view, *list,
		*root;
	bool json, verbose;
	struct kd_cmd_root system; /* ours, or that of --root */
};

static enum kd_status read_config(const struct arguments *arguments, struct kd_config *config,
				  struct kd_err *err)
{
	enum kd_status status = kd_config_init(config, err);

	if (status)
		return status;
	status = kd_config_read(
		config, arguments->config ? arguments->config : arguments->system.paths.config,
		err);
	/* The defaults do without a file, unless one was named. */
	if (status == KD_NOTFOUND && !arguments->config)
		status = KD_OK;
	if (!status && arguments->target)
		status = kd_config_set(config, "target", "device", arguments->target, err);
	if (status)
		kd_config_deinit(config);
	return status;
}

static json_t *modules_json(const struct kd_initramfs *image)
{
	json_t *list = json_array();
	const struct kd_initramfs_module *modules;
	size_t count;

	modules = kd_initramfs_modules(image, &count);
	for (size_t i = 0; i < count; i++)
		json_array_append_new(list, json_pack("{s:s,s:s,s:s,s:I,s:I}", "name",
						      modules[i].name, "source", modules[i].source,
						      "path", modules[i].path, "bytes",
						      (json_int_t)modules[i].bytes, "stored_bytes",
						      (json_int_t)modules[i].stored_bytes));
	return list;
}

static json_t *target_json(const struct kd_target *target)
{
	return json_pack("{s:s,s:s,s:s,s:s,s:s,s:s}", "name", target->config.name, "block",
			 target->block, "device", target->config.device, "type",
			 kd_target_type_name(target->config.type), "path", target->config.path,
			 "options", target->config.options);
}

static json_t *targets_json(const struct kd_targets *targets)
{
	json_t *list = json_array();

	for (unsigned int i = 0; i < targets->count; i++)
		json_array_append_new(list, target_json(&targets->items[i]));
	return list;
}

static json_t *rescue_json(const struct kd_initramfs_rescue *rescue)
{
	if (!rescue)
		return json_null();
	return json_pack("{s:I,s:I,s:I}", "busybox_bytes", (json_int_t)rescue->busybox_bytes,
			 "view_bytes", (json_int_t)rescue->view_bytes, "module_bytes",
			 (json_int_t)rescue->module_bytes);
}

/* False when a name is not UTF-8, which JSON cannot carry, or printing fails. */
static bool print_json(const struct kd_initramfs *image, const char *version, const char *output)
{
	json_t *root =
		json_pack("{s:s,s:s,s:s,s:I,s:I,s:o,s:o,s:o}", "output", output, "kernel_version",
			  version, "compressor", kd_initramfs_compressor(image), "bytes",
			  (json_int_t)kd_initramfs_bytes(image), "unpacked_bytes",
			  (json_int_t)kd_initramfs_unpacked_bytes(image), "targets",
			  targets_json(kd_initramfs_targets(image)), "modules", modules_json(image),
			  "rescue", rescue_json(kd_initramfs_rescue(image)));
	bool printed = root && !json_dumpf(root, stdout, JSON_INDENT(2)) && putchar('\n') != EOF;

	json_decref(root);
	return printed;
}

static void print_target(const struct kd_target *target, const char *title)
{
	printf("%s%s (%s), %s", title, target->config.device, target->block,
	       kd_target_type_name(target->config.type));
	if (target->config.type != KD_TARGET_RAW)
		printf(", folder %s", target->config.path);
	if (*target->config.options)
		printf(", options %s", target->config.options);
	putchar('\n');
}

static uint64_t rescue_kib(const struct kd_initramfs_rescue *rescue)
{
	return (rescue->busybox_bytes + rescue->view_bytes + rescue->module_bytes + 1023) >> 10;
}

static bool print_text(const struct kd_initramfs *image, const char *version, const char *output)
{
	const struct kd_targets *targets = kd_initramfs_targets(image);
	const struct kd_initramfs_rescue *rescue = kd_initramfs_rescue(image);
	const struct kd_initramfs_module *modules;
	size_t count;

	modules = kd_initramfs_modules(image, &count);
	for (unsigned int i = 0; i < targets->count; i++)
		print_target(&targets->items[i], i ? "  then:  " : "target:  ");
	printf("modules: %zu of kernel %s, in load order\n", count, version);
	for (size_t i = 0; i < count; i++)
		printf("  %8" PRIu64 "  %s\n", modules[i].bytes, modules[i].name);
	if (rescue)
		printf("rescue:  busybox %" PRIu64 ", kdump-view %" PRIu64 ", modules %" PRIu64
		       ": %" PRIu64 " KiB of the second kernel's memory\n",
		       rescue->busybox_bytes, rescue->view_bytes, rescue->module_bytes,
		       rescue_kib(rescue));
	printf("image:   %s, %" PRIu64 " bytes (%s), %" PRIu64 " unpacked\n", output,
	       kd_initramfs_bytes(image), kd_initramfs_compressor(image),
	       kd_initramfs_unpacked_bytes(image));
	return !ferror(stdout);
}

static enum kd_status make_folder_of(const char *path, struct kd_err *err)
{
	char folder[PATH_MAX];
	char *slash;

	snprintf(folder, sizeof(folder), "%s", path);
	slash = strrchr(folder, '/');
	if (!slash)
		return KD_OK;
	*slash = '\0';
	return kd_make_folders(folder, 0755, err);
}

static enum kd_status build(const struct arguments *arguments, const struct kd_config *config,
			    struct kd_err *err)
{
	struct kd_log log = kd_command_log(arguments->verbose);
	struct kd_cmd_programs programs;
	char output[PATH_MAX];
	struct kd_initramfs_request request = {
		.paths = &arguments->system.paths,
		.kernel_version = arguments->kernel_version,
		.config = config,
		.log = &log,
	};
	struct kd_initramfs *image;
	enum kd_status status;

	kd_cmd_find_programs(&programs);
	request.programs = programs.found;
	if (arguments->capture)
		request.programs.capture = arguments->capture;
	if (arguments->busybox)
		request.programs.busybox = arguments->busybox;
	if (arguments->view)
		request.programs.view = arguments->view;

	if (arguments->output)
		snprintf(output, sizeof(output), "%s", arguments->output);
	else
		kd_path(output, arguments->system.paths.state, "initrd-%s",
			arguments->kernel_version);
	status = kd_initramfs_make(&request, &image, err);
	if (status)
		return status;
	/* Only the default place is ours to make. */
	if (!arguments->output)
		status = make_folder_of(output, err);
	if (!status)
		status = kd_initramfs_write(image, output, err);
	if (!status &&
	    !(arguments->json ? print_json : print_text)(image, request.kernel_version, output))
		status = kd_fail(err, KD_SYSTEM, "%s: written, but cannot be described", output);
	kd_initramfs_free(image);
	return status;
}

static void show_line(void *opaque, const struct kd_initramfs_entry *entry)
{
	printf("%06o %9" PRIu64 "  /%s\n", entry->mode, entry->bytes, entry->path);
}

static void show_json(void *opaque, const struct kd_initramfs_entry *entry)
{
	char mode[16];

	snprintf(mode, sizeof(mode), "%06o", entry->mode);
	json_array_append_new(opaque, json_pack("{s:s+,s:s,s:I}", "path", "/", entry->path, "mode",
						mode, "bytes", (json_int_t)entry->bytes));
}

static enum kd_status list(const struct arguments *arguments, struct kd_err *err)
{
	json_t *entries;
	enum kd_status status;

	if (!arguments->json)
		return kd_initramfs_list(arguments->list, show_line, NULL, err);
	entries = json_array();
	status = kd_initramfs_list(arguments->list, show_json, entries, err);
	if (!status) {
		json_dumpf(entries, stdout, JSON_INDENT(2));
		putchar('\n');
	}
	json_decref(entries);
	return status;
}

enum {
	OPTION_CONFIG = 256,
	OPTION_TARGET,
	OPTION_CAPTURE,
	OPTION_BUSYBOX,
	OPTION_VIEW,
	OPTION_ROOT,
	OPTION_LIST,
	OPTION_JSON
};

static const struct option options[] = {
	{"output", required_argument, NULL, 'o'},
	{"kernel-version", required_argument, NULL, 'k'},
	{"verbose", no_argument, NULL, 'v'},
	{"config", required_argument, NULL, OPTION_CONFIG},
	{"target", required_argument, NULL, OPTION_TARGET},
	{"capture-program", required_argument, NULL, OPTION_CAPTURE},
	{"busybox", required_argument, NULL, OPTION_BUSYBOX},
	{"view-program", required_argument, NULL, OPTION_VIEW},
	{"root", required_argument, NULL, OPTION_ROOT},
	{"list", required_argument, NULL, OPTION_LIST},
	{"json", no_argument, NULL, OPTION_JSON},
	{"help", no_argument, NULL, 'h'},
	{NULL, 0, NULL, 0},
};

/* False ends the command, with *done as its exit status. */
static bool parse(const struct kd_command *self, int argc, char **argv, struct arguments *arguments,
		  int *done)
{
	const struct {
		int option;
		const char **text;
		bool *flag;
	} takers[] = {
		{'o', &arguments->output, NULL},
		{'k', &arguments->kernel_version, NULL},
		{'v', NULL, &arguments->verbose},
		{OPTION_CONFIG, &arguments->config, NULL},
		{OPTION_TARGET, &arguments->target, NULL},
		{OPTION_CAPTURE, &arguments->capture, NULL},
		{OPTION_BUSYBOX, &arguments->busybox, NULL},
		{OPTION_VIEW, &arguments->view, NULL},
		{OPTION_ROOT, &arguments->root, NULL},
		{OPTION_LIST, &arguments->list, NULL},
		{OPTION_JSON, NULL, &arguments->json},
	};
	int option;

	while ((option = getopt_long(argc, argv, ":o:k:vh", options, NULL)) != -1) {
		for (size_t i = 0; i < sizeof(takers) / sizeof(*takers); i++) {
			if (takers[i].option == option && takers[i].text)
				*takers[i].text = optarg;
			else if (takers[i].option == option)
				*takers[i].flag = true;
		}
		if (option == 'h')
			*done = kd_command_help(self);
		else if (option == ':')
			*done = kd_command_usage(self, "%s: needs a value", argv[optind - 1]);
		else if (option == '?')
			*done = kd_command_usage(self, "%s: no such option", argv[optind - 1]);
		else
			continue;
		return false;
	}
	if (optind == argc && !(arguments->output && !*arguments->output))
		return true;
	*done = optind < argc ? kd_command_usage(self, "%s: unexpected", argv[optind])
			      : kd_command_usage(self, "-o: an empty file name");
	return false;
}

static int run(const struct kd_command *self, int argc, char **argv)
{
	struct arguments arguments = {0};
	struct kd_config config;
	struct utsname name;
	enum kd_status status;
	struct kd_err err;
	int done;

	if (!parse(self, argc, argv, &arguments, &done))
		return done;
	if (arguments.list)
		return list(&arguments, &err) ? kd_command_failed(&err) : KD_EXIT_DONE;
	if (kd_cmd_set_root(&arguments.system, arguments.root, &err))
		return kd_command_failed(&err);
	if (!arguments.kernel_version) {
		uname(&name);
		arguments.kernel_version = name.release;
	}
	status = read_config(&arguments, &config, &err);
	if (status)
		return kd_command_failed(&err);
	status = build(&arguments, &config, &err);
	kd_config_deinit(&config);
	if (!status)
		return KD_EXIT_DONE;
	kd_command_failed(&err);
	if (status == KD_SYSTEM && geteuid())
		kd_command_hint("looking at block devices takes root");
	return KD_EXIT_FAILED;
}

const struct kd_command kd_cmd_initramfs = {
	.name = "initramfs",
	.synopsis = "[-o FILE] [-k VERSION] [OPTIONS]",
	.summary = "build the initramfs that captures a dump",
	.run = run,
	.options =
		"  -o, --output FILE          the image (default /var/lib/kdump/initrd-VERSION)\n"
		"  -k, --kernel-version V     for this kernel (default: the running one)\n"
		"      --config FILE          instead of /etc/kdump.conf\n"
		"      --target DEVICE        UUID=…, LABEL=… or /dev/…, over the configuration\n"
		"      --capture-program FILE  the static program that becomes /init\n"
		"      --busybox FILE         of the rescue shell, static (default /bin/busybox)\n"
		"      --view-program FILE    the static program that shows it old memory\n"
		"      --root DIR             look at the system whose root is DIR\n"
		"      --list FILE            show what an image holds, build nothing\n"
		"      --json                 print JSON\n"
		"  -v, --verbose              say more\n",
};
