/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `kdump`: what is done with dumps, in this program; what is done with this machine, in kdump-machine, which takes over.
 * That one needs libraries for archives, modules, mounts and the journal, whose loading would take longer than most
 * of what is done here.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cmd/beside.h"
#include "cmd/command_table.h"

/* Every command, in the order in which a person meets them, one a line. */
/* clang-format off */
static const struct kd_command *const commands[] = {
	&kd_cmd_report,
	&kd_cmd_info,
	&kd_cmd_log,
	&kd_cmd_ps,
	&kd_cmd_bt,
	&kd_cmd_locks,
	&kd_cmd_regs,
	&kd_cmd_mods,
	&kd_cmd_pages,
	&kd_cmd_mounts,
	&kd_cmd_files,
	&kd_cmd_net,
	&kd_cmd_irqs,
	&kd_cmd_timers,
	&kd_cmd_slab,
	&kd_cmd_cmdline,
	&kd_cmd_config,
	&kd_cmd_mem,
	&kd_cmd_sym,
	&kd_cmd_type,
	&kd_cmd_gdb,
	&kd_cmd_gdbserver,
	&kd_cmd_symfile,
	&kd_cmd_save,
	&kd_cmd_verify,
	&kd_cmd_mount,
	&kd_cmd_umount,
	&kd_cmd_version,
	NULL,
};
/* clang-format on */

static int run_version(const struct kd_command *self, int argc, char **argv)
{
	puts("kdump " KD_VERSION);
	return KD_EXIT_DONE;
}

const struct kd_command kd_cmd_version = {
	.name = "version",
	.synopsis = "",
	.summary = "print the version",
	.run = run_version,
};

/* Becomes kdump-machine; returns when that is not to be had. */
static void become_machine(char **argv)
{
	char path[PATH_MAX];

	execv(kd_find_beside("kdump-machine", "kdump-machine", KD_MACHINE_PATH, path), argv);
}

/* What kdump-machine can do, where it is installed. */
static void list_machine(FILE *stream)
{
	char name[] = "kdump", list[] = KD_LIST_COMMANDS;
	char *argv[] = {name, list, NULL};
	pid_t child;

	fflush(stream);
	child = fork();
	if (!child) {
		if (stream == stderr)
			dup2(STDERR_FILENO, STDOUT_FILENO);
		become_machine(argv);
		_exit(KD_EXIT_FAILED);
	}
	while (child > 0 && waitpid(child, NULL, 0) < 0 && errno == EINTR)
		;
}

static int usage(FILE *stream)
{
	fputs("usage: kdump COMMAND [OPTIONS]\n\n"
	      "Kernel crash dumps, from the panic to the explanation.\n\n",
	      stream);
	list_machine(stream);
	kd_commands_list(commands, stream);
	fputs("\n`kdump COMMAND --help` lists the options of a command; see kdump(1).\n", stream);
	return stream == stdout ? KD_EXIT_DONE : KD_EXIT_USAGE;
}

int main(int argc, char **argv)
{
	const struct kd_command *command;

	if (argc < 2)
		return usage(stderr);
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") || !strcmp(argv[1], "help"))
		return usage(stdout);
	if (!strcmp(argv[1], "--version"))
		return run_version(NULL, 0, NULL);
	command = kd_command_find(commands, argv[1]);
	if (command)
		return kd_command_run(command, argc - 1, argv + 1);
	become_machine(argv);
	fprintf(stderr, "kdump: %s: kdump-machine, which has all commands but those on dumps: %s\n",
		argv[1], strerror(errno));
	return KD_EXIT_FAILED;
}
