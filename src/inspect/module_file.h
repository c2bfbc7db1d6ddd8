/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The files that the modules of a dead kernel came from, among those of this machine: told by their build ids. */
#ifndef KD_INSPECT_MODULE_FILE_H
#define KD_INSPECT_MODULE_FILE_H

#include "inspect/system.h"
#include "inspect/vmlinux.h"

/* The build id that a module has in memory. KD_NOTFOUND: it was built without; or what reading it says. */
enum kd_status kd_module_build_id(struct kd_system *system, const struct kd_module *module,
				  char id[KD_BUILD_ID_TEXT_BYTES], struct kd_err *err);

/*
 * Looks below a folder ("/usr/lib/debug") where debug packages have it: .build-id/xx/….debug, and NAME.ko or
 * NAME.ko.debug anywhere below lib/modules/RELEASE. KD_NOTFOUND, or what kd_module_build_id() says.
 */
enum kd_status kd_module_file_find(struct kd_system *system, const struct kd_module *module,
				   const char *folder, char path[PATH_MAX], struct kd_err *err);

#endif
