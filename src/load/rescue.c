/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "load/rescue.h"

#include "load/program.h"

enum kd_status kd_rescue_add(const struct kd_initramfs_request *request, struct kd_cpio *cpio,
			     struct kd_modules *modules, struct kd_initramfs_rescue *cost,
			     struct kd_err *err)
{
	bool found = false;
	enum kd_status status = kd_program_add(cpio, "bin/busybox", request->programs.busybox,
					       &cost->busybox_bytes, err);

	if (status)
		return kd_context(err, status,
				  "rescue shell (the package busybox-static has a busybox for it)");
	status = kd_program_add(cpio, "bin/kdump-view", request->programs.view, &cost->view_bytes,
				err);
	if (!status)
		status = kd_modules_want(modules, "fuse", &found, err);
	if (!status && !found)
		status = kd_fail(err, KD_NOTFOUND, "kernel %s has no module fuse",
				 request->kernel_version);
	return status ? kd_context(err, status, "rescue shell") : KD_OK;
}
