/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a capture image says of itself, for whoever asks whether it is still the right one. */
#ifndef KD_LOAD_IMAGE_CONTENTS_H
#define KD_LOAD_IMAGE_CONTENTS_H

#include <stdbool.h>

#include "base/err.h"
#include "config/config.h"
#include "load/names.h"

struct kd_image_contents {
	bool is_ours;            /* it has a configuration of ours; else config is empty */
	struct kd_config config; /* the targets as they were found when it was made */
	struct kd_names modules; /* names of files, without what follows ".ko" */
	/* of the kernel that each of them is for; "" where it does not tell */
	struct kd_names releases;
};

/*
 * Reads the image at path, to its end. KD_CORRUPT: damaged; KD_INVALID: a configuration with a mistake; KD_NOTFOUND,
 * KD_SYSTEM, KD_UNSUPPORTED, KD_NOMEM.
 */
enum kd_status kd_image_contents_read(const char *path, struct kd_image_contents *contents,
				      struct kd_err *err);
void kd_image_contents_deinit(struct kd_image_contents *contents);

enum { KD_MODULE_NAME_BYTES = 256 };
/* "a/b/virtio_blk.ko.xz": "virtio_blk.ko"; false when it is no module. */
bool kd_module_file_name(const char *path, char name[KD_MODULE_NAME_BYTES]);

/* The target of a configuration with that name; NULL when there is none. */
const struct kd_config_target *kd_image_target(const struct kd_config *config, const char *name);
/* Whether two targets are reached in the same way, and written at the same place. */
bool kd_image_targets_equal(const struct kd_config_target *a, const struct kd_config_target *b);

#endif
