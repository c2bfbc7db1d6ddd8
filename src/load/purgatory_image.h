/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The purgatory as the build made it: a flat image whose header is struct kd_purgatory_header. */
#ifndef KD_LOAD_PURGATORY_IMAGE_H
#define KD_LOAD_PURGATORY_IMAGE_H

#include <stddef.h>
#include <stdint.h>

extern const uint8_t kd_purgatory_image[];
extern const size_t kd_purgatory_image_bytes;

#endif
