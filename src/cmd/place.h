/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Places in memory as people write and read them. */
#ifndef KD_CMD_PLACE_H
#define KD_CMD_PLACE_H

#include <stdbool.h>
#include <stdint.h>

#include "inspect/system.h"

/*
 * All of a text as a number up to `most`; base 16 with or without 0x, base 0 as C has them. No sign, no blanks before it.
 */
bool kd_number_parse(const char *text, int base, uint64_t most, uint64_t *number);

/*
 * An address whatever symbols there are: none begins with a digit, and none has the 16 hexadecimal digits of a whole
 * address for its name.
 */
bool kd_place_is_address(const char *text, uint64_t *vaddr);

/* "init_task", "init_task+0x10", "0xffffffff81000000", "ffffffff81000000". KD_INVALID, KD_NOTFOUND. */
enum kd_status kd_place_parse(struct kd_system *system, const char *text, uint64_t *vaddr,
			      struct kd_err *err);

#endif
