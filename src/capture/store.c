/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "capture/store.h"

#include <string.h>

struct kd_part *kd_part(struct kd_capture *capture, const char *name)
{
	struct kd_part *part;

	for (unsigned int i = 0; i < capture->part_count; i++)
		if (!strcmp(capture->parts[i].name, name))
			return &capture->parts[i];
	if (capture->part_count == KD_CAPTURE_PARTS)
		return NULL;
	part = &capture->parts[capture->part_count++];
	*part = (struct kd_part){0};
	snprintf(part->name, sizeof(part->name), "%s", name);
	return part;
}
