/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A view (view/view.h) as a file system. Only what is behind this knows libfuse. */
#ifndef KD_CMD_FUSE_H
#define KD_CMD_FUSE_H

#include <stdbool.h>

#include "view/view.h"

struct kd_fuse;

/* Whether a dump is mounted at that absolute path, though its program may have ended, and nothing else over it. */
bool kd_fuse_is_mounted(const char *path);

/* Mounts the view at an empty folder; `source`, the dump's path, is what the table of mounts says is mounted. KD_SYSTEM, KD_NOMEM. */
enum kd_status kd_fuse_mount(struct kd_view *view, const char *source, const char *folder,
			     struct kd_fuse **fuse, struct kd_err *err);
/*
 * Answers until it is unmounted or the process is told to end by SIGINT, SIGTERM or SIGHUP; in the background,
 * which the calling process then leaves with status 0, unless foreground is set. KD_SYSTEM.
 */
enum kd_status kd_fuse_serve(struct kd_fuse *fuse, bool foreground, struct kd_err *err);
/* Unmounts it, too, when it still is mounted. */
void kd_fuse_unmount(struct kd_fuse *fuse);

#endif
