/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What gdb's `monitor` runs here: what gdb itself cannot show of a dead kernel. The commands do not know which thread
 * gdb is at (the protocol does not tell them); they have one of their own, at first the CPU that panicked.
 */
#ifndef KD_GDB_MONITOR_H
#define KD_GDB_MONITOR_H

#include <stdio.h>

#include "gdb/machine.h"
#include "inspect/orc.h"

struct kd_gdb_monitor {
	struct kd_gdb_machine *machine; /* borrowed */
	size_t rank;                    /* of the thread that it is at */
	struct kd_err last_fault;       /* why memory could not be read; status KD_OK: it could */
	bool has_orc;
	struct kd_orc_tables orc; /* once a stack was asked for */
};

void kd_gdb_monitor_init(struct kd_gdb_monitor *monitor, struct kd_gdb_machine *machine);
/* Runs a line; what it has to say, failures too, is printed on out. */
void kd_gdb_monitor_run(struct kd_gdb_monitor *monitor, const char *line, FILE *out);

#endif
