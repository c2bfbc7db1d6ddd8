/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where the dump will go: a target of the configuration, looked up on the running system. */
#ifndef KD_LOAD_TARGET_H
#define KD_LOAD_TARGET_H

#include "base/err.h"
#include "base/log.h"
#include "config/config.h"
#include "host/paths.h"
#include "load/stack.h"

struct kd_target {
	char *block; /* the block device's kernel name, "vda1" */
	struct kd_config_target
		config;        /* as the second kernel needs it: device, type, path resolved */
	struct kd_stack stack; /* what the device is made of */
};

/*
 * KD_NOTFOUND: no such device, nothing mounted; KD_UNSUPPORTED: a file system that cannot take a dump
 * there; KD_INVALID: what is configured contradicts the device.
 */
enum kd_status kd_target_find(const struct kd_paths *paths, const struct kd_config_target *config,
			      const struct kd_log *log, struct kd_target *target,
			      struct kd_err *err);
void kd_target_deinit(struct kd_target *target);

#endif
