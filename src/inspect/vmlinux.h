/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The vmlinux of a dead kernel among those of this machine: told by its build id, as debug packages place it. */
#ifndef KD_INSPECT_VMLINUX_H
#define KD_INSPECT_VMLINUX_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "kernel/kernel.h"

/* Where debug packages put what they have. */
#define KD_DEBUG_FOLDER "/usr/lib/debug"

enum { KD_BUILD_ID_TEXT_BYTES = 2 * 64 + 1 };

/* The NT_GNU_BUILD_ID among notes, in hexadecimal. False: there is none. */
bool kd_build_id_find(const void *notes, size_t bytes, char id[KD_BUILD_ID_TEXT_BYTES]);
/* The NT_GNU_BUILD_ID of an ELF64 file, in hexadecimal. KD_NOTFOUND, KD_SYSTEM, KD_UNSUPPORTED, KD_TRUNCATED. */
enum kd_status kd_build_id_read(const char *path, char id[KD_BUILD_ID_TEXT_BYTES],
				struct kd_err *err);

/*
 * Whether a file is of that very kernel: KD_INVALID when it is of another, KD_NOTFOUND when one of the two has no build id,
 * or what kd_build_id_read() says.
 */
enum kd_status kd_vmlinux_check(const struct kd_kernel *kernel, const char *path,
				struct kd_err *err);

/*
 * Looks below a folder ("/usr/lib/debug") where debug packages have it: .build-id/xx/….debug, boot/vmlinux-RELEASE,
 * lib/modules/RELEASE/vmlinux; the first that is of this kernel. KD_NOTFOUND tells where it was looked for.
 */
enum kd_status kd_vmlinux_find(const struct kd_kernel *kernel, const char *folder,
			       char path[PATH_MAX], struct kd_err *err);

#endif
