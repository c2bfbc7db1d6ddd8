/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The configuration that a kernel was built with, as distributions ship it. */
#ifndef KD_LOAD_KCONFIG_H
#define KD_LOAD_KCONFIG_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "host/paths.h"

struct kd_kconfig {
	char *text; /* NULL: not known */
};

/* Reads BOOT/config-VERSION or MODULES/VERSION/config. None of them is not a failure. */
enum kd_status kd_kconfig_read(const struct kd_paths *paths, const char *version,
			       struct kd_kconfig *kconfig, struct kd_err *err);
void kd_kconfig_deinit(struct kd_kconfig *kconfig);

/* The value of an option ("y", "437"; quotes taken off); false when it is not set or not known. */
bool kd_kconfig_get(const struct kd_kconfig *kconfig, const char *option, char value[],
		    size_t bytes);

#endif
