/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "setup/reservation.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <sys/mman.h>

#include "advise/reservation.h"
#include "base/bytes.h"
#include "host/file.h"
#include "host/system.h"

enum { STEP_BYTES = 16 << 20 };

uint64_t kd_setup_reservation_bytes(uint64_t needed_bytes)
{
	return kd_round_up(needed_bytes, STEP_BYTES);
}

enum kd_status kd_setup_estimate(const struct kd_paths *paths, const char *kernel_version,
				 const struct kd_initramfs *image, const struct kd_config *config,
				 uint64_t *bytes, struct kd_err *err)
{
	/* The estimate reads files, and this image is none yet. */
	KD_CLEANUP_CLOSE int fd = memfd_create("initramfs", MFD_CLOEXEC);
	char kernel[PATH_MAX], initrd[64];
	const struct kd_load_request request = {
		.paths = paths,
		.kernel_path = kd_path(kernel, paths->boot, "vmlinuz-%s", kernel_version),
		.initrd_path = initrd,
		.reuse_command_line = true,
		.cpus = config->cpus,
	};
	struct kd_estimate estimate;
	enum kd_status status;

	if (fd < 0)
		return kd_fail_errno(err, errno, "memfd_create");
	snprintf(initrd, sizeof(initrd), "/proc/self/fd/%d", fd);
	status = kd_write_all(fd, kd_initramfs_data(image), (size_t)kd_initramfs_bytes(image),
			      "memfd", err);
	if (!status)
		status = kd_estimate_reservation(&request, config, &estimate, err);
	if (!status)
		*bytes = estimate.report_bytes;
	return status;
}
