/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How much memory the second kernel of this machine takes: the one place where the set-up asks for it. */
#ifndef KD_SETUP_RESERVATION_H
#define KD_SETUP_RESERVATION_H

#include <stdint.h>

#include "base/err.h"
#include "config/config.h"
#include "host/paths.h"
#include "load/initramfs.h"

/* For this kernel with this image; *bytes is a whole number of MiB. Fails when the kernel cannot be read. */
enum kd_status kd_setup_estimate(const struct kd_paths *paths, const char *kernel_version,
				 const struct kd_initramfs *image, const struct kd_config *config,
				 uint64_t *bytes, struct kd_err *err);

/* What is reserved for that: in steps, so that a module more or less changes nothing. */
uint64_t kd_setup_reservation_bytes(uint64_t needed_bytes);

#endif
