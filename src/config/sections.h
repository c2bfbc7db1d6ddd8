/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a [section] stands for. */
#ifndef KD_CONFIG_SECTIONS_H
#define KD_CONFIG_SECTIONS_H

#include "config/keys.h"

enum { KD_CONFIG_LINE_BYTES = 197 }; /* of a line that can be read */

struct kd_section {
	char kind[32];       /* "target" for each of them */
	void *owner;         /* of its keys: the configuration, or one of its targets */
	unsigned int number; /* 0, or 1 for the first target, … */
};

/* "target NAME" makes that target where there is none yet. KD_INVALID with the nearest name, KD_NOMEM. */
enum kd_status kd_section_find(struct kd_config *config, const char *section,
			       struct kd_section *found, struct kd_err *err);

#endif
