/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command line of the second kernel. */
#ifndef KD_LOAD_COMMAND_LINE_H
#define KD_LOAD_COMMAND_LINE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "load/load.h"

/* What only the method that loads knows. */
struct kd_command_line_needs {
	const char *elfcorehdr; /* "0x2f000000" or with "size@"; NULL: the kernel adds it (file) */
	const char *acpi_rsdp;  /* an address in hex; NULL: not needed */
	size_t limit_bytes;     /* what the kernel takes, the NUL not counted; 0: 2047 */
};

/*
 * Base (given, or the running kernel's less what names the first boot only), then append, then each
 * parameter that a second kernel needs and that is not there yet. *line is allocated. KD_INVALID when
 * it does not fit, KD_SYSTEM, KD_NOMEM.
 */
enum kd_status kd_command_line_make(const struct kd_load_request *request,
				    const struct kd_command_line_needs *needs, char **line,
				    struct kd_err *err);

/*
 * Whether a command line has the parameter NAME or NAME=…, as the kernel reads it: quotes hold blanks together, "-" and "_" are
 * the same, what follows "--" is init's. *value is what follows the "=", of *length bytes, none without.
 */
bool kd_command_line_find(const char *line, const char *name, const char **value, size_t *length);

/*
 * The crashkernel= that counts, without its name: the last one without ",high" or ",low", else the last with ",high"
 * (reserve_crashkernel(), arch/x86/kernel/setup.c; get_last_crashkernel(), kernel/crash_core.c). NULL: there is none.
 */
const char *kd_crashkernel_of(const char *line, size_t *length);

#endif
