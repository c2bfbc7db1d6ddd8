/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command line of the second kernel. */
#ifndef KD_LOAD_COMMAND_LINE_H
#define KD_LOAD_COMMAND_LINE_H

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

#endif
