/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * kdump load: our own options, and kexec(8)'s spellings for what is the same, so that a script that
 * calls `kexec -p` can call this. What kexec does and we do not is refused by name.
 */
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/switching.h"
#include "host/file.h"

/* Options without a short form. */
enum {
	OPT_KERNEL = 256,
	OPT_INITRD,
	OPT_NO_INITRD,
	OPT_APPEND,
	OPT_COMMAND_LINE,
	OPT_REUSE,
	OPT_METHOD,
	OPT_BACKUP,
	OPT_IGNORED, /* says what we do anyway */
	OPT_REFUSED,
};

static const struct option options[] = {
	{"kernel", required_argument, NULL, OPT_KERNEL},
	{"initrd", required_argument, NULL, OPT_INITRD},
	{"ramdisk", required_argument, NULL, OPT_INITRD},
	{"no-initrd", no_argument, NULL, OPT_NO_INITRD},
	{"append", required_argument, NULL, OPT_APPEND},
	{"command-line", required_argument, NULL, OPT_COMMAND_LINE},
	{"reuse-cmdline", no_argument, NULL, OPT_REUSE},
	{"method", required_argument, NULL, OPT_METHOD},
	{"backup", required_argument, NULL, OPT_BACKUP},
	{"kexec-file-syscall", no_argument, NULL, 's'},
	{"kexec-syscall", no_argument, NULL, 'c'},
	{"kexec-syscall-auto", no_argument, NULL, 'a'},
	{"unload", no_argument, NULL, 'u'},
	{"load-panic", no_argument, NULL, OPT_IGNORED},
	{"args-linux", no_argument, NULL, OPT_IGNORED},
	{"type", required_argument, NULL, OPT_IGNORED},
	{"debug", no_argument, NULL, 'd'},
	{"help", no_argument, NULL, 'h'},
	/* kexec's, refused: see refusals */
	{"load", no_argument, NULL, OPT_REFUSED},
	{"exec", no_argument, NULL, OPT_REFUSED},
	{"force", no_argument, NULL, OPT_REFUSED},
	{"no-checks", no_argument, NULL, OPT_REFUSED},
	{"no-ifdown", no_argument, NULL, OPT_REFUSED},
	{"no-sync", no_argument, NULL, OPT_REFUSED},
	{"status", no_argument, NULL, OPT_REFUSED},
	{"version", no_argument, NULL, OPT_REFUSED},
	{"reuseinitrd", no_argument, NULL, OPT_REFUSED},
	{"mem-min", required_argument, NULL, OPT_REFUSED},
	{"mem-max", required_argument, NULL, OPT_REFUSED},
	{"entry", required_argument, NULL, OPT_REFUSED},
	{"print-ckr-size", no_argument, NULL, OPT_REFUSED},
	{"load-preserve-context", no_argument, NULL, OPT_REFUSED},
	{"load-jump-back-helper", no_argument, NULL, OPT_REFUSED},
	{"args-elf", no_argument, NULL, OPT_REFUSED},
	{"args-none", no_argument, NULL, OPT_REFUSED},
	{"module", required_argument, NULL, OPT_REFUSED},
	{"dtb", required_argument, NULL, OPT_REFUSED},
	{"elf32-core-headers", no_argument, NULL, OPT_REFUSED},
	{"noefi", no_argument, NULL, OPT_REFUSED},
	{0},
};

static const char short_options[] = ":scaupt:dhlefixySv";

/* The option as a short letter (0: none) and as a long word, and what to do instead. */
static const struct {
	char letter;
	const char *word, *advice;
} refusals[] = {
	{'l', "load", "only kernels for a panic are loaded here; kexec -l loads one for a reboot"},
	{'e', "exec", "a kernel loaded here starts on a panic only; kexec -e reboots into one"},
	{'f', "force", "nothing is started here that could be forced"},
	{'i', "no-checks", "the digests are always checked before the second kernel is entered"},
	{'x', "no-ifdown", "nothing is started here, and no network interface touched"},
	{'y', "no-sync", "nothing is started here, and nothing synced"},
	{'S', "status", "use kdump status"},
	{'v', "version", "use kdump version"},
	{0, "reuseinitrd", "the first initramfs is no longer in memory; name one with --initrd"},
	{0, "mem-min", "the place is chosen within the crashkernel= reservation"},
	{0, "mem-max", "the place is chosen within the crashkernel= reservation"},
	{0, "print-ckr-size", "use kdump status"},
	{0, "elf32-core-headers", "core headers are always ELF64"},
};

static int refuse(const struct kd_command *self, char letter, const char *word)
{
	for (size_t i = 0; i < sizeof(refusals) / sizeof(*refusals); i++)
		if (word ? !strcmp(word, refusals[i].word) : letter == refusals[i].letter)
			return kd_command_usage(self, "--%s: %s", refusals[i].word,
						refusals[i].advice);
	return kd_command_usage(self, "--%s: kexec has this option, kdump load does not", word);
}

/* What was asked; the strings are argv's, but for the absolute paths. */
struct asked {
	struct kd_load_arguments arguments;
	bool unload, verbose;
};

/*
 * The path from the root, symbolic links left as they are (a later `kdump arm` follows them anew),
 * since arm runs from anywhere. NULL without memory or a current folder.
 */
static char *absolute(const char *path)
{
	KD_CLEANUP_FREE char *folder = *path == '/' ? strdup("") : getcwd(NULL, 0);
	char *whole;

	if (!folder || asprintf(&whole, "%s%s%s", folder, *folder ? "/" : "", path) < 0)
		return NULL;
	return whole;
}

static void set(char **text, char *value)
{
	free(*text);
	*text = value;
}

/* -1 to go on, else an exit status. */
static int take_value(const struct kd_command *self, int option, const char *value,
		      struct asked *asked)
{
	struct kd_load_arguments *arguments = &asked->arguments;

	switch (option) {
	case OPT_KERNEL:
		set(&arguments->kernel, absolute(value));
		return -1;
	case OPT_INITRD:
		arguments->no_initrd = false;
		set(&arguments->initrd, absolute(value));
		return -1;
	case OPT_APPEND:
		set(&arguments->append, strdup(value));
		return -1;
	case OPT_COMMAND_LINE:
		set(&arguments->command_line, strdup(value));
		return -1;
	case OPT_METHOD:
		if (kd_load_method_parse(value, &arguments->method))
			return -1;
		return kd_command_usage(self, "--method %s: not one of auto, file, segments",
					value);
	case OPT_BACKUP:
		if (kd_backup_parse(value, &arguments->backup))
			return -1;
		return kd_command_usage(self, "--backup %s: not one of auto, always, never", value);
	}
	return -1;
}

static int take_flag(const struct kd_command *self, int option, struct asked *asked)
{
	switch (option) {
	case OPT_NO_INITRD:
		set(&asked->arguments.initrd, NULL);
		asked->arguments.no_initrd = true;
		return -1;
	case OPT_REUSE:
		asked->arguments.reuse_command_line = true;
		return -1;
	case 's':
		asked->arguments.method = KD_LOAD_FILE;
		return -1;
	case 'c':
		asked->arguments.method = KD_LOAD_SEGMENTS;
		return -1;
	case 'a':
		asked->arguments.method = KD_LOAD_AUTO;
		return -1;
	case 'u':
		asked->unload = true;
		return -1;
	case 'd':
		asked->verbose = true;
		return -1;
	case 'h':
		return kd_command_help(self);
	case OPT_IGNORED:
	case 'p':
	case 't':
		return -1;
	}
	return refuse(self, (char)option, NULL);
}

static int parse(const struct kd_command *self, int argc, char **argv, struct asked *asked)
{
	int option, which = 0, over = -1;

	optind = 1;
	while (over < 0 &&
	       (option = getopt_long(argc, argv, short_options, options, &which)) != -1) {
		if (option == ':')
			return kd_command_usage(self, "%s: needs a value", argv[optind - 1]);
		if (option == '?')
			return kd_command_usage(self, "%s: no such option", argv[optind - 1]);
		if (option == OPT_REFUSED)
			return refuse(self, 0, options[which].name);
		over = optarg && option >= OPT_KERNEL ? take_value(self, option, optarg, asked)
						      : take_flag(self, option, asked);
	}
	if (over >= 0)
		return over;
	if (argc - optind > 1)
		return kd_command_usage(self, "%s: one kernel is enough", argv[optind + 1]);
	if (argc > optind && asked->arguments.kernel)
		return kd_command_usage(self, "%s: --kernel has named one already", argv[optind]);
	if (argc > optind)
		asked->arguments.kernel = absolute(argv[optind]);
	if (asked->arguments.reuse_command_line && asked->arguments.command_line)
		return kd_command_usage(self, "--reuse-cmdline and --command-line: choose one");
	return -1;
}

static int load(const struct kd_command *self, const struct asked *asked)
{
	struct kd_log log = kd_command_log(asked->verbose);
	struct kd_switch machine = {&kd_system_paths, &kd_load_kernel_driver, &log};
	struct kd_switch_result result = {0};
	struct kd_err err = {0};

	if (!kd_cmd_is_root(self->name))
		return KD_EXIT_FAILED;
	if (kd_switch_load(&machine, &asked->arguments, &result, &err)) {
		kd_context(&err, err.status, "%s", self->name);
		return kd_command_failed(&err);
	}
	kd_cmd_say_loaded("loaded", &result);
	kd_switch_result_deinit(&result);
	return KD_EXIT_DONE;
}

static int run(const struct kd_command *self, int argc, char **argv)
{
	struct asked asked = {.arguments = {.method = KD_LOAD_AUTO, .backup = KD_BACKUP_AUTO}};
	int over = parse(self, argc, argv, &asked);

	if (over < 0)
		over = asked.unload ? kd_cmd_unload_now(self->name, asked.verbose)
				    : load(self, &asked);
	kd_load_arguments_deinit(&asked.arguments);
	return over;
}

const struct kd_command kd_cmd_load = {
	.name = "load",
	.synopsis = "[OPTIONS] [KERNEL]",
	.summary = "load the kernel that a panic starts, and arm it",
	.run = run,
	.options =
		"  --kernel FILE            bzImage or vmlinux (default: /boot/vmlinuz-RELEASE)\n"
		"  --initrd FILE            initramfs (default: /var/lib/kdump/initrd-RELEASE,\n"
		"  --ramdisk FILE           which `kdump initramfs` builds)\n"
		"  --no-initrd              load none: the kernel brings its own\n"
		"  --append STRING          add to the command line of the second kernel\n"
		"  --command-line STRING    begin that command line with this\n"
		"  --reuse-cmdline          begin it with the one of the running kernel\n"
		"  --method METHOD          auto, file (kexec_file_load), segments (kexec_load)\n"
		"  -s, --kexec-file-syscall   as --method file\n"
		"  -c, --kexec-syscall        as --method segments\n"
		"  -a, --kexec-syscall-auto   as --method auto\n"
		"  --backup WHEN            back up the first 640 KiB: auto, always, never\n"
		"  -u, --unload             as `kdump unload`\n"
		"  -d, --debug              say more\n"
		"  -p, --load-panic         always so; accepted because kexec has it\n"
		"  -t, --type TYPE          found out from the file; accepted likewise\n"
		"  --args-linux             accepted likewise\n"
		"  -h, --help               print this\n",
};
