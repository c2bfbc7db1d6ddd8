/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Places in memory as people write and read them. */
#ifndef KD_CMD_PLACE_H
#define KD_CMD_PLACE_H

#include <jansson.h>

#include "inspect/system.h"

/* "init_task", "init_task+0x10", "0xffffffff81000000", "ffffffff81000000". KD_INVALID, KD_NOTFOUND. */
enum kd_status kd_place_parse(struct kd_system *system, const char *text, uint64_t *vaddr,
			      struct kd_err *err);

#endif
