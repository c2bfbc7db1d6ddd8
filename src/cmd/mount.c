/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kdump mount: a dump as a folder of files. */
#include <dirent.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "cmd/dump_input.h"
#include "cmd/fuse.h"
#include "host/file.h"
#include "host/system.h"

enum { EXCLUDED = 0x200, CACHE };

struct request {
	struct kd_view_options view;
	struct kd_dump_options how;
	bool foreground;
};

/* Bytes, or with K, M, G or T behind it. */
static bool parse_bytes(const char *text, size_t *bytes)
{
	const char *end;
	uint64_t value;

	if (!kd_text_bytes(text, 10, &value, &end) || *end || !value || value > SIZE_MAX / 2)
		return false;
	*bytes = (size_t)value;
	return true;
}

static int parse(const struct kd_command *self, int argc, char **argv, struct request *request)
{
	static const struct option options[] = {
		{"foreground", no_argument, NULL, 'f'},
		{"excluded", required_argument, NULL, EXCLUDED},
		{"cache", required_argument, NULL, CACHE},
		KD_INPUT_OPTION,
		{0},
	};
	int option;

	while ((option = getopt_long(argc, argv, ":f", options, NULL)) != -1) {
		switch (option) {
		case 'f':
			request->foreground = true;
			break;
		case EXCLUDED:
			if (strcmp(optarg, "zero") && strcmp(optarg, "error"))
				return kd_command_usage(self, "'%s': error or zero", optarg);
			request->view.excluded_is_zero = !strcmp(optarg, "zero");
			break;
		case CACHE:
			if (!parse_bytes(optarg, &request->view.cache_bytes))
				return kd_command_usage(self, "'%s' is no number of bytes", optarg);
			break;
		case KD_INPUT_RAW:
			if (!kd_input_option(&request->how))
				return kd_command_usage(self, "'%s' is not a hexadecimal address",
							optarg);
			break;
		default:
			return kd_command_bad_option(self, option, argv);
		}
	}
	if (argc - optind != 2)
		return kd_command_usage(self, "a DUMP and a DIR are needed");
	return KD_EXIT_DONE;
}

/* NULL, or what would help, with the folder behind it; *err tells why it cannot be. */
static const char *check_folder(const char *path, struct kd_err *err)
{
	DIR *folder = opendir(path);
	KD_CLEANUP_FREE char *absolute = NULL;
	const struct dirent *entry;
	unsigned int entries = 0;

	if (!folder && errno == ENOTCONN) {
		kd_fail(err, KD_SYSTEM, "%s: something is mounted there whose program has ended",
			path);
		return "take it away first: kdump umount";
	}
	if (!folder)
		return kd_fail_errno(err, errno, "%s", path) == KD_NOTFOUND
			       ? "make an empty folder first: mkdir"
			       : "name an empty folder instead of";
	while ((entry = readdir(folder)))
		entries += strcmp(entry->d_name, ".") && strcmp(entry->d_name, "..");
	closedir(folder);
	if (!entries)
		return NULL;
	absolute = realpath(path, NULL);
	if (absolute && kd_fuse_is_mounted(absolute)) {
		kd_fail(err, KD_INVALID, "%s: a dump is mounted there already", path);
		return "name another folder, or take that away first: kdump umount";
	}
	kd_fail(err, KD_INVALID, "%s: not empty", path);
	return "name an empty folder instead of";
}

/* Prints what is in the way; true when nothing is. */
static bool can_mount(const char *folder)
{
	struct kd_err err = {0};
	const char *hint = check_folder(folder, &err);

	if (hint) {
		kd_command_failed(&err);
		kd_command_hint("%s %s", hint, folder);
		return false;
	}
	if (!access("/dev/fuse", F_OK))
		return true;
	kd_fail_errno(&err, errno, "/dev/fuse");
	kd_command_failed(&err);
	kd_command_hint(
		"load the module: modprobe fuse; a container has to be given the device, and the "
		"right to mount");
	return false;
}

/* Leaves the process when it goes to the background. */
static int serve(struct kd_view *view, const struct kd_input *input, const char *folder,
		 bool foreground)
{
	struct kd_err err = {0};
	struct kd_fuse *fuse;
	enum kd_status status = kd_fuse_mount(view, input->path, folder, &fuse, &err);

	if (status) {
		kd_command_failed(&err);
		if (access("/dev/fuse", R_OK | W_OK))
			kd_command_hint("/dev/fuse may not be opened: %s", strerror(errno));
		else
			kd_command_hint(
				"to mount, be root, or install fusermount3 (the package fuse3)");
		return KD_EXIT_FAILED;
	}
	status = kd_fuse_serve(fuse, foreground, &err);
	kd_fuse_unmount(fuse);
	return status ? kd_command_failed(&err) : KD_EXIT_DONE;
}

static int run_mount(const struct kd_command *self, int argc, char **argv)
{
	const struct kd_log log = kd_command_log(false);
	struct request request = {.foreground = false};
	struct kd_err err = {0};
	struct kd_input input;
	struct kd_view *view;
	int exit_status = parse(self, argc, argv, &request);

	if (exit_status)
		return exit_status;
	if (!can_mount(argv[optind + 1]))
		return KD_EXIT_FAILED;
	if (kd_input_open_dump(&input, argv[optind], &request.how, &err))
		return kd_command_failed(&err);
	/* memory can be looked at without a kernel */
	if (kd_input_open_kernel(&input, &err))
		kd_log(&log, KD_LOG_WARNING, "%s: only vmcore and oldmem are there", err.text);
	request.view.log = &log;
	if (kd_view_open(input.dump, input.kernel, &request.view, &view, &err)) {
		kd_input_close(&input);
		return kd_command_failed(&err);
	}
	exit_status = serve(view, &input, argv[optind + 1], request.foreground);
	kd_view_close(view);
	kd_input_close(&input);
	return exit_status;
}

const struct kd_command kd_cmd_mount = {
	.name = "mount",
	.synopsis = "[-f] [--excluded error|zero] [OPTION]... DUMP DIR",
	.summary = "show a dump as a folder of files",
	.run = run_mount,
	.options =
		"  -f, --foreground    stay in the foreground, and print what cannot be had\n"
		"  --excluded error    pages that were left out of the dump are errors (default)\n"
		"  --excluded zero     they are zeros\n"
		"  --cache BYTES       how much of what was made is kept, K, M, G or T behind it;\n"
		"                      32M by default\n" KD_INPUT_HELP,
};
