/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <string.h>

#include "cmd/command.h"

/* Every command, in the order in which a person meets them, one a line. */
/* clang-format off */
static const struct kd_command *const commands[] = {
	&kd_cmd_setup,
	&kd_cmd_initramfs,
	&kd_cmd_load,
	&kd_cmd_unload,
	&kd_cmd_arm,
	&kd_cmd_disarm,
	&kd_cmd_status,
	&kd_cmd_refresh,
	&kd_cmd_estimate,
	&kd_cmd_doctor,
	&kd_cmd_rehearse,
	&kd_cmd_test,
	&kd_cmd_collect,
	&kd_cmd_list,
	&kd_cmd_prune,
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
};
/* clang-format on */

enum { COMMAND_COUNT = sizeof(commands) / sizeof(*commands) };

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

static int usage(FILE *stream)
{
	fputs("usage: kdump COMMAND [OPTIONS]\n\n"
	      "Kernel crash dumps, from the panic to the explanation.\n\n",
	      stream);
	for (int i = 0; i < COMMAND_COUNT; i++)
		fprintf(stream, "  %-10s %s\n", commands[i]->name, commands[i]->summary);
	fputs("\n`kdump COMMAND --help` lists the options of a command; see kdump(1).\n", stream);
	return stream == stdout ? KD_EXIT_DONE : KD_EXIT_USAGE;
}

static int run(const struct kd_command *command, int argc, char **argv)
{
	if (argc > 1 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")))
		return kd_command_help(command);
	return command->run(command, argc, argv);
}

int main(int argc, char **argv)
{
	if (argc < 2)
		return usage(stderr);
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") || !strcmp(argv[1], "help"))
		return usage(stdout);
	if (!strcmp(argv[1], "--version"))
		return run_version(NULL, 0, NULL);
	for (int i = 0; i < COMMAND_COUNT; i++)
		if (!strcmp(argv[1], commands[i]->name))
			return run(commands[i], argc - 1, argv + 1);
	fprintf(stderr, "kdump: %s: no such command\n", argv[1]);
	return usage(stderr);
}
