/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * kdump gdb: gdb on a dump.
 *
 * gdb starts the stub itself, as the other end of a pipe, so that nothing listens anywhere, and both end together. What it
 * is told before and after are commands of its own (-ex), ahead of those of the user.
 *
 * To make symbols from the dump takes a while, as gdb does to start, so a process of their own makes them
 * meanwhile, into files without names. The last of them is a script that has gdb read the others: gdb waits for the end of
 * that process, and runs the script, which is empty when something failed.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cmd/dump_input.h"
#include "cmd/gdb_functions.h"
#include "inspect/vmlinux.h"
#include "symfile/symfile.h"
#include "host/file.h"
#include "host/system.h"

enum { COMMAND_BYTES = 4 * PATH_MAX + 128 };

struct request {
	const char *dump, *vmlinux, *debug_folder;
	struct kd_dump_options how;
	char **gdb_arguments; /* NULL-terminated */
	size_t gdb_argument_count;
};

/* What gdb reads besides the dump. What is made for it is in memory, and gone with it. */
struct symbols {
	char path[PATH_MAX]; /* of a vmlinux; "": there is none */
	uint64_t offset;     /* to be added to its addresses */
	int made;            /* symbols that are being made; -1: none are */
	int script;          /* commands that read them, once they are */
	int making;          /* a pipe that ends then */
	int functions;       /* for its Python; -1: none */
};

/* A word for the shell or for gdb, which both take a backslash for what makes the next character a plain one. */
static void quote(const char *word, char *quoted, size_t bytes)
{
	size_t length = 0;

	for (; *word && length + 3 < bytes; word++) {
		unsigned char c = (unsigned char)*word;
		bool plain = c >= 0x80 || (c >= '0' && c <= '9') ||
			     ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || strchr("/._-+,:@%=", c);

		if (!plain)
			quoted[length++] = '\\';
		quoted[length++] = (char)c;
	}
	quoted[length] = '\0';
}

/* A file without a name that gdb inherits: nothing stays behind, however it ends. */
static enum kd_status make_file(const char *what, const void *data, size_t bytes, int *made,
				struct kd_err *err)
{
	KD_CLEANUP_CLOSE int fd = memfd_create(what, 0);
	enum kd_status status;

	if (fd < 0)
		return kd_fail_errno(err, errno, "%s", what);
	status = kd_write_all(fd, data, bytes, what, err);
	if (status)
		return status;
	*made = fd;
	fd = -1;
	return KD_OK;
}

/* The dump's own symbols, at the addresses that they had, for who has no vmlinux. */
static enum kd_status make_symbols(struct kd_kernel *kernel, const struct symbols *symbols,
				   struct kd_err *err)
{
	const struct kd_log log = kd_command_log(false);
	struct kd_buffer file = {.data = NULL};
	struct kd_system *system = NULL;
	char script[128];
	enum kd_status status = kd_system_open(kernel, &system, err);

	if (!status)
		status = kd_symfile_make(system, &log, &file, err);
	if (!status)
		status = kd_write_all(symbols->made, file.data, file.bytes, "symbols", err);
	if (!status) {
		int length = snprintf(script, sizeof(script),
				      "exec-file /proc/self/fd/%d\nsymbol-file /proc/self/fd/%d\n",
				      symbols->made, symbols->made);

		status = kd_write_all(symbols->script, script, (size_t)length, "symbols", err);
	}
	kd_buffer_deinit(&file);
	kd_system_close(system);
	return status;
}

/*
 * Has a process make them while this one becomes gdb. Nobody's child, so that gdb has none that it does not know of.
 */
static enum kd_status begin_symbols(struct kd_kernel *kernel, struct symbols *symbols,
				    struct kd_err *err)
{
	const struct kd_log log = kd_command_log(false);
	int ends[2];
	enum kd_status status = make_file("kdump-symbols", "", 0, &symbols->made, err);
	pid_t child;

	if (!status)
		status = make_file("kdump-commands", "", 0, &symbols->script, err);
	if (status)
		return status;
	if (pipe(ends))
		return kd_fail_errno(err, errno, "a pipe");
	symbols->making = ends[0];
	child = fork();
	if (!child) {
		pid_t maker = fork();

		if (maker < 0)
			status = kd_fail_errno(err, errno, "a process");
		else if (!maker)
			status = make_symbols(kernel, symbols, err);
		if (status)
			kd_log(&log, KD_LOG_WARNING, "gdb gets no symbols: %s", err->text);
		_exit(0);
	}
	close(ends[1]);
	if (child < 0)
		return kd_fail_errno(err, errno, "a process for the symbols");
	waitpid(child, NULL, 0);
	return KD_OK;
}

/* A vmlinux that was named has to be the right one; that there is none to be found is only said. */
static enum kd_status find_symbols(struct kd_kernel *kernel, const struct request *request,
				   struct symbols *symbols, struct kd_err *err)
{
	const struct kd_log log = kd_command_log(false);
	enum kd_status status;

	kd_vmcoreinfo_key(kd_kernel_vmcoreinfo(kernel), "KERNELOFFSET", 16, &symbols->offset, NULL);
	if (request->vmlinux) {
		status = kd_vmlinux_check(kernel, request->vmlinux, err);
		if (status && (status != KD_NOTFOUND || access(request->vmlinux, R_OK)))
			return status;
		if (status)
			kd_log(&log, KD_LOG_WARNING, "%s: not checked: %s", request->vmlinux,
			       err->text);
		if (!realpath(request->vmlinux, symbols->path))
			return kd_fail_errno(err, errno, "%s", request->vmlinux);
		return KD_OK;
	}
	if (!kd_vmlinux_find(kernel, request->debug_folder, symbols->path, NULL))
		return KD_OK;
	if (begin_symbols(kernel, symbols, err))
		kd_log(&log, KD_LOG_WARNING, "gdb gets no symbols: %s", err->text);
	return KD_OK;
}

/* "target remote | kdump gdbserver --stdio -- DUMP" */
static enum kd_status format_target(const struct request *request, const char *path,
				    char command[COMMAND_BYTES], struct kd_err *err)
{
	char self[PATH_MAX], quoted_self[2 * PATH_MAX], quoted_dump[2 * PATH_MAX], base[32] = "";
	ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (length < 0)
		return kd_fail_errno(err, errno, "/proc/self/exe");
	self[length] = '\0';
	/* gdb takes commands by the line */
	if (strpbrk(path, "\r\n") || strpbrk(self, "\r\n"))
		return kd_fail(err, KD_INVALID, "%s: gdb takes no path with a line break", path);
	if (request->how.raw)
		snprintf(base, sizeof(base), "--raw-input=%" PRIx64 " ", request->how.raw_base);
	quote(self, quoted_self, sizeof(quoted_self));
	quote(path, quoted_dump, sizeof(quoted_dump));
	if (snprintf(command, COMMAND_BYTES, "target remote | %s gdbserver --stdio %s-- %s",
		     quoted_self, base, quoted_dump) >= COMMAND_BYTES)
		return kd_fail(err, KD_INVALID, "%s: too long a path", path);
	return KD_OK;
}

/* This process becomes gdb, so that whoever ends or stops the one has the other; returns why that failed. */
static enum kd_status become(const char **words, struct kd_err *err)
{
	char *const *taken; /* by what takes no const, and changes nothing */

	memcpy(&taken, &words, sizeof(taken));
	fflush(NULL);
	execvp(words[0], taken);
	return errno == ENOENT ? kd_fail(err, KD_NOTFOUND, "gdb: there is none in PATH")
			       : kd_fail_errno(err, errno, "gdb");
}

static enum kd_status start(const struct request *request, const struct symbols *symbols,
			    const char *target, struct kd_err *err)
{
	char program[3 * PATH_MAX], load[3 * PATH_MAX], quoted[2 * PATH_MAX], functions[80];
	char wait[80], script[80];
	const bool is_made = symbols->making >= 0, is_there = *symbols->path;
	const char *const commands[] = {
		"set confirm off", /* nothing can be lost */
		/* to open a dump may take longer than the 2 s that gdb waits; the stub's end it sees at once */
		"set remotetimeout 600",
		/* gdb warns where it knows of no program; it still reads all memory from the target */
		is_made    ? wait
		: is_there ? program
			   : NULL,
		is_made    ? script
		: is_there ? load
			   : NULL,
		target,
		symbols->functions >= 0 ? functions : NULL,
		/* resuming one thread, gdb tells which: so it stays there when that is refused */
		"set scheduler-locking on",
	};
	const size_t own = sizeof(commands) / sizeof(*commands);
	KD_CLEANUP_FREE const char **words =
		calloc(2 + 2 * own + request->gdb_argument_count + 1, sizeof(*words));
	size_t count = 0;

	if (!words)
		return kd_fail_errno(err, ENOMEM, "gdb");
	quote(symbols->path, quoted, sizeof(quoted));
	snprintf(program, sizeof(program), "exec-file %s", quoted);
	snprintf(load, sizeof(load), "symbol-file -o 0x%" PRIx64 " %s", symbols->offset, quoted);
	/* cat(1) has nothing to show, in whatever shell */
	snprintf(wait, sizeof(wait), "shell cat /proc/self/fd/%d", symbols->making);
	snprintf(script, sizeof(script), "source /proc/self/fd/%d", symbols->script);
	snprintf(functions, sizeof(functions), "python exec(open('/proc/self/fd/%d').read())",
		 symbols->functions);
	words[count++] = "gdb";
	words[count++] = "-q";
	for (size_t i = 0; i < own; i++)
		if (commands[i]) {
			words[count++] = "-ex";
			words[count++] = commands[i];
		}
	memcpy(words + count, request->gdb_arguments, request->gdb_argument_count * sizeof(*words));
	return become(words, err);
}

/* Returns only when it failed. */
static enum kd_status debug(struct kd_input *input, const struct request *request,
			    struct kd_err *err)
{
	struct symbols symbols = {
		.path = "", .made = -1, .script = -1, .making = -1, .functions = -1};
	const int *const files[] = {&symbols.made, &symbols.script, &symbols.making,
				    &symbols.functions};
	char path[PATH_MAX], target[COMMAND_BYTES];
	enum kd_status status;

	/* gdb may be somewhere else when it starts the stub */
	if (!realpath(input->path, path))
		return kd_fail_errno(err, errno, "%s", input->path);
	status = format_target(request, path, target, err);
	if (!status)
		status = find_symbols(input->kernel, request, &symbols, err);
	if (!status)
		status = make_file("kdump-functions", kd_gdb_functions, kd_gdb_functions_bytes,
				   &symbols.functions, err);
	if (!status)
		status = start(request, &symbols, target, err);
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++)
		if (*files[i] >= 0)
			close(*files[i]);
	return status;
}

/* What follows "--" is gdb's. */
static int parse(const struct kd_command *self, int argc, char **argv, struct request *request)
{
	static const struct option options[] = {
		{"vmlinux", required_argument, NULL, 'v'},
		{"debug-folder", required_argument, NULL, 'd'},
		KD_INPUT_OPTION,
		{0},
	};
	int own = 1, option;

	while (own < argc && strcmp(argv[own], "--"))
		own++;
	request->gdb_arguments = own < argc ? argv + own + 1 : argv + argc;
	request->gdb_argument_count = own < argc ? (size_t)(argc - own - 1) : 0;
	while ((option = getopt_long(own, argv, ":", options, NULL)) != -1) {
		if (option == '?' || option == ':')
			return kd_command_bad_option(self, option, argv);
		if (option == KD_INPUT_RAW && !kd_input_option(&request->how))
			return kd_command_usage(self, "'%s' is not a hexadecimal address", optarg);
		if (option == 'v')
			request->vmlinux = optarg;
		if (option == 'd')
			request->debug_folder = optarg;
	}
	if (own - optind != 1)
		return kd_command_usage(self,
					"exactly one DUMP is needed, gdb's arguments after --");
	request->dump = argv[optind];
	return KD_EXIT_DONE;
}

static int run_gdb(const struct kd_command *self, int argc, char **argv)
{
	struct request request = {.debug_folder = KD_DEBUG_FOLDER};
	struct kd_err err = {0};
	struct kd_input input;
	enum kd_status status;
	int exit_status = parse(self, argc, argv, &request);

	if (exit_status)
		return exit_status;
	if (kd_input_open(&input, request.dump, &request.how, &err))
		return kd_command_failed(&err);
	status = debug(&input, &request, &err);
	kd_input_close(&input);
	kd_command_failed(&err);
	if (!strncmp(err.text, "gdb: ", 5) && status == KD_NOTFOUND)
		kd_command_hint("install gdb: the package has that name");
	return KD_EXIT_FAILED;
}

const struct kd_command kd_cmd_gdb = {
	.name = "gdb",
	.synopsis = "[--vmlinux FILE] [OPTION]... DUMP [-- GDB-ARGS]",
	.summary = "look at a dump with gdb",
	.run = run_gdb,
	.options = "  --vmlinux FILE      the kernel's symbols and types, of the very same build\n"
		   "  --debug-folder DIR  where to look for it: " KD_DEBUG_FOLDER
		   " by default\n" KD_INPUT_HELP,
};
