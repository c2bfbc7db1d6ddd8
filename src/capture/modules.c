/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "capture/console.h"
#include "capture/target.h"
#include "config/image.h"
#include "host/file.h"
#include "host/system.h"

enum { LIST_BYTES_MAX = 1 << 20 };

/* The image's list is in dependency order already, and its files are not compressed. */
static void load(struct kd_capture *capture, const char *path)
{
	KD_CLEANUP_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd >= 0 && !syscall(SYS_finit_module, fd, "", 0))
		return;
	if (errno == EEXIST) /* loaded or built in */
		return;
	/* a driver for a CPU feature that this machine lacks says ENODEV; others will do its work */
	kd_say(capture, "module %s: %s", path, strerror(errno));
}

enum kd_status kd_capture_load_list(struct kd_capture *capture, const char *path,
				    struct kd_err *err)
{
	KD_CLEANUP_FREE char *list = NULL;
	enum kd_status status;
	char *rest, *line;
	size_t bytes;

	status = kd_file_read(path, LIST_BYTES_MAX, &list, &bytes, err);
	if (status == KD_NOTFOUND)
		return KD_OK; /* everything is built in */
	if (status)
		return status;
	for (line = strtok_r(list, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
		load(capture, line);
	return KD_OK;
}

enum kd_status kd_capture_load_modules(struct kd_capture *capture, struct kd_err *err)
{
	return kd_capture_load_list(capture, KD_IMAGE_MODULES, err);
}
