/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A command of `kdump`: one file each in src/cmd, one line each in the table of main.c. */
#ifndef KD_CMD_COMMAND_H
#define KD_CMD_COMMAND_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/log.h"

enum { KD_EXIT_DONE = 0, KD_EXIT_FAILED = 1, KD_EXIT_USAGE = 2 };

struct kd_command {
	const char *name;
	const char *synopsis; /* what follows the name in the usage line */
	const char *summary;  /* one line for the list of commands */
	/* argv[0] is the command's name; returns an exit status. */
	int (*run)(const struct kd_command *self, int argc, char **argv);
	const char *options; /* the option list that --help prints, lines of at most 80 columns */
};

/* Prints usage and options of a command on stdout; returns KD_EXIT_DONE. */
int kd_command_help(const struct kd_command *self);

/* Prints "kdump NAME: WHY" and the usage line on stderr; returns KD_EXIT_USAGE. */
int kd_command_usage(const struct kd_command *self, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/*
 * The same for what getopt_long() could not take: '?', or ':' where its letters begin with one and a value is missing. It
 * prints nothing itself: kd_command_run() sees to that.
 */
int kd_command_bad_option(const struct kd_command *self, int option, char **argv);

/* Prints "kdump: WHAT: WHY" (the message of err) on stderr; returns KD_EXIT_FAILED. */
int kd_command_failed(const struct kd_err *err);

/* Prints "kdump: hint: …" on stderr, what a person can do about the failure just printed. */
void kd_command_hint(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* A log that prints on stderr: warnings always, the rest when verbose. */
struct kd_log kd_command_log(bool verbose);

/*
 * A progress line with rate and ETA on stderr, only when that is a terminal. kd_meter_deinit ends
 * the line.
 */
struct kd_meter {
	const char *label;
	uint64_t started_ns, shown_ns;
	bool shown;
};
struct kd_progress kd_meter_init(struct kd_meter *meter, const char *label);
void kd_meter_deinit(struct kd_meter *meter);

extern const struct kd_command kd_cmd_bt;
extern const struct kd_command kd_cmd_locks;
extern const struct kd_command kd_cmd_files;
extern const struct kd_command kd_cmd_mods;
extern const struct kd_command kd_cmd_mounts;
extern const struct kd_command kd_cmd_pages;
extern const struct kd_command kd_cmd_ps;
extern const struct kd_command kd_cmd_regs;
extern const struct kd_command kd_cmd_report;
extern const struct kd_command kd_cmd_initramfs;
extern const struct kd_command kd_cmd_gdb;
extern const struct kd_command kd_cmd_gdbserver;
extern const struct kd_command kd_cmd_info;
extern const struct kd_command kd_cmd_irqs;
extern const struct kd_command kd_cmd_net;
extern const struct kd_command kd_cmd_cmdline;
extern const struct kd_command kd_cmd_config;
extern const struct kd_command kd_cmd_slab;
extern const struct kd_command kd_cmd_timers;
extern const struct kd_command kd_cmd_log;
extern const struct kd_command kd_cmd_mem;
extern const struct kd_command kd_cmd_mount;
extern const struct kd_command kd_cmd_save;
extern const struct kd_command kd_cmd_sym;
extern const struct kd_command kd_cmd_symfile;
extern const struct kd_command kd_cmd_type;
extern const struct kd_command kd_cmd_umount;
extern const struct kd_command kd_cmd_verify;
extern const struct kd_command kd_cmd_version;
extern const struct kd_command kd_cmd_load;
extern const struct kd_command kd_cmd_unload;
extern const struct kd_command kd_cmd_arm;
extern const struct kd_command kd_cmd_disarm;
extern const struct kd_command kd_cmd_status;
extern const struct kd_command kd_cmd_refresh;
extern const struct kd_command kd_cmd_setup;
extern const struct kd_command kd_cmd_estimate;
extern const struct kd_command kd_cmd_doctor;
extern const struct kd_command kd_cmd_rehearse;
extern const struct kd_command kd_cmd_test;
extern const struct kd_command kd_cmd_collect;
extern const struct kd_command kd_cmd_list;
extern const struct kd_command kd_cmd_prune;

#endif
