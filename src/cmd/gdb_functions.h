/* SPDX-License-Identifier: GPL-2.0-or-later */
/* gdb_functions.py, as the build carries it into the program. */
#ifndef KD_CMD_GDB_FUNCTIONS_H
#define KD_CMD_GDB_FUNCTIONS_H

#include <stddef.h>
#include <stdint.h>

extern const uint8_t kd_gdb_functions[];
extern const size_t kd_gdb_functions_bytes;

#endif
