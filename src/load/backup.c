/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "load/backup.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <unistd.h>

#include "host/file.h"
#include "load/memory_map.h"

enum { PAGE_BYTES = 4096, LOW_PAGES = KD_LOW_MEMORY_BYTES / PAGE_BYTES };

/* include/uapi/linux/kernel-page-flags.h and linux/kernel-page-flags.h: stable numbers */
#define KPF_NOPAGE   (UINT64_C(1) << 20)
#define KPF_RESERVED (UINT64_C(1) << 32)

/*
 * Since f1d4d47c5851 (5.13) x86 kernels reserve the whole first megabyte, and /proc/kpageflags has one
 * word of flags for each page.
 */
static bool all_reserved(const struct kd_paths *paths)
{
	char path[PATH_MAX];
	KD_CLEANUP_CLOSE int fd =
		open(kd_path(path, paths->proc, "kpageflags"), O_RDONLY | O_CLOEXEC);
	uint64_t flags[LOW_PAGES];

	if (fd < 0 || pread(fd, flags, sizeof(flags), 0) != sizeof(flags))
		return false;
	for (unsigned int i = 0; i < LOW_PAGES; i++)
		if (!(flags[i] & (KPF_NOPAGE | KPF_RESERVED)))
			return false;
	return true;
}

enum kd_status kd_backup_decide(const struct kd_paths *paths, enum kd_backup policy, bool *back_up,
				struct kd_err *err)
{
	switch (policy) {
	case KD_BACKUP_ALWAYS:
		*back_up = true;
		return KD_OK;
	case KD_BACKUP_NEVER:
		*back_up = false;
		return KD_OK;
	case KD_BACKUP_AUTO:
		*back_up = !all_reserved(paths);
		return KD_OK;
	}
	return kd_fail(err, KD_INVALID, "backup policy %d", (int)policy);
}
