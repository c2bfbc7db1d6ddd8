/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The zero test: most memory of most machines is zero. Freestanding. */
#ifndef KD_SAVE_ZERO_H
#define KD_SAVE_ZERO_H

#include <stdbool.h>
#include <stddef.h>

/* True when all bytes are zero. data is aligned to 8 bytes and bytes a multiple of 64. */
bool kd_is_zero(const void *data, size_t bytes);

#endif
