/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/programs.h"

#include "cmd/beside.h"

void kd_cmd_find_programs(struct kd_cmd_programs *programs)
{
	programs->found = (struct kd_image_programs){
		.capture = kd_find_beside("kdump-capture", "../capture/kdump-capture",
					  KD_CAPTURE_PATH, programs->capture),
		.view = kd_find_beside("kdump-view", "kdump-view", KD_VIEW_PATH, programs->view),
		.busybox = "/bin/busybox",
	};
}
