/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kdump refresh: what the service and the hooks call. It says what it did, for the journal. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "cmd/programs.h"
#include "cmd/switching.h"
#include "setup/refresh.h"

struct arguments {
	const char *kernel_version;
	bool load, verbose;
};

/* What making an image takes. */
struct making {
	const char *version;
	const struct kd_log *log;
};

static enum kd_status make_image(void *opaque, struct kd_err *err)
{
	static const char *const words[] = {
		[KD_REFRESH_SAME] = "is up to date",
		[KD_REFRESH_CHANGED] = "rebuilt",
		[KD_REFRESH_KEPT] = "kept, for a target that is away",
	};
	const struct making *making = opaque;
	struct kd_cmd_programs programs;
	char path[PATH_MAX];
	struct kd_config config;
	struct kd_initramfs_request request = {
		.paths = &kd_system_paths,
		.kernel_version = making->version,
		.config = &config,
		.log = making->log,
	};
	enum kd_refresh_verdict verdict;
	enum kd_status status = kd_config_init(&config, err);

	if (status)
		return status;
	kd_cmd_find_programs(&programs);
	request.programs = programs.found;
	status = kd_config_read(&config, kd_system_paths.config, err);
	if (status == KD_NOTFOUND)
		status = KD_OK;
	if (!status)
		status = kd_refresh_image(&request, &verdict, err);
	kd_config_deinit(&config);
	if (status)
		return kd_context(err, status, "image for %s", making->version);
	printf("%s: %s\n", kd_refresh_image_path(&kd_system_paths, making->version, path),
	       words[verdict]);
	return KD_OK;
}

/* The running kernel's image, and what is loaded. */
static enum kd_status refresh_all(const struct kd_refresh_maker *maker, const struct kd_log *log,
				  struct kd_err *err)
{
	struct kd_switch machine = {&kd_system_paths, &kd_load_kernel_driver, log};
	struct kd_switch_result result = {0};
	enum kd_status status = kd_refresh_all(&machine, maker, &result, err);

	if (status && result.kernel)
		kd_context(err, status, "what is there was loaded, for no new one could be made");
	if (result.kernel)
		kd_cmd_say_loaded(result.changed ? "loaded" : "is loaded already:", &result);
	kd_switch_result_deinit(&result);
	return status;
}

static int refresh(const struct kd_command *self, const struct arguments *arguments)
{
	struct kd_log log = kd_command_log(arguments->verbose);
	struct making making = {arguments->kernel_version, &log};
	const struct kd_refresh_maker maker = {make_image, &making};
	struct utsname running;
	struct kd_err err = {0};
	enum kd_status status;
	bool loads;

	if (!kd_cmd_is_root(self->name))
		return KD_EXIT_FAILED;
	uname(&running);
	if (!making.version)
		making.version = running.release;
	/* A version that is named is asked for by somebody. */
	if (!arguments->load && !arguments->kernel_version &&
	    !kd_refresh_is_wanted(&kd_system_paths, making.version)) {
		puts("kdump is not set up here (see kdump setup), so nothing was done");
		return KD_EXIT_DONE;
	}
	/* Another kernel's image is for the boot into that one. */
	loads = !strcmp(making.version, running.release) &&
		(arguments->load || kd_refresh_is_armed(&kd_system_paths));
	status = loads ? refresh_all(&maker, &log, &err) : make_image(&making, &err);
	if (!status && !loads && !strcmp(making.version, running.release))
		puts("nothing is to be loaded (see kdump status), so nothing was");
	if (!status)
		return KD_EXIT_DONE;
	kd_context(&err, err.status, "%s", self->name);
	return kd_command_failed(&err);
}

static int run(const struct kd_command *self, int argc, char **argv)
{
	static const struct option options[] = {
		{"load", no_argument, NULL, 'l'},
		{"kernel-version", required_argument, NULL, 'k'},
		{"verbose", no_argument, NULL, 'v'},
		{"help", no_argument, NULL, 'h'},
		{0},
	};
	struct arguments arguments = {0};
	int option;

	optind = 1;
	while ((option = getopt_long(argc, argv, ":k:lvh", options, NULL)) != -1) {
		if (option == 'h')
			return kd_command_help(self);
		if (option == ':')
			return kd_command_usage(self, "%s: needs a value", argv[optind - 1]);
		if (option == '?')
			return kd_command_usage(self, "%s: no such option", argv[optind - 1]);
		arguments.load |= option == 'l';
		arguments.verbose |= option == 'v';
		if (option == 'k')
			arguments.kernel_version = optarg;
	}
	if (optind < argc)
		return kd_command_usage(self, "%s: not understood", argv[optind]);
	if (arguments.kernel_version &&
	    (!*arguments.kernel_version || strchr(arguments.kernel_version, '/')))
		return kd_command_usage(self, "%s: not a kernel version", arguments.kernel_version);
	return refresh(self, &arguments);
}

const struct kd_command kd_cmd_refresh = {
	.name = "refresh",
	.synopsis = "[--load] [-k VERSION]",
	.summary = "rebuild and reload what no longer matches the machine",
	.run = run,
	.options =
		"  -l, --load               load even when disarmed or never loaded: at boot\n"
		"  -k, --kernel-version V   the image of this kernel (default: the running one)\n"
		"  -v, --verbose            say more\n"
		"  -h, --help               print this\n"
		"\nChanges nothing where nothing has changed.\n",
};
