/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What load, unload, arm and disarm have in common. */
#ifndef KD_CMD_SWITCHING_H
#define KD_CMD_SWITCHING_H

#include <stdbool.h>

#include "cmd/command.h"
#include "load/switch.h"

/* True for root; else prints why root is needed and returns false. */
bool kd_cmd_is_root(const char *what);

/*
 * Parses a command that has no options of its own. False when it is over: *exit_status is then what
 * run() returns.
 */
bool kd_cmd_no_options(const struct kd_command *self, int argc, char **argv, int *exit_status);

/* "loaded /boot/vmlinuz-… with kexec_load; …" on stdout, and why not the preferred method. */
void kd_cmd_say_loaded(const char *verb, const struct kd_switch_result *result);

typedef enum kd_status kd_cmd_change(const struct kd_switch *machine,
				     struct kd_switch_result *result, struct kd_err *err);

/* Does it, root checked; `what` begins the messages. False: it failed, and that was printed. */
bool kd_cmd_switch(const char *what, bool verbose, kd_cmd_change *change,
		   struct kd_switch_result *result);

/* Unloads and forgets, root checked; `what` begins the messages. Returns an exit status. */
int kd_cmd_unload_now(const char *what, bool verbose);

#endif
